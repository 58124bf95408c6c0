// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/running.h"

#include "tests/unit/config/sample.h"

namespace pando::test {
namespace {

using namespace nodes;
using testing::HasSubstr;

// n1 is a member, n2 is off.
Now one_runs() {
    Now now;
    now.cluster = *load(sample);
    now.quorum = initrd::Quorum{.quorate = true, .votes = 1, .needed = 1, .expected = 2, .members = {1}};
    return now;
}

Error refused(const Now& now, const std::string& text) {
    const auto cluster = load(text);
    EXPECT_TRUE(cluster) << cluster.error().what;
    const auto verdict = refuse_change_of_running(now, *cluster);
    EXPECT_FALSE(verdict) << "taken:\n" << text;
    return verdict ? Error{} : verdict.error();
}

const std::string n1_entry =
    sample.substr(sample.find("  - name: n1"), sample.find("  - name: n2") - sample.find("  - name: n1"));

TEST(Running, WhatDoesNotConcernThemIsTaken) {
    EXPECT_TRUE(refuse_change_of_running(one_runs(), *load(sample)));
    EXPECT_TRUE(refuse_change_of_running(one_runs(), *load(with("ip: 10.0.0.101", "ip: 10.0.0.111"))));
    EXPECT_TRUE(refuse_change_of_running(one_runs(), *load(sample.substr(0, sample.find("  - name: n2")))))
        << "n2 is off";
}

TEST(Running, AMemberKeepsItsNameIdAndAddress) {
    const Now now = one_runs();
    EXPECT_THAT(refused(now, with(n1_entry, "")).what, HasSubstr("n1 would be removed"));
    EXPECT_THAT(refused(now, with(n1_entry, "")).advice, HasSubstr("pando node remove n1"));
    EXPECT_THAT(refused(now, with("name: n1", "name: oak")).advice, HasSubstr("pando node rename n1 oak"));
    EXPECT_THAT(refused(now, with("id: 1", "id: 7")).what, HasSubstr("n1 would get the id 7"));
    EXPECT_THAT(refused(now, with("10.0.0.11/24", "10.0.0.21/24")).what, HasSubstr("10.0.0.21"));
}

TEST(Running, OneThatBootsIsLikeAMember) {
    Now now = one_runs();
    now.quorum.reset();
    EXPECT_TRUE(refuse_change_of_running(now, *load(with(n1_entry, "")))) << "nothing runs";
    config::Claim claim;
    claim.id = 1;
    claim.boot = "boot";
    now.claims = {claim};
    now.alive["boot"] = true;
    EXPECT_THAT(refused(now, with(n1_entry, "")).what, HasSubstr("n1"));
}

// `bundle write --dry-run` asks here; what a node that runs does not read would not fence it.
TEST(Running, SbdIsNotChangedUnderThem) {
    const std::string with_sbd = with("  transport: iscsi", "  transport: iscsi\n  sbd: true");
    const Error switched_on = refused(one_runs(), with_sbd);
    EXPECT_THAT(switched_on.what, HasSubstr("fenced by sbd in another way"));
    EXPECT_THAT(switched_on.advice, HasSubstr("pando bundle write --lun DEVICE"));
    EXPECT_THAT(switched_on.advice, HasSubstr("pando image build"));

    Now now = one_runs();
    now.cluster = *load(with_sbd);
    EXPECT_TRUE(refuse_change_of_running(now, *load(with_sbd)));
    EXPECT_TRUE(refuse_change_of_running(now, *load(sample))) << "it may be switched off";
    const std::string slower = with("boot:", "watchdog: {timeout: 45s}\nboot:", with_sbd);
    EXPECT_THAT(refused(now, slower).advice, testing::Not(HasSubstr("image"))) << "its programs are there";
    now.quorum.reset();
    EXPECT_TRUE(refuse_change_of_running(now, *load(slower))) << "nobody runs";
}

}  // namespace
}  // namespace pando::test
