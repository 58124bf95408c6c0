// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/grouped.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace pando::nodes {
namespace {

Answer said(const std::string& node, const std::string& out, int status = 0, const std::string& err = "") {
    return {.node = node, .status = status, .out = out, .err = err, .trouble = ""};
}
Answer not_reached(const std::string& node) {
    return {.node = node, .status = std::nullopt, .out = "", .err = "", .trouble = "Connection refused"};
}

TEST(Grouped, WhoSaysTheSameStandsTogether) {
    const auto groups = grouped({said("n1", "6.1\n"), said("n2", "5.10\n"), said("n3", "6.1\n"), not_reached("n4"),
                                 said("n5", "", 3, "no such file"), not_reached("n6")});
    EXPECT_EQ(to_text(groups),
              "--- n[1,3] (2 nodes)\n6.1\n--- n2\n5.10\n--- n[4,6] (2 nodes): NOT DONE: Connection refused\n"
              "--- n5: status 3\nno such file\n");
    const auto json = nlohmann::json::parse(to_json(groups));
    EXPECT_EQ(json.at(0).at("nodes"), (std::vector<std::string>{"n1", "n3"}));
    EXPECT_EQ(json.at(2).at("trouble"), "Connection refused");
    EXPECT_FALSE(json.at(2).contains("status"));
    EXPECT_EQ(json.at(3).at("status"), 3);
}

TEST(Grouped, StatusIsThatOfWhoFailed) {
    EXPECT_EQ(status_of({said("n1", ""), said("n2", "")}), 0);
    EXPECT_EQ(status_of({said("n1", ""), said("n2", "", 3)}), 3);
    EXPECT_EQ(status_of({said("n1", "", 1), said("n2", "", 3)}), 3);
    EXPECT_EQ(status_of({said("n1", "", 1), not_reached("n2")}), 255);
    EXPECT_EQ(status_of({}), 0);
}

TEST(Grouped, WhatIsNoTextIsStillJson) {
    EXPECT_NO_THROW(nlohmann::json::parse(to_json(grouped({said("n1", "\xff\xfe")}))));
}

}  // namespace
}  // namespace pando::nodes
