// SPDX-License-Identifier: GPL-2.0-or-later
// Roots that lie, are full, or must not be written.
#include "tests/integration/cdsl/world.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Hostile : public World {
protected:
    void SetUp() override {
        World::SetUp();
        auto outside = TemporaryDirectory::create("/tmp", "pando-outside");
        ASSERT_TRUE(outside);
        outside_.emplace(std::move(*outside));
        ASSERT_TRUE(write_file_atomic(outside_->path() / "keep", "outside\n"));
    }
    void TearDown() override {
        EXPECT_THAT(list_directory(outside_->path()).value(), ElementsAre("keep")) << "something led out of the root";
        outside_.reset();
        World::TearDown();
    }
    std::optional<TemporaryDirectory> outside_;
};

TEST_F(Hostile, PrepareRefusesASymlinkAtADirectorysPath) {
    fs::remove_all(root() / "var/log");
    fs::create_directory_symlink(outside_->path(), root() / "var/log");
    const auto done = prepare(root(), builtin_policy()).execute(Plan::Mode::apply);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("/var/log: a symlink is in the way"));
}

TEST_F(Hostile, PrepareRefusesASymlinkAboveAPath) {
    fs::rename(root() / "var", root() / "other");
    fs::create_directory_symlink("other", root() / "var");
    const auto done = prepare(root(), builtin_policy()).execute(Plan::Mode::apply);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("a symlink is in the way"));
}

TEST_F(Hostile, MapRefusesASymlinkPlantedSinceAndMapsTheRest) {
    prepare_all();
    fs::remove_all(root() / "var/log");
    fs::create_directory_symlink(outside_->path(), root() / "var/log");
    as_node([&] {
        const auto mapped = map(root(), builtin_policy(), facts_of("n1"));
        ASSERT_TRUE(mapped) << mapped.error().what;
        EXPECT_THAT(mapped->required_failures, ElementsAre(HasSubstr("/var/log: a symlink is in the way")));
        EXPECT_THAT(read_file("/proc/self/mounts").value(), testing::Not(HasSubstr(outside_->path().string())));
        EXPECT_EQ(get("/etc/hostname"), "n1\n");
    });
}

TEST_F(Hostile, MapRefusesASymlinkInTheNodesOwnTree) {
    prepare_all();
    as_node([&] { map_as("n1"); });
    fs::remove_all(root() / ".pando/nodes/n1/var/log");
    fs::create_directory_symlink(outside_->path(), root() / ".pando/nodes/n1/var/log");
    fs::remove_all(root() / ".pando/nodes/n1/etc/iscsi");
    fs::create_directory_symlink(outside_->path(), root() / ".pando/nodes/n1/etc/iscsi");
    as_node([&] {
        const auto mapped = map(root(), builtin_policy(), facts_of("n1"));
        ASSERT_TRUE(mapped);
        EXPECT_THAT(mapped->required_failures, Contains(HasSubstr("/var/log")));
        EXPECT_THAT(mapped->required_failures, Contains(HasSubstr("/etc/iscsi/initiatorname.iscsi")));
        // Not every root has that directory: it fails alone.
        EXPECT_THAT(mapped->failures, ElementsAre(HasSubstr("/etc/iscsi")));
    });
}

TEST_F(Hostile, MapRefusesPandosOwnPlacesAsSymlinks) {
    prepare_all();
    fs::remove(root() / ".pando/local");
    fs::create_directory_symlink(outside_->path(), root() / ".pando/local");
    as_node([&] {
        const auto mapped = map(root(), builtin_policy(), facts_of("n1"));
        ASSERT_FALSE(mapped);
        EXPECT_THAT(mapped.error().what, HasSubstr("a symlink is in the way"));
    });
}

TEST_F(Hostile, CopyingDoesNotFollowSymlinksOut) {
    fs::create_directory_symlink(outside_->path(), root() / "var/log/out");
    prepare_all();
    as_node([&] {
        map_as("n1");
        EXPECT_TRUE(fs::is_symlink(root() / "var/log/out"));
    });
}

TEST_F(Hostile, ALinkRuleOnADirectoryIsRefused) {
    const std::vector<Rule> policy = {{"/etc/ssh", Mode::link, Seed::copy, 0644, "x"}};
    const auto done = prepare(root(), policy).execute(Plan::Mode::apply);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("/etc/ssh is a directory"));
    EXPECT_EQ(get("/etc/ssh/ssh_host_ed25519_key"), "secret\n");
}

TEST_F(Hostile, ABindRuleOnAFileIsRefused) {
    const std::vector<Rule> policy = {{"/etc/passwd", Mode::bind, Seed::copy, 0755, "x"}};
    const auto done = prepare(root(), policy).execute(Plan::Mode::apply);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("/etc/passwd"));
    EXPECT_THAT(get("/etc/passwd"), HasSubstr("root:x:0"));
}

TEST_F(Hostile, AReadOnlyRootIsRefusedWithItsCause) {
    ASSERT_EQ(mount(nullptr, root().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
    const auto done = prepare(root(), builtin_policy()).execute(Plan::Mode::apply);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("Read-only file system"));
}

TEST_F(Hostile, AFullDiskInTheMiddleLosesNothingAndTheNextRunCompletes) {
    put("/var/log/big", std::string(40U << 20U, 'x'));  // its copy does not fit beside it
    const auto failed = prepare(root(), builtin_policy()).execute(Plan::Mode::apply);
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().what, HasSubstr("No space left on device"));
    EXPECT_EQ(get("/var/log/big").size(), 40U << 20U);
    EXPECT_FALSE(fs::exists(root() / ".pando/nodes/.template/var/log")) << "never half";
    ASSERT_EQ(mount(nullptr, root().c_str(), nullptr, MS_REMOUNT, "size=128m"), 0);
    prepare_all();
    EXPECT_EQ(get("/.pando/nodes/.template/var/log/big").size(), 40U << 20U);
    EXPECT_FALSE(fs::exists(root() / ".pando/nodes/.prepare")) << "work in progress is cleared away";
}

}  // namespace
}  // namespace pando::cdsl
