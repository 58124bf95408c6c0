// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/local_disk.h"

#include "base/file.h"
#include "hwdetect/coldplug.h"
#include "initrd/volumes.h"
#include "initrd/wait_for_device.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using chroot::Volume;

constexpr const char* mark_name = "pando-chroot.json";
constexpr int mark_version = 1;

Result<Volume> find_volume(const DiskJob& job) {
    const Sysroot root = TRY(Sysroot::open("/"));
    const auto look = [&]() -> Result<std::optional<Volume>> {
        return chroot::choose_volume(job.wanted, TRY(read_volumes(root, job.storage)));
    };
    const Deadline deadline = Deadline::after(job.patience);
    if (job.load_drivers)
        job.load_drivers(
            [&] {
                const auto seen = look();
                return !seen || seen->has_value();
            },
            deadline);
    auto found = TRY(wait_for<Volume>(look, deadline));
    if (found) return std::move(*found);
    return fail("no disk with {} appeared within {} s", job.wanted.name(), job.patience.count() / 1000)
        .advise(
            "if this machine has it: is its controller's driver among drivers: of the node? If it shall have none: "
            "chroot_path: tmpfs for the node or its profile")
        .kind(ErrorKind::timeout);
}

// Alone in a mount namespace: what is mounted here is nobody else's, and goes with the thread.
Result<> leave_namespace() {
    if (unshare(CLONE_NEWNS) < 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
        return fail_errno(errno, "making a mount namespace for the disk");
    return {};
}

Result<> load_filesystem(const std::string& type) {
    const std::string known = read_file("/proc/filesystems").value_or("");
    if (known.find("\t" + type + "\n") != std::string::npos) return {};
    return hwdetect::load_modules({type == "ext3" ? "ext4" : type});
}

Result<> mount_volume(const Volume& volume, const fs::path& where) {
    TRY(load_filesystem(volume.filesystem));
    // A filesystem that finds itself damaged shall not write on.
    const char* options = volume.filesystem.starts_with("ext") ? "errors=remount-ro" : nullptr;
    constexpr unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOATIME;
    if (mount(volume.device.c_str(), where.c_str(), volume.filesystem.c_str(), flags, options) < 0)
        return fail_errno(errno, "mounting {} ({})", volume.device, volume.filesystem)
            .advise("the kernel's own words are in dmesg; check it with fsck, or make a new filesystem on it");
    return {};
}

// Whoever may write there could put other programs under our names.
Result<> check_owner(int directory, const fs::path& name) {
    struct stat status {};
    if (fstat(directory, &status) < 0) return fail_errno(errno, "{}", name.string());
    if (status.st_uid == geteuid() && (status.st_mode & 022U) == 0) return {};
    return fail("the directory {} on the disk may be written by others than root", name.string())
        .advise("name another directory: LABEL=…:/directory; or chown it to root and chmod it 0755");
}

// The directory on the mounted disk, made where it is missing; no symlink is followed.
Result<UniqueFd> open_directory(const fs::path& top, const fs::path& directory) {
    UniqueFd at(open(top.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!at.valid()) return fail_errno(errno, "{}", top.string());
    TRY(check_owner(at.get(), "/"));
    fs::path so_far = "/";
    for (const fs::path& name : directory.relative_path()) {
        so_far /= name;
        if (mkdirat(at.get(), name.c_str(), 0755) < 0 && errno != EEXIST)
            return fail_errno(errno, "creating {} on the disk", so_far.string());
        open_how how{};
        how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
        UniqueFd next(static_cast<int>(syscall(SYS_openat2, at.get(), name.c_str(), &how, sizeof how)));
        if (!next.valid()) return fail_errno(errno, "opening {} on the disk", so_far.string());
        TRY(check_owner(next.get(), so_far));
        at = std::move(next);
    }
    return at;
}

UniqueFd clone_mount(int directory) {
    return UniqueFd(open_tree(directory, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
}

Result<> put_mount(int tree, const fs::path& where) {
    if (move_mount(tree, "", AT_FDCWD, where.c_str(), MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return fail_errno(errno, "mounting at {}", where.string());
    return {};
}

// In place of the whole disk, its directory alone.
Result<> narrow(const fs::path& where, const fs::path& directory) {
    const UniqueFd inside = TRY(open_directory(where, directory));
    const UniqueFd tree = clone_mount(inside.get());
    if (!tree.valid()) return fail_errno(errno, "binding {} of the disk", directory.string());
    if (umount2(where.c_str(), MNT_DETACH) < 0) return fail_errno(errno, "unmounting {}", where.string());
    return put_mount(tree.get(), where);
}

// An unfinished file that write_file_atomic() left when the power went.
bool is_leftover(const std::string& name) { return name.starts_with(fmt::format(".{}.", mark_name)); }

// Generations of an older or a newer Pando mean nothing to us, but they are its to remove.
Result<> clear(const fs::path& store) {
    for (const std::string& name : TRY(list_directory(store)))
        if (name != mark_name) TRY(remove_tree(store / name));
    return {};
}

// The mark says that what is there is ours to change and to remove. Without it, only an empty directory is taken.
// Returns the cluster that had it before, when that is another.
Result<std::string> claim(const fs::path& store, const DiskJob& job) {
    const auto text = read_file(store / mark_name);
    if (!text && text.error().sys != ENOENT) return Failure(text.error());
    std::string former;
    if (!text) {
        for (const std::string& name : TRY(list_directory(store)))
            if (!is_leftover(name))
                return fail("the directory {} on the disk holds what is not Pando's: {}", job.wanted.directory, name)
                    .advise("name one that is empty or does not exist: " + job.wanted.name() + ":/directory");
    } else {
        const auto mark = nlohmann::json::parse(*text, nullptr, false);
        const bool readable = mark.is_object() && mark.value("version", nlohmann::json()) == mark_version &&
                              mark.value("cluster", nlohmann::json()).is_string();
        if (!readable) TRY(clear(store));
        if (readable) former = mark.at("cluster");
        if (former == job.cluster) return std::string();
    }
    const nlohmann::json mark = {{"version", mark_version}, {"cluster", job.cluster}};
    TRY(write_file_atomic(store / mark_name, mark.dump() + "\n", 0644));
    return former;
}

}  // namespace

Result<PreparedDisk> prepare_disk(const DiskJob& job, const chroot::Manifest& manifest) {
    const Volume volume = TRY(find_volume(job));
    TRY(leave_namespace());
    TRY(mount_volume(volume, job.store));
    const auto on_the_disk = [&]() -> Result<PreparedDisk> {
        TRY(narrow(job.store, job.wanted.directory));
        PreparedDisk disk;
        disk.former = TRY(claim(job.store, job));
        const auto image = TRY(Sysroot::open(job.image));
        disk.stored = TRY(chroot::store_generation(manifest, image, job.store));
        disk.place = {job.wanted.text(), volume.device, volume.filesystem, job.wanted.directory, {}, {}};
        const UniqueFd store(open(job.store.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        disk.tree = clone_mount(store.get());
        if (!disk.tree.valid()) return fail_errno(errno, "binding {} of the disk", job.wanted.directory);
        return disk;
    };
    auto disk = on_the_disk();
    // At once, and not when the thread's namespace happens to go.
    (void)umount2(job.store.c_str(), MNT_DETACH);
    if (!disk) return Failure(disk.error().context(fmt::format("{} ({})", volume.device, job.wanted.name())));
    return disk;
}

Result<> attach(const PreparedDisk& disk, const fs::path& store) { return put_mount(disk.tree.get(), store); }

}  // namespace pando::initrd
