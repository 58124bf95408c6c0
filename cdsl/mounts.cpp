// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/mounts.h"

#include "cdsl/beneath.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <string>

#include <linux/stat.h>  // STATX_ATTR_MOUNT_ROOT, after sys/stat.h which has the rest

namespace pando::cdsl {

namespace {

constexpr const char* tmpfs_size = "25%";  // of memory; the kernel's own default is half

struct Place {
    bool mount_root = false;  // is it the top of something mounted?
    uint64_t device_major = 0, device_minor = 0, inode = 0;
    bool same_directory(const Place& other) const {
        return device_major == other.device_major && device_minor == other.device_minor && inode == other.inode;
    }
};

Result<Place> place_of(int fd) {
    struct statx st {};
    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO, &st) < 0) return fail_errno(errno, "statx");
    return Place{(st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0, st.stx_dev_major, st.stx_dev_minor, st.stx_ino};
}

// A view of the directory that nothing which is mounted elsewhere propagates into: systemd has / shared, and a clone of
// it would be one with it.
Result<UniqueFd> clone(int directory) {
    UniqueFd mount(open_tree(directory, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
    if (!mount.valid()) return fail_errno(errno, "binding the directory");
    mount_attr attributes{};
    attributes.propagation = MS_PRIVATE;
    if (mount_setattr(mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0)
        return fail_errno(errno, "making the mount private");
    return mount;
}

Result<> attach(int mount, int target) {
    if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return fail_errno(errno, "attaching the mount");
    return {};
}

}  // namespace

Result<bool> is_mount_root(int fd) { return TRY(place_of(fd)).mount_root; }

Result<> detach(int target) {
    if (!TRY(is_mount_root(target))) return {};
    if (umount2(proc_path(target).c_str(), MNT_DETACH) < 0) return fail_errno(errno, "unmounting");
    return {};
}

Result<> bind_directory(int source, int target) {
    const Place wanted = TRY(place_of(source));
    const Place there = TRY(place_of(target));
    if (there.mount_root && there.same_directory(wanted)) return {};
    if (there.mount_root) return fail("something else is mounted there").advise("unmount it, or leave the rule out");
    return attach(TRY(clone(source)).get(), target);
}

Result<> mount_tmpfs(int target) {
    const Place there = TRY(place_of(target));
    if (there.mount_root) {
        struct statfs fs {};
        if (fstatfs(target, &fs) < 0) return fail_errno(errno, "statfs");
        if (fs.f_type == TMPFS_MAGIC) return {};
        return fail("something else is mounted there").advise("unmount it, or leave the rule out");
    }
    struct stat st {};
    if (fstat(target, &st) < 0) return fail_errno(errno, "stat");
    const std::string data =
        fmt::format("size={},mode={:04o},uid={},gid={}", tmpfs_size, st.st_mode & 07777U, st.st_uid, st.st_gid);
    if (mount("tmpfs", proc_path(target).c_str(), "tmpfs", MS_NOSUID | MS_NODEV, data.c_str()) < 0)
        return fail_errno(errno, "mounting a tmpfs");
    return {};
}

Result<UniqueFd> bare_view(int directory) {
    auto view = clone(directory);
    if (!view)
        return Failure(Error{fmt::format("looking below what is mounted: {}", view.error().what), "run it as root",
                             view.error().kind, view.error().sys});
    return view;
}

}  // namespace pando::cdsl
