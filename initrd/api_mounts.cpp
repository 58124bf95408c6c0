// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/api_mounts.h"

#include "base/file.h"

#include <sys/mount.h>
#include <sys/stat.h>

namespace pando::initrd {
namespace {

struct ApiMount {
    const char* type;
    const char* target;
    unsigned long flags;
    const char* options;
};

constexpr unsigned long no_programs = MS_NOSUID | MS_NOEXEC | MS_NODEV;

Result<> mount_one(const ApiMount& api) {
    TRY(make_directories(api.target));
    if (mount(api.type, api.target, api.type, api.flags, api.options) < 0 && errno != EBUSY)
        return fail_errno(errno, "mounting {} at {}", api.type, api.target);
    return {};
}

}  // namespace

Result<> mount_api_filesystems() {
    umask(022);
    // /run stays mounted under the booted system and must allow programs: the exit tree lies in it.
    constexpr ApiMount mounts[] = {
        {"proc", "/proc", no_programs, nullptr},
        {"sysfs", "/sys", no_programs, nullptr},
        {"devtmpfs", "/dev", MS_NOSUID, "mode=755"},
        {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=000"},
        {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
        {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755,size=20%"},
    };
    for (const ApiMount& api : mounts) TRY(mount_one(api));
    TRY(make_directories("/run/pando", 0755));
    return {};
}

Result<> mount_configfs() { return mount_one({"configfs", "/sys/kernel/config", no_programs, nullptr}); }

}  // namespace pando::initrd
