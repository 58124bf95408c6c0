// SPDX-License-Identifier: GPL-2.0-or-later
// A cluster of three nodes as collectors know it, and packets of its nodes.
#pragma once

#include "report/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace pando::test {

inline report::Plan sample_plan(const std::string& authkey = std::string(128, 'k')) {
    report::Plan plan;
    plan.cluster = "grove";
    plan.key = *report::report_key(authkey, "grove");
    plan.generation = 7;
    plan.server = "10.0.0.1";
    plan.nodes = {{"n1", 1, "10.0.0.11", "S1"}, {"n2", 2, "10.0.0.12", "S2"}, {"n3", 3, "10.0.0.13", "S3"}};
    return plan;
}

inline report::Report booted(const std::string& node) {
    report::Report report{.node = node, .mac = "52:54:00:00:00:0" + node.substr(1), .serial = "S" + node.substr(1)};
    report.state = report::State::booted;
    report.up = 400;
    report.votes = report::Votes{true, 3, 3, 2};
    report.root = "mounted";
    report.chroot = "ok";
    report.fence_test = 130;
    report.generation = 7;
    return report;
}

constexpr uint64_t wall = 1'800'000'000'000;  // the collector's clock, milliseconds

inline report::Packet packet_of(report::Report report, char boot, uint64_t counter, uint64_t time = wall) {
    report::Packet packet{.counter = counter, .time = time, .report = std::move(report)};
    packet.boot.fill(static_cast<unsigned char>(boot));
    return packet;
}

}  // namespace pando::test
