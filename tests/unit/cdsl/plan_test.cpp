// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file.h"
#include "cdsl/apply.h"
#include "cdsl/layout.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::cdsl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<Rule> policy = {
    {"/tmp", Mode::tmpfs, Seed::empty, 01777, "x"},      {"/var/cache/apt", Mode::shared, Seed::empty, 0755, "x"},
    {"/var/cache", Mode::bind, Seed::copy, 0755, "x"},   {"/var/tmp", Mode::bind, Seed::empty, 01777, "x"},
    {"/etc/ssh/key", Mode::link, Seed::copy, 0600, "x"},
};

TEST(PreparePlan, SaysEveryStepInAnOrderThatKeepsContentSafe) {
    EXPECT_THAT(
        prepare("/nowhere", policy).texts(),
        ElementsAre("complete or undo what was interrupted", "create /.pando with the places for the nodes' trees",
                    "clear away what an interrupted run left", "mark the template's directories that are no content",
                    "create the mount point /tmp", "create the mount point /var/cache",
                    "create the mount point /var/cache/apt", "create the mount point /var/tmp",
                    "copy /etc/ssh/key to the template", "copy /var/cache to the template",
                    "put an empty /var/tmp in the template", "link /etc/ssh/key to ../../.pando/local/etc/ssh/key",
                    "mark /etc as up to date with /usr", "mark /var as up to date with /usr",
                    "write /.pando/cdsl.yaml: 5 rules"));
}

TEST(PreparePlan, PrintedChangesNothing) {
    auto root = TemporaryDirectory::create("/tmp", "cdsl");
    ASSERT_TRUE(root);
    ASSERT_TRUE(make_directories(root->path() / "etc/ssh"));
    ASSERT_TRUE(write_file_atomic(root->path() / "etc/ssh/key", "secret", 0600));
    const auto printed = prepare(root->path(), policy).execute(Plan::Mode::print);
    EXPECT_TRUE(printed) << printed.error().what;
    EXPECT_THAT(list_directory(root->path()).value(), ElementsAre("etc"));
    EXPECT_THAT(list_directory(root->path() / "etc/ssh").value(), ElementsAre("key"));
}

TEST(PreparePlan, ForARootThatIsNotThereFailsWithItsName) {
    const auto printed = prepare("/nowhere/at/all", policy).execute(Plan::Mode::print);
    ASSERT_FALSE(printed);
    EXPECT_THAT(printed.error().what, HasSubstr("/nowhere/at/all"));
}

TEST(TargetOfLink, ClimbsToTheRootFromWhereTheLinkStands) {
    EXPECT_EQ(target_of_link("/top"), ".pando/local/top");
    EXPECT_EQ(target_of_link("/etc/hostname"), "../.pando/local/etc/hostname");
    EXPECT_EQ(target_of_link("/a/b/c/d"), "../../../.pando/local/a/b/c/d");
}

TEST(LinkState, TellsOursFromAnybodyElses) {
    auto root = TemporaryDirectory::create("/tmp", "cdsl");
    ASSERT_TRUE(root);
    std::filesystem::create_directories(root->path() / "etc/directory");
    std::filesystem::create_symlink("../.pando/local/etc/ours", root->path() / "etc/ours");
    std::filesystem::create_symlink("/run/theirs", root->path() / "etc/theirs");
    ASSERT_TRUE(write_file_atomic(root->path() / "etc/file", "x"));
    const UniqueFd fd(open(root->path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    EXPECT_EQ(link_state(fd.get(), "/etc/ours").value(), LinkState::ours);
    EXPECT_EQ(link_state(fd.get(), "/etc/theirs").value(), LinkState::other);
    EXPECT_EQ(link_state(fd.get(), "/etc/file").value(), LinkState::other);
    EXPECT_EQ(link_state(fd.get(), "/etc/none").value(), LinkState::absent);
    EXPECT_EQ(link_state(fd.get(), "/none/none").value(), LinkState::absent);
    EXPECT_FALSE(link_state(fd.get(), "/etc/directory"));
}

}  // namespace
}  // namespace pando::cdsl
