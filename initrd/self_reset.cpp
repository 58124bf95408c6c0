// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/self_reset.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/procfs.h"
#include "initrd/bmc_device.h"
#include "initrd/sbd.h"
#include "initrd/watch_rules.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <csignal>

namespace pando::initrd {
namespace {

constexpr const char* panic_file = "/proc/sys/kernel/panic";
// Without it the kernel drops what one program writes faster than ten lines in five seconds.
constexpr const char* rate_file = "/proc/sys/kernel/printk_devkmsg";
// For the console, and the record of pstore, to be written.
constexpr Milliseconds after_panic{20000};

// pstore keeps some kilobytes, and the panic's own lines are among them.
constexpr size_t log_lines = 8, log_bytes = 1200;

// In a process of its own, since what it looks at may hang: the reset waits for none of them.
template <typename Work>
std::optional<Child> begin(const Work& work) {
    const pid_t child = fork();
    if (child == 0) {
        work();
        _exit(0);
    }
    if (child < 0) return std::nullopt;
    auto adopted = Child::adopt(child);
    return adopted ? std::optional(std::move(*adopted)) : std::nullopt;
}

void wait(Milliseconds span) { (void)poll(nullptr, 0, static_cast<int>(span.count())); }

// "S" sleeping, "D" in the kernel and not to be interrupted, "Z" ended.
std::string state_of(pid_t pid) {
    const std::string text = read_file(fmt::format("/proc/{}/stat", pid)).value_or("");
    const size_t at = text.rfind(')');  // behind the name, which may hold anything
    return at == std::string::npos || at + 2 >= text.size() ? "?" : text.substr(at + 2, 1);
}

std::vector<std::string> process_lines() {
    std::string line = "processes:";
    for (const pid_t pid : all_processes().value_or(std::vector<pid_t>()))
        if (const std::string name = first_argument(pid); name.starts_with('@'))
            line += fmt::format(" {} ({}, {})", name, pid, state_of(pid));
    return {std::move(line)};
}

std::vector<std::string> memory_lines() {
    std::string line = "memory:";
    for (const std::string& row : last_lines(read_file("/proc/meminfo").value_or(""), 64, 4096))
        for (const char* wanted : {"MemTotal:", "MemAvailable:", "Dirty:", "Writeback:", "SwapFree:"})
            if (row.starts_with(wanted)) line += " " + row;
    return {line + "; load " + read_line("/proc/loadavg").value_or("?")};
}

std::vector<std::string> mount_lines() {
    std::vector<std::string> lines;
    for (const Mount& mount : mounts_of(1).value_or(std::vector<Mount>()))
        if (mount.filesystem == "gfs2" && mount.root == "/")
            lines.push_back(fmt::format("mounted: {} at {} {}", mount.source, mount.point, mount.super_options));
    return lines;
}

// Not the whole of a log that has grown for months.
std::string end_of(const std::string& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> bytes{};
    if (!fd.valid()) return {};
    const off_t size = lseek(fd.get(), 0, SEEK_END);
    const off_t begin = std::max<off_t>(size - static_cast<off_t>(bytes.size()), 0);
    const ssize_t n = pread(fd.get(), bytes.data(), bytes.size(), begin);
    return {bytes.data(), static_cast<size_t>(std::max<ssize_t>(n, 0))};
}

// In this process's namespace, which is the chroot's. corosync's last lines also tell the membership.
std::vector<std::string> log_tail(const std::string& file) {
    std::vector<std::string> lines;
    for (const std::string& line : last_lines(end_of(file), log_lines, log_bytes))
        lines.push_back(fmt::format("{}: {}", std::filesystem::path(file).filename().string(), line));
    return lines;
}

}  // namespace

std::vector<std::string> last_lines(std::string_view text, size_t lines, size_t bytes) {
    std::vector<std::string> found;
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    while (!text.empty() && found.size() < lines) {
        const size_t begin = text.rfind('\n') == std::string_view::npos ? 0 : text.rfind('\n') + 1;
        const std::string_view line = text.substr(begin);
        if (line.size() > bytes) break;
        bytes -= line.size();
        found.emplace_back(line);
        text.remove_suffix(line.size() + (begin > 0 ? 1 : 0));
    }
    std::reverse(found.begin(), found.end());
    return found;
}

Result<Resetter> Resetter::open() {
    Resetter resetter;
    resetter.sysrq_.reset(::open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC));
    if (!resetter.sysrq_.valid()) return fail_errno(errno, "opening /proc/sysrq-trigger");
    resetter.kernel_log_.reset(::open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
    // Also for a panic that is none of ours: by default the kernel stands still then, until somebody fences it.
    if (read_line(panic_file).value_or("0") == "0")
        (void)write_existing(panic_file, std::to_string(panic_reboot_seconds));
    return resetter;
}

// To the kernel's log alone: the console shows why, and that must stay to be seen. Last comes the reason once more: of
// a long log its end is kept.
void Resetter::tell_state(const std::string& reason) const {
    (void)write_existing(rate_file, "on");
    std::vector<std::string> lines;
    const auto add = [&lines](std::vector<std::string> more) { lines.insert(lines.end(), more.begin(), more.end()); };
    add(process_lines());
    add(memory_lines());
    add(mount_lines());
    for (const char* file : {"/var/log/corosync.log", "/var/log/dlm_controld/dlm_controld.log",
                             "/var/log/dlm_controld.out", "/var/log/iscsid.out", "/var/log/pando-follow.out"})
        add(log_tail(file));
    constexpr size_t longest = 400;
    for (const std::string& line : lines)
        (void)write_all(kernel_log_.get(), fmt::format("<5>pando: state: {}\n", line.substr(0, longest)));
    (void)write_all(kernel_log_.get(), fmt::format("<5>pando: {}{}\n", reset_marker, reason.substr(0, longest)));
}

// Its device is opened only now: the driver may have come at any time, and a machine without one has nothing to say.
void Resetter::tell_bmc(const std::string& reason, Deadline deadline) const {
    auto bmc = BmcDevice::open();
    if (bmc && !*bmc) return;
    Result<> told;
    if (bmc)
        told = write_reset_to_bmc(
            [&](const BmcRequest& request, Deadline until) { return (*bmc)->ask(request, until); }, reason, deadline);
    const std::string fault = !bmc ? bmc.error().what : told ? std::string() : told.error().what;
    (void)write_all(kernel_log_.get(),
                    fault.empty() ? "<5>pando: the BMC's event log has the reason\n"
                                  : fmt::format("<5>pando: the BMC's event log has not got the reason: {}\n", fault));
}

void Resetter::reset(const std::string& reason) const {
    log::error("{}{}", reset_marker, reason);
    log::hint("the others go on without it; its next boot tells this again, and keeps it in /var/log/pando");
    const Deadline deadline = Deadline::after(reset_grace);
    auto to_bmc = begin([&] { tell_bmc(reason, deadline); });
    auto to_log = begin([&] { tell_state(reason); });
    for (auto* teller : {&to_bmc, &to_log})
        if (*teller) (void)(*teller)->wait(deadline);
    // It would feed the card on, should neither of the two below work. Now, and no earlier: its readers reset this
    // machine when they see that they are alone, and nothing would be kept in pstore.
    if (const auto sbd = sbd_process()) kill(*sbd, SIGKILL);
    (void)write_all(sysrq_.get(), "c");
    wait(after_panic);
    (void)write_all(sysrq_.get(), "b");
    wait(after_panic);
}

}  // namespace pando::initrd
