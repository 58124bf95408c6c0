// SPDX-License-Identifier: GPL-2.0-or-later
// The commands that write what blades boot with: a description with a mistake writes nothing, and a bundle is where
// blades get it, readable by those who hand it out.
#include "base/file.h"
#include "base/log.h"
#include "cli/program.h"
#include "config/authkey.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <filesystem>
#include <optional>

namespace pando::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class BootFilesCommands : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create(testing::TempDir(), "pando-cli");
        ASSERT_TRUE(made);
        place.emplace(std::move(*made));
        const auto example = read_file(fs::path(TEST_DATA) / "../../docs/examples/cluster.yaml");
        ASSERT_TRUE(example);
        ASSERT_TRUE(write_file_atomic(at("cluster.yaml"), *example));
        ASSERT_TRUE(write_file_atomic(at("bad.yaml"), *example + "\nnoeds: []\n"));
        ASSERT_TRUE(config::make_authkey(at("authkey")));
    }
    int pando(const std::vector<std::string>& arguments) {
        said.clear();
        log::set_sink([&](log::Level, std::string_view line) { said += std::string(line) + "\n"; });
        testing::internal::CaptureStdout();
        const int status = Program().run(arguments);
        (void)fflush(stdout);
        said += testing::internal::GetCapturedStdout();
        log::set_sink(nullptr);
        return status;
    }
    std::string at(const std::string& name) const { return (place->path() / name).string(); }
    unsigned mode_of(const std::string& name) const {
        struct stat st {};
        EXPECT_EQ(lstat(at(name).c_str(), &st), 0) << name;
        return st.st_mode & 07777U;
    }
    std::vector<std::string> files() const {
        return list_directory(place->path()).value_or(std::vector<std::string>());
    }

    std::optional<TemporaryDirectory> place;
    std::string said;
};

TEST_F(BootFilesCommands, ADescriptionWithAMistakeWritesNothing) {
    ASSERT_TRUE(make_directories(at("tree/boot")));
    const auto before = files();
    EXPECT_EQ(pando({"bundle", "make", "--output", at("b"), at("bad.yaml")}), 2);
    EXPECT_THAT(said, HasSubstr("bad.yaml:"));
    EXPECT_THAT(said, HasSubstr("did you mean \"nodes\"?"));
    EXPECT_EQ(pando({"image", "build", "--root", at("tree"), "--cluster", at("bad.yaml"), "--output", at("netboot")}),
              2);
    EXPECT_THAT(said, HasSubstr("did you mean \"nodes\"?"));
    EXPECT_EQ(
        pando({"image", "build", "--root", at("no-tree"), "--cluster", at("cluster.yaml"), "--output", at("netboot")}),
        2);
    EXPECT_THAT(said, HasSubstr("no-tree"));
    EXPECT_EQ(pando({"bundle", "make", at("cluster.yaml")}), 2) << "nowhere to write to";
    EXPECT_EQ(files(), before);
}

TEST_F(BootFilesCommands, TheBundleIsForRootAlone) {
    ASSERT_EQ(pando({"bundle", "make", "--output", at("b"), at("cluster.yaml")}), 0) << said;
    EXPECT_EQ(mode_of("b"), 0600U);
}

}  // namespace
}  // namespace pando::cli
