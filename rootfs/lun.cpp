// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/lun.h"

#include "base/fd.h"
#include "base/file.h"
#include "rootfs/install.h"

#include <blkid.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <algorithm>
#include <cctype>
#include <memory>

namespace pando::rootfs {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t edge = 1U << 20U;  // bytes looked at, at either end of a LUN without signature

using Probe = std::unique_ptr<blkid_struct_probe, decltype(&blkid_free_probe)>;

Result<Probe> make_probe(int fd, uint64_t start, uint64_t size) {
    Probe probe(blkid_new_probe(), blkid_free_probe);
    if (!probe ||
        blkid_probe_set_device(probe.get(), fd, static_cast<blkid_loff_t>(start), static_cast<blkid_loff_t>(size)) < 0)
        return fail("libblkid cannot probe the device");
    blkid_probe_enable_superblocks(probe.get(), 1);
    blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_MAGIC);
    blkid_probe_enable_partitions(probe.get(), 1);
    blkid_probe_set_partitions_flags(probe.get(), BLKID_PARTS_MAGIC);
    return probe;
}

std::string value(const Probe& probe, const char* name) {
    const char* text = nullptr;
    if (blkid_probe_lookup_value(probe.get(), name, &text, nullptr) < 0 || text == nullptr) return {};
    return text;
}

void add_name(std::vector<std::string>& names, std::string name) {
    const auto blank = [](unsigned char c) { return std::isprint(c) == 0 || c == ' '; };
    while (!name.empty() && blank(static_cast<unsigned char>(name.back()))) name.pop_back();
    while (!name.empty() && blank(static_cast<unsigned char>(name.front()))) name.erase(0, 1);
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
}

// What the hardware calls itself, as far as the kernel tells.
void read_hardware_names(dev_t device, std::vector<std::string>& names) {
    const fs::path sysfs = fmt::format("/sys/dev/block/{}:{}", major(device), minor(device));
    for (const char* file : {"device/wwid", "wwid", "serial", "device/serial"})
        if (const auto text = read_line(sysfs / file)) add_name(names, *text);
    // SCSI: the unit's serial number page, behind a header of four bytes.
    if (const auto page = read_file(sysfs / "device/vpd_pg80", 4096); page && page->size() > 4)
        add_name(names, page->substr(4));
}

// One scan collects every signature there is: a disk can carry a filesystem's beside a partition table's.
Result<> read_signatures(int fd, Lun& lun) {
    const auto probe = TRY(make_probe(fd, 0, 0));
    std::vector<std::string> found;
    for (;;) {
        const int status = blkid_do_probe(probe.get());
        if (status < 0) return fail("reading what {} holds", lun.device.string());
        if (status != 0) break;
        if (const auto table = value(probe, "PTTYPE"); !table.empty()) {
            found.push_back("a " + table + " partition table");
            add_name(lun.names, value(probe, "PTUUID"));
        }
        if (const auto type = value(probe, "TYPE"); !type.empty()) {
            found.push_back("a " + type + " signature");
            add_name(lun.names, value(probe, "UUID"));
        }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    for (const auto& what : found) lun.holds += (lun.holds.empty() ? "" : " and ") + what;
    return {};
}

Result<> read_partitions(int fd, Lun& lun) {
    const auto probe = TRY(make_probe(fd, 0, 0));
    blkid_partlist list = blkid_probe_get_partitions(probe.get());
    if (list == nullptr) return {};
    for (int i = 0; i < blkid_partlist_numof_partitions(list); ++i) {
        blkid_partition part = blkid_partlist_get_partition(list, i);
        const char* name = blkid_partition_get_name(part);
        constexpr uint64_t sector = 512;  // libblkid's unit, whatever the disk's
        lun.partitions.push_back({.number = blkid_partition_get_partno(part),
                                  .name = name != nullptr ? name : "",
                                  .start = static_cast<uint64_t>(blkid_partition_get_start(part)) * sector,
                                  .size = static_cast<uint64_t>(blkid_partition_get_size(part)) * sector});
    }
    for (const auto& part : lun.partitions) {
        const auto inner = TRY(make_probe(fd, part.start, part.size));
        if (blkid_do_safeprobe(inner.get()) == 0) add_name(lun.names, value(inner, "UUID"));
    }
    return {};
}

Result<bool> is_zero(int fd, uint64_t start, uint64_t size) {
    std::string buffer(size, '\1');
    for (size_t have = 0; have < size;) {
        const ssize_t n = pread(fd, buffer.data() + have, size - have, static_cast<off_t>(start + have));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail_errno(n < 0 ? errno : EIO, "reading the LUN at byte {}", start + have);
        have += static_cast<size_t>(n);
    }
    return buffer.find_first_not_of('\0') == std::string::npos;
}

}  // namespace

Result<Lun> read_lun(const fs::path& device) {
    Lun lun{.device = device};
    const UniqueFd fd(open(device.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "opening {}", device.string());
    struct stat st {};
    if (fstat(fd.get(), &st) < 0) return fail_errno(errno, "{}", device.string());
    if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
        return bad_input("{} is neither a block device nor a file", device.string())
            .advise("name the whole LUN, as in /dev/sda");
    lun.is_device = S_ISBLK(st.st_mode);
    lun.size = static_cast<uint64_t>(st.st_size);
    if (lun.is_device) {
        if (ioctl(fd.get(), BLKGETSIZE64, &lun.size) < 0) return fail_errno(errno, "the size of {}", device.string());
        read_hardware_names(st.st_rdev, lun.names);
    }
    if (lun.size < 2 * edge)
        return bad_input("{} has {} bytes: too small for anything", device.string(), lun.size)
            .advise("name the whole LUN, as in /dev/sda");
    std::string start(preparing_mark.size(), '\0');
    lun.being_prepared =
        pread(fd.get(), start.data(), start.size(), 0) == static_cast<ssize_t>(start.size()) && start == preparing_mark;
    TRY(read_signatures(fd.get(), lun));
    TRY(read_partitions(fd.get(), lun));
    if (lun.holds.empty() && !(TRY(is_zero(fd.get(), 0, edge)) && TRY(is_zero(fd.get(), lun.size - edge, edge))))
        lun.holds = "data of no known kind";
    return lun;
}

LunState state_of(const Lun& lun) {
    if (lun.holds.empty()) return LunState::blank;
    if (lun.being_prepared && lun.partitions.empty()) return LunState::preparing;
    if (lun.partitions.size() != 3 || lun.partitions[0].name != partition_bundle ||
        lun.partitions[1].name != partition_sbd)
        return LunState::foreign;
    if (lun.partitions[2].name == partition_unfinished) return LunState::unfinished;
    return lun.partitions[2].name == partition_root ? LunState::installed : LunState::foreign;
}

Result<> flush_lun(const fs::path& device) {
    const UniqueFd fd(open(device.c_str(), O_RDWR | O_CLOEXEC));
    struct stat st {};
    if (!fd.valid() || fsync(fd.get()) < 0 || fstat(fd.get(), &st) < 0 ||
        (S_ISBLK(st.st_mode) && ioctl(fd.get(), BLKFLSBUF, 0) < 0))
        return fail_errno(errno, "flushing {}", device.string());
    return {};
}

fs::path partition_device(const fs::path& device, int number) {
    const std::string name = device.string();
    const bool digit = !name.empty() && std::isdigit(static_cast<unsigned char>(name.back())) != 0;
    return fmt::format("{}{}{}", name, digit ? "p" : "", number);
}

}  // namespace pando::rootfs
