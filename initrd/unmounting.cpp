// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/unmounting.h"

#include "base/log.h"
#include "base/process.h"
#include "base/procfs.h"
#include "initrd/stuck_unmount.h"

#include <sys/mount.h>
#include <unistd.h>

namespace pando::initrd {
namespace {

// Long enough for a fencing; what takes longer is told, each time anew: a wait that moves on looks otherwise than one
// that does not.
constexpr Milliseconds told_after = std::chrono::seconds(20);

// The errno of the call, or 0.
template <typename Call>
Result<int> call_in_child(const std::string& doing, const Call& call, Deadline deadline) {
    const pid_t pid = fork();
    if (pid < 0) return fail_errno(errno, "fork");
    if (pid == 0) _exit(call() == 0 ? 0 : errno);
    auto child = TRY(Child::adopt(pid));
    for (;;) {
        auto ended = child.wait(deadline.capped(told_after));
        if (ended || ended.error().kind != ErrorKind::timeout) return ended;
        log::warning("{} has not ended yet", doing);
        for (const auto& line : what_unmount_waits_for(pid)) log::info("{}", line);
        if (deadline.passed()) return fail("{} has not ended in time", doing).kind(ErrorKind::timeout);
    }
}

}  // namespace

Result<> unmount(const std::filesystem::path& point, int flags, Deadline deadline) {
    const std::string doing = fmt::format("unmounting {}", point.string());
    const int status = TRY(call_in_child(
        doing, [&] { return umount2(point.c_str(), flags); }, deadline));
    if (status != 0) return fail_errno(status, "{}", doing);
    return {};
}

Result<std::string> make_read_only(const std::filesystem::path& point, Deadline deadline) {
    const auto mount = mount_at(TRY(our_mounts()), point.native());
    if (!mount || !mount->writable()) return std::string();
    constexpr unsigned long flags = MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOATIME;
    const std::string doing = fmt::format("making {} at {} read-only", mount->source, point.string());
    const int status = TRY(call_in_child(
        doing, [&] { return ::mount(nullptr, point.c_str(), nullptr, flags, nullptr); }, deadline));
    if (status != 0) return fail_errno(status, "{}", doing);
    return mount->source;
}

}  // namespace pando::initrd
