// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/result.h"

#include <gtest/gtest.h>
#include <memory>

using namespace pando;

namespace {

Result<int> positive(int n) {
    if (n < 0) return bad_input("{} is negative", n).advise("take another");
    return n;
}

Result<std::string> doubled(int n) {
    const int value = TRY(positive(n));
    return std::to_string(2 * value);
}

Result<std::unique_ptr<int>> owned(int n) { return std::make_unique<int>(TRY(positive(n))); }

Result<> checked(int n) {
    (void)TRY(owned(n));
    return {};
}

TEST(ResultTest, HandsAValueOn) { EXPECT_EQ(doubled(2).value_or(""), "4"); }

TEST(ResultTest, HandsAnErrorOnWithItsAdviceAndKind) {
    auto result = doubled(-1);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().what, "-1 is negative");
    EXPECT_EQ(result.error().advice, "take another");
    EXPECT_EQ(result.error().kind, ErrorKind::bad_input);
}

TEST(ResultTest, MovesAValueThatCannotBeCopied) {
    EXPECT_TRUE(checked(1));
    EXPECT_FALSE(checked(-1));
}

TEST(ResultTest, PutsContextInFrontAndKeepsTheRest) {
    const Error inner = fail_errno(ENOENT, "opening {}", "/x").kind(ErrorKind::timeout).advise("look").error();
    const Error outer = inner.context("reading cluster.yaml");
    EXPECT_EQ(outer.what, "reading cluster.yaml: opening /x: No such file or directory");
    EXPECT_EQ(outer.sys, ENOENT);
    EXPECT_EQ(outer.kind, ErrorKind::timeout);
    EXPECT_EQ(outer.advice, "look");
}

}  // namespace
