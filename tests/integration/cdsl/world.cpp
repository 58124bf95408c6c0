// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/integration/cdsl/world.h"

#include "base/log.h"
#include "base/sysroot.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <csignal>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

void private_mounts() {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << "these tests need root: " << strerror(errno);
    ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << strerror(errno);
}

}  // namespace

Ended in_child(const std::function<void()>& work) {
    fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        private_mounts();
        if (!testing::Test::HasFatalFailure()) work();
        fflush(nullptr);
        _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) return {WTERMSIG(status) == SIGKILL, 128 + WTERMSIG(status)};
    return {false, WEXITSTATUS(status)};
}

void as_node(const std::function<void()>& work) {
    const Ended ended = in_child(work);
    EXPECT_EQ(ended.status, 0) << "see the failures above";
}

Checkpoint kill_at(int n) {
    // Shared: whoever reports changes has a copy of the function.
    return [left = std::make_shared<int>(n)](std::string_view) {
        if (--*left == 0) (void)kill(getpid(), SIGKILL);
    };
}

std::vector<std::string> without_spares(std::vector<std::string> differences) {
    std::erase_if(differences, [](const std::string& one) { return one.starts_with("left over: .pando/displaced/"); });
    return differences;
}

std::vector<std::string> differences(const Snapshot& expected, const Snapshot& seen) {
    std::vector<std::string> lines;
    for (const auto& [path, what] : expected)
        if (const auto at = seen.find(path); at == seen.end())
            lines.push_back("missing: " + path);
        else if (at->second != what)
            lines.push_back(path + ": " + at->second.substr(0, 200) + ", expected " + what.substr(0, 200));
    for (const auto& [path, what] : seen)
        if (!expected.contains(path)) lines.push_back("left over: " + path);
    return lines;
}

void World::start(Filesystem filesystem) {
    static const bool separated = [] {
        private_mounts();
        log::set_level(log::Level::error);  // the steps of a hundred runs
        return true;
    }();
    ASSERT_TRUE(separated);
    filesystem_ = filesystem;
    auto place = TemporaryDirectory::create("/tmp", "pando-cdsl");
    ASSERT_TRUE(place) << place.error().what;
    place_.emplace(std::move(*place));
    root_ = place_->path() / "root";
    ASSERT_TRUE(make_directories(root_));
    if (filesystem == Filesystem::tmpfs) {
        ASSERT_EQ(mount("tmpfs", root_.c_str(), "tmpfs", 0, "size=64m,mode=0755"), 0) << strerror(errno);
    } else {
        const std::string image = (place_->path() / "image").string();
        ASSERT_TRUE(write_file_atomic(image, ""));
        ASSERT_EQ(truncate(image.c_str(), 64 << 20), 0);
        ASSERT_TRUE(run_ok({.argv = {"mkfs.ext4", "-q", "-F", image}}));
        ASSERT_TRUE(run_ok({.argv = {"mount", "-o", "loop", image, root_.string()}}));
        fs::remove(root_ / "lost+found");
    }
    put("/etc/hostname", "image\n");
    put("/etc/machine-id", "");
    put("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    put("/etc/ssh/ssh_host_ed25519_key", "secret\n", 0600);
    fs::create_symlink("../run/resolv.conf", root_ / "etc/resolv.conf");
    put("/etc/iscsi/initiatorname.iscsi", "InitiatorName=of.the.image\n", 0600);
    put("/var/log/wtmp", "", 0664);
    put("/var/log/apt/history.log", "installed\n");
    fs::create_directory(root_ / "var/log/journal");
    ASSERT_EQ(chmod((root_ / "var/log/journal").c_str(), 02755), 0);
    put("/var/lib/dpkg/status", "Package: base\n");
    put("/var/lib/systemd/catalog/database", "catalog\n");
    put("/var/lib/systemd/random-seed", "seed\n", 0600);
    put("/var/cache/apt/pkgcache.bin", "packages\n");
    put("/var/cache/ldconfig/aux-cache", "aux\n", 0600);
    put("/var/spool/cron/root", "* * * * * true\n", 0600);
    for (const char* open_to_all : {"tmp", "var/tmp"}) {
        fs::create_directories(root_ / open_to_all);
        ASSERT_EQ(chmod((root_ / open_to_all).c_str(), 01777), 0);
    }
    fs::create_directories(root_ / "usr/bin");
    const timespec built[] = {{1700000000, 5}, {1700000000, 5}};  // the same in every renewed world
    ASSERT_EQ(utimensat(AT_FDCWD, (root_ / "usr").c_str(), built, 0), 0);
}

void World::stop() {
    if (!place_) return;
    EXPECT_EQ(umount2(root_.c_str(), MNT_DETACH), 0) << strerror(errno);
    place_.reset();
}

void World::put(const std::string& path, const std::string& content, mode_t mode) const {
    const fs::path file = root_ / fs::path(path).relative_path();
    fs::create_directories(file.parent_path());
    const auto written = write_file_atomic(file, content, mode);
    ASSERT_TRUE(written) << written.error().what;
}

std::string World::get(const std::string& path) const {
    // As a process of the node sees it: links are taken inside the root.
    auto root = Sysroot::open(root_);
    auto content = root->read(path);
    if (content) return *content;
    return content.error().sys == ENOENT ? "(none)" : content.error().what;
}

Snapshot World::snapshot() const {
    Snapshot all;
    struct stat top {};
    EXPECT_EQ(lstat(root_.c_str(), &top), 0);
    for (auto it = fs::recursive_directory_iterator(root_); it != fs::recursive_directory_iterator(); ++it) {
        struct stat st {};
        EXPECT_EQ(lstat(it->path().c_str(), &st), 0);
        if (st.st_dev != top.st_dev) it.disable_recursion_pending();
        std::string what = fmt::format("{:o} {}:{}", st.st_mode, st.st_uid, st.st_gid);
        if (S_ISLNK(st.st_mode)) what += " -> " + fs::read_symlink(it->path()).string();
        if (S_ISREG(st.st_mode)) what += " " + read_file(it->path()).value_or("(unreadable)");
        if (lgetxattr(it->path().c_str(), "trusted.pando.parent", nullptr, 0) >= 0) what += " parent";
        const std::string name = it->path().lexically_relative(root_).string();
        if (name != ".pando/journal/lock") all[name] = what;  // names whoever was killed
    }
    return all;
}

void World::prepare_all(const std::vector<Rule>& policy) const {
    const auto done = prepare(root_, policy).execute(Plan::Mode::apply);
    ASSERT_TRUE(done) << done.error().what;
}

NodeFacts World::facts_of(const std::string& node) {
    return {node,
            {{"/etc/hostname", {node + "\n"}},
             {"/etc/machine-id", {"id-of-" + node + "\n", true, 0444}},
             {"/etc/iscsi/initiatorname.iscsi", {"InitiatorName=of." + node + "\n", false, 0600}}}};
}

config::Cluster World::cluster(std::vector<config::CdslRule> rules) {
    config::Cluster cluster;
    cluster.name = "grove";
    for (const char* name : {"n1", "n2", "n3"}) {
        config::Node node;
        node.name = name;
        node.profile = node.name == "n3" ? "storage" : "compute";
        cluster.nodes.push_back(node);
    }
    cluster.cdsl = std::move(rules);
    return cluster;
}

Mapped World::map_as(const std::string& node, const std::vector<Rule>& policy) const {
    auto mapped = map(root_, policy, facts_of(node));
    EXPECT_TRUE(mapped) << mapped.error().what;
    if (!mapped) return {};
    EXPECT_THAT(mapped->failures, testing::IsEmpty());
    return *mapped;
}

}  // namespace pando::cdsl
