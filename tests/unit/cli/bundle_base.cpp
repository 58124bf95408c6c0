// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/bundle_base.h"

#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::test {
namespace {

using namespace cli;
using testing::HasSubstr;

config::Bundle bundle(uint64_t generation, const std::string& yaml) {
    return {"grove", generation, {{"cluster.yaml", yaml}, {"authkey", std::string(256, 'k')}}};
}

TEST(BundleBase, WhatWasFetchedIsRemembered) {
    const auto place = TemporaryDirectory::create("/tmp", "pando-base");
    ASSERT_TRUE(place);
    const auto none = read_base(place->path());
    ASSERT_TRUE(none);
    EXPECT_FALSE(none->has_value());
    ASSERT_TRUE(write_base(place->path(), bundle(5, "a")));
    const auto base = read_base(place->path());
    ASSERT_TRUE(base && base->has_value());
    EXPECT_EQ((*base)->generation, 5U);
    EXPECT_EQ((*base)->files.at("cluster.yaml"), "a");
    ASSERT_TRUE(write_file_atomic(place->path() / base_file, "torn", 0600));
    const auto torn = read_base(place->path());
    ASSERT_FALSE(torn);
    EXPECT_THAT(torn.error().advice, HasSubstr("pando bundle get"));
}

TEST(BundleBase, WhatSomebodyElseWroteMeanwhileIsNotUndoneUnasked) {
    EXPECT_TRUE(refuse_if_stale(bundle(5, "a"), bundle(5, "a")));
    EXPECT_TRUE(refuse_if_stale(bundle(5, "a"), bundle(7, "a"))) << "it was taken back";
    const auto refused = refuse_if_stale(bundle(5, "a"), bundle(6, "b"));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("generation 5"));
    EXPECT_THAT(refused.error().what, HasSubstr("generation 6"));
    EXPECT_FALSE(refuse_if_stale(bundle(5, "a"), bundle(5, "b"))) << "the same number on another LUN";
}

}  // namespace
}  // namespace pando::test
