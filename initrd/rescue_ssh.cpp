// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/rescue_ssh.h"

#include "base/file.h"
#include "base/log.h"
#include "chroot-builder/manifest.h"
#include "config/ssh_keys.h"

#include <fmt/ranges.h>
#include <unistd.h>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

constexpr const char* dropbear = "/usr/sbin/dropbear";
constexpr const char* host_key_file = "/etc/dropbear/host_key";
constexpr const char* boot_log = "/run/pando/rescue-ssh.log";
constexpr size_t most_addresses = 10;  // dropbear's

fs::path in(const fs::path& tree, const char* path) { return tree / fs::path(path).relative_path(); }

Result<> remove_file(const fs::path& file) {
    if (unlink(file.c_str()) == 0 || errno == ENOENT) return {};
    return fail_errno(errno, "removing {}", file.string());
}

Result<> start_in_boot(Boot& boot) {
    if (boot.rescue_ssh && boot.rescue_ssh->running()) return {};
    if (access(dropbear, X_OK) < 0)
        return fail("the description wants rescue.ssh, and this image has no {}", dropbear)
            .advise("build the image again: pando image build; the root needs the package dropbear-bin");
    const config::Rescue& rescue = boot.cluster->rescue;
    const auto addresses = rescue_addresses(rescue, boot.node());
    if (addresses.empty())
        return fail("rescue.ssh listens on static addresses, and node {} has none", boot.node().name)
            .advise("give a NIC of the node an address");
    TRY(write_rescue_files(*boot.bundle, *boot.cluster, boot.node(), "/", true));
    Command command{.argv = dropbear_argv(rescue, boot.node(), "/usr/sbin/pando-boot session")};
    command.prepare = [] { return setsid() >= 0; };
    command.output_file = boot_log;
    boot.rescue_ssh = TRY(Child::spawn(command));
    const auto key = TRY(config::rescue_host_key(boot.bundle->files.at("authkey"), boot.node().name));
    log::info("rescue: ssh root@{}, port {}; host key {}", boot.node().cluster_address(), rescue.port, key.public_line);
    return {};
}

// The shells of this boot end by themselves when process 1 answers them no more: their initramfs goes.
Result<> start_in_chroot(Boot& boot) {
    if (boot.rescue_ssh) {
        if (!boot.rescue_ssh->running())
            log::warning("rescue: the ssh of this boot had ended: {}", read_file(boot_log).value_or("no word of why"));
        (void)boot.rescue_ssh->stop(std::chrono::seconds(2));
        boot.rescue_ssh.reset();
    }
    const config::Rescue& rescue = boot.cluster->rescue;
    if (!rescue.on_node()) return {};
    const auto addresses = rescue_addresses(rescue, boot.node());
    if (addresses.empty() || access(in(chroot::chroot_path, dropbear).c_str(), X_OK) < 0)
        return {};  // it was said when this boot began
    // In the file that is locked in memory with the chroot; what dropbear has beside it is locked by pando-lock.
    (void)TRY(boot.survival->start(dropbear_argv(rescue, boot.node(), "/usr/sbin/pando-survival session"),
                                   {{"LD_PRELOAD", chroot::memory_lock}}, rescue_ssh_name));
    return write_file_atomic(rescue_ssh_file, fmt::format("{}\n", fmt::join(addresses, " ")), 0644);
}

void warn(const Result<>& done) {
    if (done) return;
    log::warning("rescue: {}", done.error().what);
    if (!done.error().advice.empty()) log::hint("{}", done.error().advice);
}

}  // namespace

std::vector<std::string> rescue_addresses(const config::Rescue& rescue, const config::Node& node) {
    std::vector<std::string> found;
    for (const config::Nic& nic : node.nics)
        for (const std::string& address : nic.addresses) {
            const std::string bare = address.substr(0, address.find('/'));
            const bool six = bare.find(':') != std::string::npos;
            if (found.size() == most_addresses) return found;
            found.push_back(fmt::format("{}{}{}:{}", six ? "[" : "", bare, six ? "]" : "", rescue.port));
        }
    return found;
}

std::vector<std::string> dropbear_argv(const config::Rescue& rescue, const config::Node& node,
                                       const std::string& session) {
    // -F -E: in the foreground, and no syslog: its socket is the root's. -s: no passwords. -j -k: no forwarding. -m: no
    // message of the day. -K: a session whose other end is gone ends after 45 s, one in which nobody types after -I.
    std::vector<std::string> argv = {dropbear,
                                     "-F",
                                     "-E",
                                     "-s",
                                     "-j",
                                     "-k",
                                     "-m",
                                     "-K",
                                     "15",
                                     "-I",
                                     std::to_string(rescue.idle.count() / 1000),
                                     "-P",
                                     "/run/rescue-ssh.pid",
                                     "-r",
                                     host_key_file,
                                     "-c",
                                     session};
    for (const std::string& address : rescue_addresses(rescue, node)) {
        argv.emplace_back("-p");
        argv.push_back(address);
    }
    return argv;
}

Result<> write_rescue_files(const config::Bundle& bundle, const config::Cluster& cluster, const config::Node& node,
                            const fs::path& tree, bool wanted) {
    const fs::path host_key = in(tree, host_key_file), ssh = in(tree, "/root/.ssh");
    if (!wanted) {
        TRY(remove_file(host_key));
        return remove_file(ssh / "authorized_keys");
    }
    const auto authkey = bundle.files.find("authkey");
    if (authkey == bundle.files.end())
        return fail("the bundle carries no authkey").advise("make it again: pando bundle make");
    const auto key = TRY(config::rescue_host_key(authkey->second, node.name));
    // dropbear takes no keys from a place where somebody else could write.
    TRY(make_directories(in(tree, "/root"), 0700));
    TRY(make_directories(ssh, 0700));
    TRY(make_directories(host_key.parent_path(), 0700));
    std::string keys;
    for (const std::string& line : cluster.rescue.keys) keys += line + "\n";
    TRY(write_file_atomic(ssh / "authorized_keys", keys, 0600));
    return write_file_atomic(host_key, key.dropbear_file, 0600);
}

void start_rescue_ssh(Boot& boot) {
    if (boot.cluster->rescue.in_boot()) warn(start_in_boot(boot));
}

void hand_over_rescue_ssh(Boot& boot) { warn(start_in_chroot(boot)); }

}  // namespace pando::initrd
