// SPDX-License-Identifier: GPL-2.0-or-later
// What was signed comes back as it was; what was changed, or is somebody else's, does not.
#include "report/packet.h"

#include "base/printable.h"
#include "tests/unit/report/sample_plan.h"

#include <nlohmann/json.hpp>

namespace pando::report {
namespace {

using test::booted;
using test::packet_of;
using test::sample_plan;

const Key ours = sample_plan().key;

Refusal refusal_of(std::string_view datagram, const Key& key = ours) {
    const auto packet = decode(datagram, key);
    EXPECT_FALSE(packet);
    return packet ? Refusal::version : packet.error();
}

TEST(Packet, ComesBackAsItWas) {
    Report report = booted("n2");
    report.state = State::failed;
    report.stage = {"join", 9, 12, 2, 41, 300, "quorum: 1 of 3 votes", "no quorum\nin time", "start n1", "it reboots"};
    const auto packet = decode(encode(packet_of(report, 'b', 9), &ours), ours);
    ASSERT_TRUE(packet);
    EXPECT_TRUE(packet->is_signed);
    EXPECT_EQ(packet->counter, 9U);
    EXPECT_EQ(packet->time, test::wall);
    EXPECT_EQ(to_text(packet->boot), "62626262-6262-6262-6262-626262626262");
    EXPECT_EQ(boot_id_of(to_text(packet->boot)), packet->boot);
    report.stage.error = "no quorum in time";
    EXPECT_EQ(to_json(packet->report), to_json(report));
}

TEST(Packet, WithoutAKeyIsNotSigned) {
    const auto packet = decode(encode(packet_of({.mac = "52:54:00:00:00:09"}, 'b', 1), nullptr), ours);
    ASSERT_TRUE(packet);
    EXPECT_FALSE(packet->is_signed);
    EXPECT_EQ(packet->report.mac, "52:54:00:00:00:09");
}

TEST(Packet, AnyChangedByteIsRefused) {
    const std::string good = encode(packet_of(booted("n1"), 'b', 1), &ours);
    for (size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        const auto packet = decode(bad, ours);
        // Byte 5 says whether it is signed: without that it has a length that is wrong.
        ASSERT_FALSE(packet) << "byte " << i;
    }
    std::string bad = good;
    bad[60] = static_cast<char>(bad[60] ^ 1);
    EXPECT_EQ(refusal_of(bad), Refusal::forged);
}

TEST(Packet, OfAnotherClusterIsToldFromAForgery) {
    const Key others = sample_plan(std::string(128, 'x')).key;
    EXPECT_EQ(refusal_of(encode(packet_of(booted("n1"), 'b', 1), &others)), Refusal::other_cluster);
    Key forger = others;
    forger.mark = ours.mark;  // it is no secret
    EXPECT_EQ(refusal_of(encode(packet_of(booted("n1"), 'b', 1), &forger)), Refusal::forged);
    // One authkey in two clusters.
    EXPECT_NE(report_key(std::string(128, 'k'), "other")->secret, ours.secret);
}

TEST(Packet, ThatIsNoneIsGarbage) {
    const std::string good = encode(packet_of(booted("n1"), 'b', 1), &ours);
    EXPECT_EQ(refusal_of(""), Refusal::garbage);
    EXPECT_EQ(refusal_of("PNDR"), Refusal::garbage);
    EXPECT_EQ(refusal_of(good + "x"), Refusal::garbage);
    EXPECT_EQ(refusal_of(good.substr(0, good.size() - 1)), Refusal::garbage);
    EXPECT_EQ(refusal_of(std::string(packet_limit + 1, 'P')), Refusal::garbage);
    std::string newer = good;
    newer[4] = 2;
    EXPECT_EQ(refusal_of(newer), Refusal::version);
}

TEST(Packet, NeverGrowsBeyondItsLimit) {
    Report report = booted("n1");
    const std::string quotes(5000, '"'), umlauts = [] {
        std::string text;
        for (int i = 0; i < 3000; ++i) text += "\xc3\xbc";
        return text;
    }();
    report.stage = {"join", 9, 12, 2, 41, 300, quotes, umlauts, quotes, umlauts};
    report.frozen_for = report.fencing = report.fault = report.reboot_keys = report.chroot = quotes;
    const std::string datagram = encode(packet_of(report, 'b', 1), &ours);
    EXPECT_LE(datagram.size(), packet_limit);
    const auto packet = decode(datagram, ours);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->report.node, "n1");
    EXPECT_EQ(packet->report.votes->present, 3U);
    EXPECT_TRUE(is_utf8(packet->report.stage.error));
}

TEST(Packet, BringsNoControlCharacters) {
    Report report = booted("n1");
    report.fault = "\x1b[2Jred\x07";
    const auto packet = decode(encode(packet_of(report, 'b', 1), &ours), ours);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->report.fault, "?[2Jred?");
}

TEST(Report, OfAnUnknownStateIsNone) {
    EXPECT_FALSE(report_of(nlohmann::json::parse(R"({"state": "dancing"})")));
    EXPECT_FALSE(report_of(nlohmann::json::parse("[1]")));
    // Wrong types are as if they were not there.
    const auto odd = report_of(nlohmann::json::parse(R"({"state":"booted","node":7,"votes":[],"generation":-1})"));
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->node, "");
    EXPECT_FALSE(odd->votes);
    EXPECT_EQ(odd->generation, 0U);
}

}  // namespace
}  // namespace pando::report
