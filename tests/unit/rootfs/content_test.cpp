// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/content.h"

#include "base/file.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::rootfs;
using ::testing::HasSubstr;

namespace {

Deadline soon() { return Deadline::after(std::chrono::seconds(60)); }

class ContentTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create(::testing::TempDir(), "content");
        ASSERT_TRUE(made);
        tree.emplace(std::move(*made));
        ASSERT_TRUE(make_directories(root() / ".pando"));
        ASSERT_TRUE(make_directories(root() / "usr/bin"));
        for (int i = 0; i < 500; ++i)
            ASSERT_TRUE(
                write_file_atomic(root() / "usr/bin" / fmt::format("file{:03}", i), fmt::format("content {}", i)));
        std::filesystem::create_symlink("file000", root() / "usr/bin/link");
    }
    const std::filesystem::path& root() const { return tree->path(); }
    std::optional<TemporaryDirectory> tree;
};

}  // namespace

TEST_F(ContentTest, WhatWasSurveyedVerifies) {
    const auto content = survey(root(), "k1");
    ASSERT_TRUE(content) << content.error().what;
    EXPECT_EQ(content->files, 500U);
    EXPECT_GE(content->sample.size(), 200U);
    ASSERT_TRUE(write_file_atomic(root() / content_file, content->to_json()));
    const auto verified = verify_content(root(), soon());
    ASSERT_TRUE(verified) << verified.error().what;
    EXPECT_EQ(verified->key, "k1");
    EXPECT_EQ(verified->sample, content->sample);
}

TEST_F(ContentTest, ChangedOrMissingFileOfTheSampleIsNamed) {
    const auto content = survey(root(), "k1");
    ASSERT_TRUE(content);
    ASSERT_TRUE(write_file_atomic(root() / content_file, content->to_json()));
    const auto victim = root() / content->sample.begin()->first;
    ASSERT_TRUE(write_file_atomic(victim, "something else"));
    auto verified = verify_content(root(), soon());
    ASSERT_FALSE(verified);
    EXPECT_THAT(verified.error().what, HasSubstr(victim.filename().string()));
    std::filesystem::remove(victim);
    EXPECT_FALSE(verify_content(root(), soon()));
}

TEST_F(ContentTest, TreeWithoutOrWithABrokenDescriptionDoesNotVerify) {
    EXPECT_FALSE(verify_content(root(), soon()));
    for (const char* text : {"", "{", "[]", "{\"key\":1}", R"({"key":"a","files":1,"bytes":1,"sample":{}})"}) {
        ASSERT_TRUE(write_file_atomic(root() / content_file, text));
        EXPECT_FALSE(verify_content(root(), soon())) << text;
    }
}

TEST_F(ContentTest, ChecksumOfATreeSeesContentModeAndLinks) {
    const auto before = tree_checksum(root());
    ASSERT_TRUE(before);
    EXPECT_EQ(*before, *tree_checksum(root()));
    std::filesystem::permissions(root() / "usr/bin/file001", std::filesystem::perms::owner_all);
    const auto mode = tree_checksum(root());
    EXPECT_NE(*before, *mode);
    ASSERT_TRUE(write_file_atomic(root() / "usr/bin/file002", "x"));
    const auto text = tree_checksum(root());
    EXPECT_NE(*mode, *text);
    std::filesystem::remove(root() / "usr/bin/link");
    std::filesystem::create_symlink("file001", root() / "usr/bin/link");
    EXPECT_NE(*text, *tree_checksum(root()));
}

TEST_F(ContentTest, SampleIsNotReadAfterTheDeadline) {
    const auto content = survey(root(), "k1");
    ASSERT_TRUE(content);
    ASSERT_TRUE(write_file_atomic(root() / content_file, content->to_json()));
    const auto verified = verify_content(root(), Deadline::after(Milliseconds(0)));
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().kind, ErrorKind::timeout);
}

TEST_F(ContentTest, DamagedFileOfTheInstallationIsAnErrorWithAdvice) {
    EXPECT_FALSE(verify_installed(root(), "k1")) << "there is none";
    for (const char* text : {"", "{", "[]", "null", "\"k1\"", "{}", R"({"key":1})", R"({"key":"k2"})"}) {
        ASSERT_TRUE(write_file_atomic(root() / installed_file, text));
        const auto verified = verify_installed(root(), "k1");
        ASSERT_FALSE(verified) << text;
        EXPECT_THAT(verified.error().what, HasSubstr(installed_file));
        EXPECT_FALSE(verified.error().advice.empty());
    }
    ASSERT_TRUE(write_file_atomic(root() / installed_file, R"({"key":"k1","files":3})"));
    EXPECT_TRUE(verify_installed(root(), "k1"));
}
