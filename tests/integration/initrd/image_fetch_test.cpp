// SPDX-License-Identifier: GPL-2.0-or-later
// Boot files from a node to the boot server, with Debian's sshd as the node, in network and mount namespaces of the
// test's own.
#include "initrd/image_fetch.h"

#include "base/file.h"
#include "base/process.h"
#include "initrd/boot_files.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <memory>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* silent_node = "10.77.0.11";  // nothing listens there
constexpr const char* node = "10.77.0.12";

class ImageFetch : public testing::Test {
protected:
    void SetUp() override {
        if (!find_program("sshd") || !find_program("scp")) GTEST_SKIP() << "needs openssh-server and openssh-client";
        ASSERT_EQ(unshare(CLONE_NEWNS | CLONE_NEWNET), 0) << "needs root";
        ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        ASSERT_EQ(mount("tmpfs", "/run", "tmpfs", 0, nullptr), 0);
        ASSERT_TRUE(make_directories("/run/sshd"));
        for (std::vector<std::string> words : {std::vector<std::string>{"ip", "link", "set", "lo", "up"},
                                               {"ip", "address", "add", std::string(silent_node) + "/24", "dev", "lo"},
                                               {"ip", "address", "add", std::string(node) + "/24", "dev", "lo"}})
            ASSERT_TRUE(run_ok({.argv = words}));
        auto made = TemporaryDirectory::create("/var/tmp", "pando-test");
        ASSERT_TRUE(made);
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        for (const char* name : {"host", "admin", "stranger"})
            ASSERT_TRUE(run_ok({.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", work() / name}}));
        start_sshd();
        options_ = {.sources = {{"n1", silent_node}, {"n2", node}},
                    .there = work() / "there",
                    .output = work() / "here",
                    .ssh_options = {"IdentityFile=" + (work() / "admin").string(), "IdentitiesOnly=yes",
                                    "UserKnownHostsFile=" + (work() / "known").string()}};
        ASSERT_TRUE(make_directories(options_.there));
    }
    void TearDown() override {
        if (sshd_) {
            EXPECT_TRUE(sshd_->stop(seconds(5)));
        }
    }

    fs::path work() const { return directory_->path(); }

    void start_sshd() {
        ASSERT_TRUE(write_file_atomic(work() / "keys", *read_file(work() / "admin.pub"), 0600));
        ASSERT_TRUE(write_file_atomic(work() / "known", fmt::format("{} {}", node, *read_file(work() / "host.pub"))));
        ASSERT_TRUE(write_file_atomic(
            work() / "config",
            fmt::format("ListenAddress {}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n"
                        "PermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n",
                        node, (work() / "host").string(), (work() / "keys").string())));
        auto started = Child::spawn(
            {.argv = {"/usr/sbin/sshd", "-D", "-e", "-f", work() / "config"}, .output_file = work() / "sshd.log"});
        ASSERT_TRUE(started) << started.error().what;
        sshd_ = std::make_unique<Child>(std::move(*started));
        const Deadline deadline = Deadline::after(seconds(20));
        while (read_file(work() / "sshd.log").value_or("").find("Server listening") == std::string::npos) {
            ASSERT_FALSE(deadline.passed()) << read_file(work() / "sshd.log").value_or("");
            poll(nullptr, 0, 20);
        }
    }

    // As a build on the node does it.
    std::string build(const std::string& what) {
        const auto made = TemporaryDirectory::create(options_.there, ".work");
        EXPECT_TRUE(made);
        const fs::path directory = made->path() / "set";
        EXPECT_TRUE(make_directories(directory));
        for (const char* name : {"vmlinuz", "pando.img"}) EXPECT_TRUE(write_file_atomic(directory / name, what));
        const auto set = set_of(directory, "set base http://10.77.0.1:80\n");
        EXPECT_TRUE(set) << set.error().what;
        EXPECT_TRUE(write_file_atomic(directory / "boot.ipxe", "set base http://10.77.0.1:80/" + *set + "\n"));
        EXPECT_TRUE(publish_set(directory, options_.there, *set));
        return *set;
    }
    std::string here(const std::string& name) const { return read_file(options_.output / name).value_or("(none)"); }

    std::unique_ptr<TemporaryDirectory> directory_;
    std::unique_ptr<Child> sshd_;
    FetchOptions options_;
};

TEST_F(ImageFetch, TheFirstNodeThatAnswersGivesThemOnce) {
    const std::string one = build("one");
    const auto first = fetch_image(options_);
    ASSERT_TRUE(first) << first.error().what;
    EXPECT_EQ(first->node, "n2");
    EXPECT_EQ(first->set, one);
    EXPECT_TRUE(first->fresh);
    EXPECT_EQ(here("pando.img"), "one");
    EXPECT_THAT(here("boot.ipxe"), HasSubstr(one));
    struct stat st {};
    ASSERT_EQ(stat((options_.output / "pando.img").c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 0777U, 0644U);

    const auto again = fetch_image(options_);
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_FALSE(again->fresh);

    const std::string two = build("two");
    ASSERT_TRUE(fetch_image(options_));
    EXPECT_EQ(here("pando.img"), "two");
    EXPECT_EQ(here(one + "/pando.img"), "one");  // a blade that has its script goes on
    const auto names = list_directory(options_.output);
    ASSERT_TRUE(names);
    for (const auto& name : *names) EXPECT_TRUE(!name.starts_with(".pando-fetch") || name.ends_with(".lock")) << name;
}

TEST_F(ImageFetch, WhatIsDamagedIsNotTaken) {
    const std::string one = build("one");
    ASSERT_TRUE(fetch_image(options_));
    const std::string two = build("two");
    ASSERT_TRUE(write_file_atomic(options_.there / two / "pando.img", "half"));
    const auto fetched = fetch_image(options_);
    ASSERT_FALSE(fetched);
    EXPECT_THAT(fetched.error().what, HasSubstr("the boot files of " + two + " are not whole"));
    EXPECT_EQ(here("pando.img"), "one");
    // What was damaged here is fetched again, though it has the right name.
    ASSERT_TRUE(write_file_atomic(options_.there / two / "pando.img", "two"));
    ASSERT_TRUE(fetch_image(options_));
    ASSERT_TRUE(write_file_atomic(options_.output / two / "pando.img", "half"));
    const auto again = fetch_image(options_);
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_TRUE(again->fresh);
    EXPECT_EQ(here("pando.img"), "two");
}

TEST_F(ImageFetch, EachNodeSaysWhyItHasNone) {
    const auto none = fetch_image(options_);
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().what, HasSubstr("n1: "));
    EXPECT_THAT(none.error().what, HasSubstr("Connection refused"));
    EXPECT_THAT(none.error().what, HasSubstr("n2: it has no boot files in"));
    EXPECT_THAT(none.error().advice, HasSubstr("pando image build --output"));

    (void)build("one");
    options_.ssh_options[0] = "IdentityFile=" + (work() / "stranger").string();
    const auto refused = fetch_image(options_);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("Permission denied"));
    EXPECT_THAT(refused.error().advice, HasSubstr("authorized_keys"));
}

TEST_F(ImageFetch, ANodeCannotNameAPlaceOfItsOwn) {
    (void)build("one");
    fs::remove(options_.there / "current");
    fs::create_directory_symlink("../../../etc", options_.there / "current");
    const auto fetched = fetch_image(options_);
    ASSERT_FALSE(fetched);
    EXPECT_THAT(fetched.error().what, HasSubstr("leads to '../../../etc', no set"));
}

}  // namespace
}  // namespace pando::initrd
