// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/prepare.h"

#include "base/fd.h"
#include "base/process.h"
#include "rootfs/install.h"
#include "rootfs/lun.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>

namespace pando::rootfs {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t mebibyte = 1U << 20U;
constexpr uint64_t table_size = mebibyte;  // sfdisk begins the first partition behind it
constexpr uint64_t bundle_size = 64 * mebibyte;
constexpr uint64_t sbd_size = 8 * mebibyte;
constexpr uint64_t mark_size = 4096;           // a whole block of any disk
constexpr uint64_t piece_size = 8 * mebibyte;  // the kernel does not stop in the middle of one
constexpr auto partition_time = std::chrono::minutes(2);

Result<> refuse_unless_blank(const Lun& lun, const std::string& overwrite) {
    const std::string names = lun.names.empty() ? "" : fmt::format(" ({})", fmt::join(lun.names, ", "));
    const std::string who = lun.device.string() + names;
    if (lun.size < least_lun_size)
        return bad_input("{} has {} MiB, a root needs {} MiB", who, lun.size / mebibyte, least_lun_size / mebibyte)
            .advise("export a larger LUN");
    const bool named = std::find(lun.names.begin(), lun.names.end(), overwrite) != lun.names.end();
    if (state_of(lun) != LunState::foreign || named) return {};
    return bad_input("{} is not empty: it holds {}", who, lun.holds)
        .advise(lun.names.empty()
                    ? "if its content may be lost, erase it first: wipefs --all, and blkdiscard or truncate"
                    : fmt::format("if its content may be lost: --overwrite '{}'", lun.names.front()));
}

// Opened exclusively: fails while the LUN, or a partition of it, is mounted or otherwise in use here.
Result<UniqueFd> open_lun(const Lun& lun) {
    UniqueFd fd(open(lun.device.c_str(), O_RDWR | O_CLOEXEC | (lun.is_device ? O_EXCL : 0)));
    if (!fd.valid()) return fail_errno(errno, "opening {} for ourselves", lun.device.string());
    return fd;
}

Result<> write_mark(int fd, const Lun& lun) {
    std::string block(preparing_mark);
    block.resize(mark_size, '\0');
    if (pwrite(fd, block.data(), block.size(), 0) != static_cast<ssize_t>(block.size()) || fsync(fd) < 0)
        return fail_errno(errno, "writing {}", lun.device.string());
    return {};
}

Result<bool> is_zero(int fd, uint64_t start, uint64_t size) {
    std::string buffer(std::min(size, mebibyte), '\0');
    for (uint64_t at = 0; at < size; at += buffer.size()) {
        buffer.resize(std::min<uint64_t>(buffer.size(), size - at));
        const ssize_t n = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(start + at));
        if (n != static_cast<ssize_t>(buffer.size())) return fail_errno(n < 0 ? errno : EIO, "reading at {}", start);
        if (buffer.find_first_not_of('\0') != std::string::npos) return false;
    }
    return true;
}

// What an earlier owner of the LUN left there must not be taken for ours.
Result<> zero(int fd, const Lun& lun, uint64_t start, uint64_t size, Deadline deadline) {
    for (uint64_t at = start; at < start + size; at += piece_size) {
        if (deadline.passed()) return fail("not done in time").kind(ErrorKind::timeout);
        const uint64_t length = std::min(piece_size, start + size - at);
        if (TRY(is_zero(fd, at, length))) continue;
        uint64_t range[2] = {at, length};
        const int done = lun.is_device ? ioctl(fd, BLKZEROOUT, range)
                                       : fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
                                                   static_cast<off_t>(at), static_cast<off_t>(length));
        if (done < 0) return fail_errno(errno, "clearing {}", lun.device.string());
    }
    return {};
}

// sfdisk writes both tables first and the sector that makes them count last.
Result<> write_table(const Lun& lun, Deadline deadline) {
    const std::string script =
        fmt::format("label: gpt\nsize={}KiB, type=L, name={}\nsize={}KiB, type=L, name={}\ntype=L, name={}\n",
                    bundle_size / 1024, partition_bundle, sbd_size / 1024, partition_sbd, partition_unfinished);
    (void)TRY(
        run_ok({.argv = {"sfdisk", "--quiet", "--wipe", "always", "--wipe-partitions", "never", lun.device.string()},
                .input = script,
                .deadline = deadline.capped(partition_time)}));
    return flush_lun(lun.device);
}

}  // namespace

Result<bool> needs_preparing(const fs::path& device, const std::string& overwrite) {
    const Lun lun = TRY(read_lun(device));
    TRY(refuse_unless_blank(lun, overwrite));
    const LunState state = state_of(lun);
    return state != LunState::unfinished && state != LunState::installed;
}

Result<> prepare_lun(const fs::path& device, const std::string& overwrite, Deadline deadline) {
    if (!TRY(needs_preparing(device, overwrite))) return {};
    const Lun lun = TRY(read_lun(device));
    {
        const UniqueFd fd = TRY(open_lun(lun));
        TRY(write_mark(fd.get(), lun));
        const uint64_t end = table_size + bundle_size + sbd_size;
        TRY(zero(fd.get(), lun, mark_size, end - mark_size, deadline));
        const uint64_t last = (lun.size - table_size) / mark_size * mark_size;  // where the backup table will be
        TRY(zero(fd.get(), lun, last, lun.size / mark_size * mark_size - last, deadline));
        if (fsync(fd.get()) < 0) return fail_errno(errno, "flushing {}", device.string());
    }
    TRY(write_table(lun, deadline));
    if (state_of(TRY(read_lun(device))) == LunState::unfinished) return {};
    return fail("{} does not read back as it was partitioned", device.string())
        .advise("look at the storage, and at the kernel's log: dmesg");
}

}  // namespace pando::rootfs
