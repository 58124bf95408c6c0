// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/additions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::cdsl {
namespace {

using testing::HasSubstr;

TEST(Additions, ReadBackWhatWasWritten) {
    std::vector<Rule> rules = {
        {"/srv/odd: # name's \"x\" [é]", Mode::bind, Seed::empty, 01777, "because: it - is #odd", "node:n1"},
        {"/etc/motd", Mode::link, Seed::copy, 0644, "", "all"}};
    for (Rule& rule : rules) rule.declared = declared_root;
    rules[0].required = true;
    const auto read = parse_additions(additions_text(rules));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(*read, rules);
}

TEST(Additions, WrittenByHandNeedPathAndModeOnly) {
    const auto read =
        parse_additions("version: 1\ncdsl:\n  - {path: /srv/x, mode: tmpfs}\n  - {path: /e, mode: link}\n");
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ((*read)[0].seed, Seed::empty);
    EXPECT_EQ((*read)[0].permissions, 0755U);
    EXPECT_EQ((*read)[0].scope, "all");
    EXPECT_EQ((*read)[0].declared, declared_root);
    EXPECT_EQ((*read)[1].seed, Seed::copy);
    EXPECT_EQ((*read)[1].permissions, 0644U);
}

TEST(Additions, RefuseWhatPolicyWouldRefuse) {
    const auto says = [](const std::string& rule) {
        const auto read = parse_additions("version: 1\ncdsl: [" + rule + "]\n");
        return read ? "was accepted" : read.error().what;
    };
    EXPECT_THAT(says("{path: /a/../b, mode: bind}"), HasSubstr("has a .."));
    EXPECT_THAT(says("{path: /.pando/x, mode: bind}"), HasSubstr("nodes' trees"));
    EXPECT_THAT(says("{path: /a, mode: magic}"), HasSubstr("magic is no mode"));
    EXPECT_THAT(says("{path: /a, mode: bind, colour: red}"), HasSubstr("unknown key colour"));
    EXPECT_THAT(says("{path: /a, mode: bind, required: perhaps}"), HasSubstr("true or false"));
    EXPECT_THAT(says("{path: /a, mode: bind, permissions: 888}"), HasSubstr("no octal permissions"));
    EXPECT_THAT(says("{path: /a, mode: bind, scope: n1}"), HasSubstr("scope n1 is not known"));
    EXPECT_THAT(says("{path: /a, mode: link, scope: \"node:n1\"}"), HasSubstr("for every node"));
    EXPECT_THAT(says("{path: /a, mode: bind}, {path: /a/, mode: tmpfs}"), HasSubstr("there twice"));
    EXPECT_THAT(parse_additions("version: 9\ncdsl: []\n").error().what, HasSubstr("has version 9"));
    EXPECT_THAT(parse_additions("a: [").error().what, HasSubstr("policy.yaml: "));
    EXPECT_THAT(parse_additions(std::string(5U << 20U, 'x')).error().what, HasSubstr("longer than"));
}

}  // namespace
}  // namespace pando::cdsl
