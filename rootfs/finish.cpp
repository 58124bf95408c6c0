// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/finish.h"

#include "base/file.h"
#include "base/process.h"
#include "base/sysroot.h"
#include "cdsl/apply.h"
#include "cdsl/policy.h"
#include "config/networkd.h"
#include "rootfs/content.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

namespace pando::rootfs {
namespace fs = std::filesystem;
namespace {

// cp follows no link and keeps modes; what was staged by anybody belongs to root here.
Result<> lay_over(const fs::path& pando_tree, const fs::path& tree) {
    (void)TRY(run_ok(
        {.argv = {"cp", "-dR", "--preserve=mode,timestamps,links", (pando_tree / ".").string(), tree.string()}}));
    return {};
}

// As on any Debian: dependencies are checked, configuration files are registered, units enabled. Nothing is started,
// because nothing runs in the tree.
Result<> install_packages(const fs::path& packages, const fs::path& tree) {
    const std::string inside = "pando-packages";
    TRY(make_directories(tree / inside));
    std::vector<std::string> argv = {"chroot", tree.string(), "dpkg", "--install"};
    for (const auto& package : TRY(node_packages(packages))) {
        (void)TRY(run_ok({.argv = {"cp", package.string(), (tree / inside).string()}}));
        argv.push_back("/" + inside + "/" + package.filename().string());
    }
    const auto installed = run_ok({.argv = argv,
                                   .env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                                           {"DEBIAN_FRONTEND", "noninteractive"},
                                           {"LC_ALL", "C.UTF-8"}},
                                   .deadline = Deadline::after(std::chrono::minutes(5))});
    if (!installed)
        return Failure(installed.error().context("installing Pando's packages in the root"))
            .advise("add the packages that dpkg names to the profile");
    return remove_tree(tree / inside);
}

Result<> systemctl(const fs::path& tree, const std::string& verb, const std::vector<std::string>& units) {
    if (units.empty()) return {};
    std::vector<std::string> argv = {"chroot", tree.string(), "systemctl", "--quiet", verb};
    argv.insert(argv.end(), units.begin(), units.end());
    (void)TRY(run_ok({.argv = argv, .env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}}));
    return {};
}

// What mmdebstrap or a package wrote for one machine.
Result<> remove_machine_state(const fs::path& tree) {
    for (const char* path : {"etc/hostname", "etc/resolv.conf", "etc/apt/apt.conf.d/99mmdebstrap", "run", "tmp"})
        TRY(remove_tree(tree / path));
    TRY(make_directories(tree / "run"));
    TRY(make_directories(tree / "tmp"));
    if (chmod((tree / "tmp").c_str(), 01777) < 0) return fail_errno(errno, "chmod /tmp");
    for (const auto& name : TRY(list_directory(tree / "etc/ssh")))
        if (name.starts_with("ssh_host_")) TRY(remove_tree(tree / "etc/ssh" / name));
    TRY(write_file_atomic(tree / "etc/machine-id", "", 0444));
    // Each node's own: a node's private copy is this link, and a file when an administrator makes one of it.
    if (symlink(config::resolv_conf_file, (tree / "etc/resolv.conf").c_str()) < 0)
        return fail_errno(errno, "making /etc/resolv.conf");
    return write_file_atomic(tree / "etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
}

// Debian leaves root without a password that could be typed; a profile's package might set one.
Result<> require_locked_root(const fs::path& tree) {
    const std::string shadow = "\n" + TRY(read_file(tree / "etc/shadow"));
    for (const char* locked : {"\nroot:*:", "\nroot:!"})
        if (shadow.find(locked) != std::string::npos) return {};
    return fail("root of the tree has a password, or none at all")
        .advise("nodes are reached by ssh keys (access: in cluster.yaml); remove what sets it");
}

}  // namespace

Result<> require_parts(const fs::path& tree) {
    const auto root = TRY(Sysroot::open(tree));
    std::vector<std::string> missing;
    const auto require = [&](const std::string& path) {
        if (!root.exists(path)) missing.push_back(path);
    };
    for (const char* program :
         {"/usr/sbin/pando-boot", "/usr/sbin/pando-survival", "/usr/sbin/pando", "/usr/sbin/corosync",
          "/usr/sbin/dlm_controld", "/usr/sbin/iscsid", "/usr/sbin/iscsistart", "/usr/sbin/mkfs.gfs2", "/usr/sbin/sshd",
          "/usr/lib/systemd/systemd-networkd", "/usr/sbin/sfdisk", "/usr/bin/busybox", "/usr/bin/dracut",
          "/usr/bin/zstd", "/usr/lib/systemd/systemd", "/sbin/init",
          "/usr/lib/dracut/modules.d/90pando/module-setup.sh", "/usr/lib/systemd/system/pando-node.service"})
        require(program);
    const auto kernels = TRY(root.list("/usr/lib/modules"));
    if (kernels.empty()) missing.emplace_back("/usr/lib/modules/VERSION");
    for (const auto& kernel : kernels) {
        require("/boot/vmlinuz-" + kernel);
        for (const char* module : {"fs/gfs2/gfs2.ko", "fs/dlm/dlm.ko", "drivers/scsi/iscsi_tcp.ko"})
            require("/usr/lib/modules/" + kernel + "/kernel/" + module);
    }
    if (missing.empty()) return {};
    return fail("the root lacks: {}", fmt::join(missing, ", "))
        .advise("add the packages that have them to the profile, and Pando's with --pando-packages");
}

Result<> finish(const fs::path& tree, const Profile& profile, const PandoFiles& pando, std::string_view key) {
    TRY(pando.packages.empty() ? lay_over(pando.tree, tree) : install_packages(pando.packages, tree));
    TRY(require_parts(tree));
    TRY(systemctl(tree, "mask", profile.mask_units));
    TRY(systemctl(tree, "enable", profile.enable_units));
    TRY(remove_machine_state(tree));
    TRY(require_locked_root(tree));
    TRY(write_file_atomic(tree / "etc/apt/apt.conf.d/90pando", "APT::Install-Recommends \"false\";\n"));
    // systemd-tmpfiles would make it at the first boot, on all nodes at once.
    TRY(remove_tree(tree / "etc/mtab"));
    if (symlink("../proc/self/mounts", (tree / "etc/mtab").c_str()) < 0) return fail_errno(errno, "making /etc/mtab");
    TRY(cdsl::prepare(tree, cdsl::builtin_policy()).execute(Plan::Mode::apply));
    return write_file_atomic(tree / content_file, TRY(survey(tree, key)).to_json());
}

}  // namespace pando::rootfs
