// SPDX-License-Identifier: GPL-2.0-or-later
// A small cluster that is right, and the same with one thing changed: what a test of one mistake needs.
#pragma once

#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace pando::test {

inline const std::string sample = R"(cluster:
  name: grove
storage:
  transport: iscsi
  iscsi:
    portals: [10.0.0.1]
    target: iqn.2026-01.org.example:root
boot:
  server: 10.0.0.1
  interface: eth0
  subnet: 10.0.0.0/24
nodes:
  - name: n1
    id: 1
    machine: {uuid: 4c4c4544-0042-3510-8052-b4c04f4a3131}
    nics:
      - {name: lan0, mac: "52:54:00:00:00:01", address: 10.0.0.11/24}
    fence:
      - {agent: fence_ipmilan, options: {ip: 10.0.0.101}}
  - name: n2
    id: 2
    machine: {uuid: 4c4c4544-0042-3510-8052-b4c04f4a3132}
    nics:
      - {name: lan0, mac: "52:54:00:00:00:02", address: 10.0.0.12/24}
    fence:
      - {agent: fence_ipmilan, options: {ip: 10.0.0.102}}
)";

// The sample with the first `old` replaced.
inline std::string with(const std::string& old, const std::string& fresh, std::string text = sample) {
    const size_t at = text.find(old);
    EXPECT_NE(at, std::string::npos) << old << " is not in the sample";
    return at == std::string::npos ? text : text.replace(at, old.size(), fresh);
}

inline Result<config::Cluster> load(const std::string& text) { return config::load_text(text, "cluster.yaml"); }

// The complaints about a text; empty, and a failed test, when it is accepted.
inline std::string complaints(const std::string& text) {
    const auto cluster = load(text);
    if (cluster) {
        ADD_FAILURE() << "accepted:\n" << text;
        return {};
    }
    EXPECT_EQ(cluster.error().kind, ErrorKind::bad_input);
    EXPECT_FALSE(cluster.error().advice.empty());
    EXPECT_THAT(cluster.error().what, testing::MatchesRegex("cluster.yaml:[0-9]+:[0-9]+: .*"));
    return cluster.error().what;
}

inline size_t count_of(const std::string& text, const std::string& part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

}  // namespace pando::test
