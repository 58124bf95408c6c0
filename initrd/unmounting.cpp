// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/unmounting.h"

#include "base/process.h"
#include "base/procfs.h"

#include <sys/mount.h>
#include <unistd.h>

namespace pando::initrd {
namespace {

// The errno of the call, or 0.
template <typename Call>
Result<int> call_in_child(const Call& call, Deadline deadline) {
    const pid_t pid = fork();
    if (pid < 0) return fail_errno(errno, "fork");
    if (pid == 0) _exit(call() == 0 ? 0 : errno);
    auto child = TRY(Child::adopt(pid));
    return child.wait(deadline);
}

}  // namespace

Result<> unmount(const std::filesystem::path& point, int flags, Deadline deadline) {
    const int status = TRY(call_in_child([&] { return umount2(point.c_str(), flags); }, deadline));
    if (status != 0) return fail_errno(status, "unmounting {}", point.string());
    return {};
}

Result<std::string> make_read_only(const std::filesystem::path& point, Deadline deadline) {
    const auto mount = mount_at(TRY(our_mounts()), point.native());
    if (!mount || !mount->writable()) return std::string();
    constexpr unsigned long flags = MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOATIME;
    const int status =
        TRY(call_in_child([&] { return ::mount(nullptr, point.c_str(), nullptr, flags, nullptr); }, deadline));
    if (status != 0) return fail_errno(status, "making {} at {} read-only", mount->source, point.string());
    return mount->source;
}

}  // namespace pando::initrd
