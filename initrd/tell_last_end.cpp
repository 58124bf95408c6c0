// SPDX-License-Identifier: GPL-2.0-or-later
// Apart from the rest of last_end.h: what lies in memory on every node carries no loader of drivers for it.
#include "base/file.h"
#include "base/log.h"
#include "hwdetect/coldplug.h"
#include "initrd/last_end.h"

#include <sys/mount.h>
#include <unistd.h>

namespace pando::initrd {
namespace {

// Of the kernel's log at a panic: enough for what the watch tells, and the panic's own lines.
constexpr const char* mount_options = "kmsg_bytes=16384";

Result<> mount_pstore() {
    if (access(pstore_path, F_OK) != 0) return fail_errno(errno, "{}", pstore_path);
    if (mount("pstore", pstore_path, "pstore", MS_NOSUID | MS_NOEXEC | MS_NODEV, mount_options) < 0 && errno != EBUSY)
        return fail_errno(errno, "mounting pstore at {}", pstore_path);
    return {};
}

Result<> leave_in_memory(const LastEnd& end) {
    std::string names;
    for (const std::string& name : end.records) names += name + "\n";
    TRY(write_file_atomic(last_end_records, names, 0600));
    return write_file_atomic(last_end_file, fmt::format("{}\n{}", end.reason, end.log), 0600);
}

}  // namespace

void tell_last_end() {
    // Without EFI there is nothing for the driver to hold on to; ERST is in the kernel.
    if (access("/sys/firmware/efi/efivars", F_OK) == 0) (void)hwdetect::load_modules({"efi_pstore"});
    if (!mount_pstore()) return;  // a kernel without it
    const auto end = read_last_end(pstore_path);
    if (!end) return log::write(end.error());
    if (!*end) return;
    log::warning("the last end of this machine: {}", (*end)->reason);
    if (auto left = leave_in_memory(**end); !left) log::write(left.error());
}

}  // namespace pando::initrd
