// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/bundle_base.h"

#include "base/file.h"
#include "cli/bundle_files.h"
#include "tests/unit/config/sample.h"

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

struct BundleFiles : testing::Test {
    TemporaryDirectory place = std::move(*TemporaryDirectory::create("/tmp", "pando-get"));
    std::filesystem::path directory = place.path() / "grove", templates = directory / "templates";
    config::Bundle fetched = bundle(5, sample);

    void get() {
        const auto written = write_bundle_files(fetched, directory);
        ASSERT_TRUE(written) << written.error().what;
    }
    std::string text_of(const char* name) const { return read_file(templates / name).value_or("(none)"); }
};

TEST_F(BundleFiles, TemplatesThatTheBundleNoLongerHasDoNotComeBack) {
    fetched.files["template.hosts"] = "{{nodes}}\n";
    fetched.files["template.dlm.conf"] = "## without {{post_join_delay}} {{devices}}\n";
    get();
    EXPECT_EQ(text_of("hosts.in"), "{{nodes}}\n");
    ASSERT_TRUE(write_file_atomic(templates / "README", "ours"));
    ASSERT_TRUE(write_file_atomic(templates / "hosts.in.old", "ours"));
    fetched.files.erase("template.hosts");
    get();
    EXPECT_EQ(text_of("hosts.in"), "(none)");
    EXPECT_EQ(text_of("README"), "ours");
    EXPECT_EQ(text_of("hosts.in.old"), "ours");
    const auto again = config::make_bundle(directory / "cluster.yaml", 6);
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(again->files, fetched.files);
}

// It is how one mends it.
TEST_F(BundleFiles, ATemplateOfAnotherVersionIsFetchedAsItIs) {
    fetched.files["template.hosts"] = "{{of another version}}\n";
    get();
    EXPECT_EQ(text_of("hosts.in"), "{{of another version}}\n");
    EXPECT_FALSE(config::make_bundle(directory / "cluster.yaml", 6));
}

TEST_F(BundleFiles, TheDescriptionComesBehindItsTemplates) {
    fetched.files["template.hosts"] = "{{nodes}}\n";
    ASSERT_TRUE(make_directories(directory));
    ASSERT_TRUE(write_file_atomic(templates, "in the way of the directory"));
    EXPECT_FALSE(write_bundle_files(fetched, directory));
    EXPECT_FALSE(std::filesystem::exists(directory / "cluster.yaml"));
}

}  // namespace
}  // namespace pando::test
