// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/survival_namespace.h"

#include "base/file.h"
#include "chroot-builder/residence.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cstdlib>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

// Bound from the node: the same file systems, so that cluster libraries on the booted node meet the daemons there.
constexpr std::array<const char*, 4> shared_with_node = {"/proc", "/sys", "/dev", "/run/pando"};

// In a child that becomes the namespace's first process. Plain system calls, since the parent may have threads.
[[noreturn]] void build_namespace(const char* tree, const std::vector<const char*>& shared, int report) {
    const auto give_up = [&](const char* what) {
        const std::array<char, 2> reason{what[0], static_cast<char>(errno)};
        (void)!write(report, reason.data(), reason.size());
        _exit(1);
    };
    if (unshare(CLONE_NEWNS) < 0) give_up("unshare");
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) give_up("private");
    // A directory need not be a mount point; what is mounted in it comes along.
    if (mount(tree, tree, nullptr, MS_BIND | MS_REC, nullptr) < 0) give_up("bind");
    if (chdir(tree) < 0) give_up("chdir");
    for (const char* source : shared) {
        const char* name = source + 1;  // in the tree
        if (mount(source, name, nullptr, MS_BIND | MS_REC, nullptr) < 0) give_up(name);
        // What the node mounts later (configfs, cgroups) is not wanted here; what it unmounts stays here.
        if (mount(nullptr, name, nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) give_up(name);
    }
    // Everything else goes. An initramfs cannot: there the tree is moved over it, which nobody gets below.
    if (syscall(SYS_pivot_root, ".", ".") == 0) {
        if (umount2(".", MNT_DETACH) < 0) give_up("old root");
    } else {
        if (mount(".", "/", nullptr, MS_MOVE, nullptr) < 0) give_up("move");
        if (::chroot(".") < 0) give_up("root");
    }
    if (chdir("/") < 0) give_up("chdir");
    (void)!write(report, "+", 1);
    // The parent opens our namespace and then lets us go.
    pause();
    _exit(0);
}

// Between fork and exec: system calls only.
bool enter(int mount_namespace) {
    if (setns(mount_namespace, CLONE_NEWNS) < 0) return false;
    return chdir("/") == 0;
}

bool protect_from_oom() {
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool written = write(fd, "-1000", 5) == 5;
    close(fd);
    return written;
}

const std::map<std::string, std::string> inside_environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};

}  // namespace

Result<SurvivalNamespace> SurvivalNamespace::create(const fs::path& chroot) {
    std::vector<const char*> shared;  // on a machine that only builds, there is no /run/pando
    for (const char* name : shared_with_node) {
        if (!fs::exists(name)) continue;
        TRY(make_directories(chroot / (name + 1)));
        shared.push_back(name);
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return fail_errno(errno, "pipe");
    UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    const pid_t pid = fork();
    if (pid < 0) return fail_errno(errno, "starting the chroot's namespace");
    if (pid == 0) build_namespace(chroot.c_str(), shared, write_end.get());
    write_end.reset();

    std::array<char, 2> answer{};
    const ssize_t n = read(read_end.get(), answer.data(), answer.size());
    SurvivalNamespace made;
    made.chroot_ = chroot;
    if (n == 1 && answer[0] == '+')
        made.namespace_.reset(open(fmt::format("/proc/{}/ns/mnt", pid).c_str(), O_RDONLY | O_CLOEXEC));
    const int open_error = errno;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    if (n == 2) return fail_errno(answer[1], "making the chroot's mount namespace (step {})", answer[0]);
    if (!made.namespace_.valid()) return fail_errno(open_error, "opening the chroot's mount namespace");
    return made;
}

Result<SurvivalNamespace> SurvivalNamespace::of(pid_t daemon) {
    SurvivalNamespace found;
    found.chroot_ = chroot_path;
    const std::string link = fmt::format("/proc/{}/ns/mnt", daemon);
    found.namespace_.reset(open(link.c_str(), O_RDONLY | O_CLOEXEC));
    if (!found.namespace_.valid()) return fail_errno(errno, "opening {}", link);
    return found;
}

Result<Child> SurvivalNamespace::start(const std::vector<std::string>& argv,
                                       const std::map<std::string, std::string>& env, std::string name) const {
    if (name.empty()) name = fs::path(argv.at(0)).filename();
    Command command{.argv = argv};
    command.argv0 = "@" + name;
    command.env = inside_environment;
    command.env.insert(env.begin(), env.end());
    command.prepare = [ns = namespace_.get()] { return setsid() >= 0 && protect_from_oom() && enter(ns); };
    command.output_file = chroot_ / "var/log" / (name + ".out");
    return Child::spawn(command);
}

Result<Finished> SurvivalNamespace::run(const std::vector<std::string>& argv, const std::string& input,
                                        Deadline deadline) const {
    Command command{.argv = argv, .deadline = deadline};
    command.env = inside_environment;
    command.input = input;
    command.prepare = [ns = namespace_.get()] { return enter(ns); };
    return pando::run(command);
}

Error SurvivalNamespace::become(const std::vector<std::string>& argv) const {
    std::vector<char*> arguments;
    for (const std::string& word : argv) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    clearenv();
    for (const auto& [name, value] : inside_environment) setenv(name.c_str(), value.c_str(), 1);
    if (!enter(namespace_.get())) return fail_errno(errno, "entering the chroot's mount namespace").error();
    execv(arguments[0], arguments.data());
    return fail_errno(errno, "starting {} in the chroot", argv[0]).error();
}

}  // namespace pando::chroot
