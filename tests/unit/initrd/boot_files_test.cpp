// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/boot_files.h"

#include "base/file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <optional>

using namespace pando;
using namespace pando::initrd;
using ::testing::UnorderedElementsAre;
namespace fs = std::filesystem;

namespace {

class BootFiles : public ::testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create(::testing::TempDir(), "boot-files");
        ASSERT_TRUE(made);
        output.emplace(std::move(*made));
    }
    // As a build does it; every file says which build it is of.
    std::string build(const std::string& what) {
        const auto work = TemporaryDirectory::create(at(""), ".work");
        EXPECT_TRUE(work);
        const fs::path directory = work->path() / "set";
        EXPECT_TRUE(make_directories(directory));
        for (const char* name : {"vmlinuz", "pando.img"}) EXPECT_TRUE(write_file_atomic(directory / name, what));
        const auto set = set_of(directory, "script");
        EXPECT_TRUE(set) << set.error().what;
        EXPECT_TRUE(write_file_atomic(directory / "boot.ipxe", *set));
        const auto published = publish_set(directory, at(""), *set);
        EXPECT_TRUE(published) << published.error().what;
        return *set;
    }
    fs::path at(const std::string& name) const { return output->path() / name; }
    std::string get(const fs::path& name) const { return read_file(output->path() / name).value_or("(none)"); }
    void expect_current(const std::string& what, const std::string& set) const {
        for (const char* name : {"vmlinuz", "pando.img"}) {
            EXPECT_EQ(get(name), what) << name;
            EXPECT_EQ(get(fs::path(set) / name), what) << name;
        }
        EXPECT_EQ(get("boot.ipxe"), set);
    }
    std::vector<std::string> sets() const {
        auto names = list_directory(at("sets")).value_or(std::vector<std::string>());
        for (auto& name : names) name = "sets/" + name;
        return names;
    }
    std::optional<TemporaryDirectory> output;
};

}  // namespace

TEST_F(BootFiles, NamesOfTheOutputLeadToTheCurrentSet) {
    expect_current("one", build("one"));
    expect_current("two", build("two"));
    const auto names = list_directory(at(""));
    ASSERT_TRUE(names);
    for (const auto& name : *names) EXPECT_FALSE(name.starts_with(".work")) << name;
}

TEST_F(BootFiles, AllOfThemChangeInOneRename) {
    const auto one = build("one");
    // What a server has open, or a blade was told, is one directory.
    const auto before = fs::read_symlink(at("current"));
    const auto two = build("two");
    EXPECT_EQ(before, one);
    EXPECT_EQ(fs::read_symlink(at("current")), two);
    for (const char* name : {"vmlinuz", "pando.img", "boot.ipxe"})
        EXPECT_EQ(fs::read_symlink(at(name)), fs::path("current") / name);
}

TEST_F(BootFiles, ABladeThatHasTheScriptFindsItsSetAfterTheNextBuild) {
    const auto one = build("one");
    const auto two = build("two");
    EXPECT_EQ(get(fs::path(one) / "pando.img"), "one");
    const auto three = build("three");
    EXPECT_THAT(sets(), UnorderedElementsAre(two, three));
}

TEST_F(BootFiles, TheSameBuildAgainRemovesNothingAndUndoesChanges) {
    const auto one = build("one");
    const auto two = build("two");
    ASSERT_TRUE(write_file_atomic(at(two) / "pando.img", "replaced"));
    fs::remove(at("vmlinuz"));
    ASSERT_TRUE(write_file_atomic(at("vmlinuz"), "by hand"));
    EXPECT_EQ(build("two"), two);
    expect_current("two", two);
    EXPECT_THAT(sets(), UnorderedElementsAre(one, two));
}

TEST_F(BootFiles, FilesOfAnOlderPandoGiveWay) {
    for (const char* name : {"vmlinuz", "pando.img", "boot.ipxe"}) ASSERT_TRUE(write_file_atomic(at(name), "old"));
    ASSERT_TRUE(write_file_atomic(at("root.tar.zst"), "somebody else's"));
    expect_current("one", build("one"));
    EXPECT_EQ(get("root.tar.zst"), "somebody else's");
}

TEST_F(BootFiles, WhatABrokenBuildLeftGoesWithTheNext) {
    const auto one = build("one");
    ASSERT_TRUE(make_directories(at("sets/half")));
    const auto two = build("two");
    EXPECT_THAT(sets(), UnorderedElementsAre(one, two));
}

TEST_F(BootFiles, ServersMayReadTheSet) {
    const auto set = build("one");
    for (const auto& directory : {at("sets"), at(set)}) {
        struct stat st {};
        ASSERT_EQ(stat(directory.c_str(), &st), 0);
        EXPECT_EQ(st.st_mode & 0777U, 0755U) << directory;
    }
}
