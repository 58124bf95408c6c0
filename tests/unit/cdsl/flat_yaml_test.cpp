// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/flat_yaml.h"

#include "cdsl/additions.h"
#include "cdsl/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::cdsl {
namespace {

using testing::HasSubstr;

TEST(FlatYaml, ReadsWhatPandoWritesLineByLineAndAsYamlCppWould) {
    Inventory inventory{builtin_policy(), {"/srv/data", "/opt/more"}};
    inventory.rules.push_back(
        {"/srv/with space: and #2", Mode::bind, Seed::copy, 0700, "say \"why\" \\ not", "node:n1"});
    for (const std::string& text : {inventory_text(inventory), inventory_text({}), additions_text(inventory.rules)}) {
        const auto plain = read_plain_lines(text);
        const auto other = read_by_yaml_cpp(text);
        ASSERT_TRUE(plain) << "left to the slow reader:\n" << text.substr(0, 400);
        ASSERT_TRUE(other) << other.error().what;
        EXPECT_EQ(*plain, *other);
    }
}

TEST(FlatYaml, ReadsWhatPeopleWrite) {
    const auto document = read_flat_yaml(
        "version: 1   # of the file\nrules: [{path: /a, why: 'it''s'}, {path: /b}]\nmore:\n- /x\n- \"\\x41\"\n");
    ASSERT_TRUE(document) << document.error().what;
    EXPECT_EQ(*document->top.find("version"), "1");
    ASSERT_EQ(document->list("rules")->size(), 2U);
    EXPECT_EQ(*document->list("rules")->front().find("why"), "it's");
    EXPECT_EQ(*document->list("more")->at(1).find(""), "A");
    EXPECT_EQ(document->list("none"), nullptr);
}

// What could be read wrongly line by line is left to yaml-cpp.
TEST(FlatYaml, LeavesToYamlCppWhatCouldMeanSomethingElse) {
    for (const char* text : {"a: b # comment\n",
                             "a: b: c\n",
                             "a: 'b'\n",
                             "a: null\n",
                             "a: ~\n",
                             "a:\nb: c\n",
                             "a:\n",
                             "a: [b]\n",
                             "a: {}\n",
                             "a: b\n  more\n",
                             "a:\n  - b\n   - c\n",
                             "a:\n  - b: c\n      more\n",
                             "a: |\n  x\n",
                             "a: b",
                             "a: b\r\n",
                             "a: \"\\n\"\n",
                             "a: \"b\"c\n",
                             "a: \xc3\xa9\n",
                             "--- \na: b\n",
                             "a: b\na: c\n",
                             "a: &x b\n",
                             "a: *x\n",
                             "a: !!str b\n",
                             "A: b\n",
                             "\"a\": b\n",
                             "a: b \n",
                             "a:  b\n",
                             "  - a\n",
                             "    a: b\n",
                             "a:\n  -  b\n",
                             ""})
        EXPECT_FALSE(read_plain_lines(text)) << text;
}

TEST(FlatYaml, RefusesWhatIsDeeperOrTwice) {
    const auto says = [](const char* text) {
        const auto document = read_flat_yaml(text);
        if (!document) {
            EXPECT_EQ(document.error().kind, ErrorKind::bad_input);
        }
        return document ? std::string("was accepted") : document.error().what;
    };
    EXPECT_THAT(says("a: b\na: c\n"), HasSubstr("line 2: a is there twice"));
    EXPECT_THAT(says("a:\n  - b: 1\n    b: 2\n"), HasSubstr("b is there twice"));
    EXPECT_THAT(says("a:\n  - b: [1]\n"), HasSubstr("b is not a single value"));
    EXPECT_THAT(says("a:\n  - [1]\n"), HasSubstr("line 2: is neither a value nor a map"));
    EXPECT_THAT(says("a: {b: c}\n"), HasSubstr("a is neither a value nor a list"));
    EXPECT_THAT(says("- a\n"), HasSubstr("is not a map"));
    EXPECT_THAT(says(""), HasSubstr("is not a map"));
    EXPECT_THAT(says("a: \xff\n"), HasSubstr("is not UTF-8"));
    EXPECT_THAT(says("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["), testing::Not("was accepted"));
}

}  // namespace
}  // namespace pando::cdsl
