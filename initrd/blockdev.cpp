// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/blockdev.h"

#include "base/number.h"
#include "initrd/wait_for_device.h"
#include "rootfs/install.h"

#include <fcntl.h>
#include <strings.h>
#include <unistd.h>
#include <algorithm>
#include <array>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

const fs::path block_class = "sys/class/block";
constexpr uint64_t sector = 512;  // sysfs counts in these, whatever the disk's own size

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string line_or_empty(const Sysroot& root, const fs::path& file) {
    auto line = root.read_line(file);
    return line ? *line : std::string();
}

uint64_t size_of(const Sysroot& root, const fs::path& device) {
    return whole_number<uint64_t>(line_or_empty(root, device / "size")).value_or(0) * sector;
}

// Printable text without blanks at its ends, every run of blanks one underscore: as udev makes its names.
std::string as_in_by_id(std::string_view raw) {
    std::string out;
    for (const char c : raw) {
        if (c > ' ' && c <= '~')
            out += c;
        else if (!out.empty() && out.back() != '_')
            out += '_';
    }
    while (!out.empty() && out.back() == '_') out.pop_back();
    return out;
}

// Vital product data page 80: four bytes of header, then the serial number.
std::string serial_from_vpd(const Sysroot& root, const fs::path& disk) {
    constexpr size_t header = 4;
    auto page = root.read(disk / "device/vpd_pg80", 4096);
    return page && page->size() > header ? as_in_by_id(std::string_view(*page).substr(header)) : std::string();
}

// The wwid as the kernel gives it, and the forms in which people meet it in /dev/disk/by-id. The first entry is the
// wwid itself when there is one.
std::vector<std::string> identities_of(const Sysroot& root, const fs::path& disk) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
        if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    std::string wwid = line_or_empty(root, disk / "device/wwid");  // SCSI
    if (wwid.empty()) wwid = line_or_empty(root, disk / "wwid");   // NVMe
    add(as_in_by_id(wwid));
    const std::string_view bare = std::string_view(wwid).substr(std::min(wwid.find('.') + 1, wwid.size()));
    const auto add_scsi = [&](char kind) {
        add("scsi-" + (kind + as_in_by_id(bare)));
        add(kind + as_in_by_id(bare));
    };
    if (starts_with(wwid, "naa.")) {
        add("wwn-0x" + std::string(bare));
        add("0x" + std::string(bare));
        add(std::string(bare));
        add_scsi('3');
    } else if (starts_with(wwid, "eui.")) {
        add("nvme-" + wwid);
        add("wwn-" + wwid);
        add_scsi('2');
    } else if (starts_with(wwid, "t10.")) {
        add_scsi('1');
    }
    for (const fs::path& file : {disk / "serial", disk / "device/serial"}) {  // virtio; NVMe
        const std::string serial = as_in_by_id(line_or_empty(root, file));
        add(serial);
        if (!serial.empty() && starts_with(disk.filename().string(), "vd")) add("virtio-" + serial);
        const std::string model = as_in_by_id(line_or_empty(root, disk / "device/model"));
        if (!serial.empty() && starts_with(disk.filename().string(), "nvme")) add("nvme-" + model + "_" + serial);
    }
    add(serial_from_vpd(root, disk));
    return names;
}

// /sys/class/block/sda leads through …/host7/session1/target7:0:0/7:0:0:1/block/sda.
void read_scsi_address(const Sysroot& root, const fs::path& path, Disk& disk) {
    auto address = root.read_link(path / "device");
    if (address) {
        const std::string last = fs::path(*address).filename().string();
        if (std::count(last.begin(), last.end(), ':') == 3)
            disk.lun = whole_number<uint32_t>(last.substr(last.rfind(':') + 1));
    }
    auto way = root.read_link(path);
    if (!way) return;
    for (const fs::path& part : fs::path(*way)) {
        const std::string session = part.string();
        if (!starts_with(session, "session") || !whole_number<unsigned>(session.substr(7))) continue;
        disk.target = line_or_empty(root, fs::path("sys/class/iscsi_session") / session / "targetname");
    }
}

// Never a LUN: memory, optical and floppy drives, and what stands on other disks.
bool is_passed_over(std::string_view name) {
    constexpr std::array prefixes = {"ram", "zram", "sr", "fd", "dm-", "md", "nbd"};
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const char* p) { return starts_with(name, p); });
}

std::optional<Gfs2Superblock> read_gfs2(const Sysroot& root, const std::string& name) {
    auto fd = root.open_at(device_path(name), O_RDONLY);
    if (!fd) return std::nullopt;
    std::array<char, gfs2_superblock_size> bytes;
    const ssize_t n = pread(fd->get(), bytes.data(), bytes.size(), gfs2_superblock_offset);
    if (n != static_cast<ssize_t>(bytes.size())) return std::nullopt;
    auto superblock = parse_gfs2({bytes.data(), bytes.size()});
    if (!superblock) return std::nullopt;
    return *superblock;
}

struct Candidate {
    Disk disk;
    Partition partition;
    Gfs2Superblock superblock;
};

std::string shown(const Candidate& candidate) {
    return fmt::format("{} (disk {})", device_path(candidate.partition.name).string(),
                       candidate.disk.identities.empty() ? "without an identity" : candidate.disk.identities.front());
}

Result<std::vector<Candidate>> all_gfs2(const Sysroot& root) {
    std::vector<Candidate> found;
    for (const Disk& disk : TRY(read_disks(root)))
        for (const Partition& partition : TRY(read_partitions(root, disk.name)))
            if (auto superblock = read_gfs2(root, partition.name)) found.push_back({disk, partition, *superblock});
    return found;
}

bool is_wwid(std::string_view identity) {
    return starts_with(identity, "naa.") || starts_with(identity, "eui.") || starts_with(identity, "t10.") ||
           starts_with(identity, "uuid.") || starts_with(identity, "nvme.");
}

// A partition gets the name when its installation is complete; until then it is not to be found, even though its
// superblock is right. A disk without partitions has no such mark: its filesystem alone tells.
bool is_finished(const Candidate& candidate) {
    return candidate.partition.label == rootfs::partition_root || candidate.partition.name == candidate.disk.name;
}

// Those on the cluster's LUN that can be meant: by UUID; else by the partition's name; else by the lock table.
std::vector<Candidate> choose(const std::vector<Candidate>& all, const config::Cluster& cluster) {
    const auto pick = [&](const auto& wanted) {
        std::vector<Candidate> chosen;
        for (const Candidate& candidate : all)
            if (is_cluster_disk(cluster.storage, candidate.disk) && is_finished(candidate) && wanted(candidate))
                chosen.push_back(candidate);
        return chosen;
    };
    if (cluster.root.uuid) return pick([&](const Candidate& c) { return same(c.superblock.uuid, *cluster.root.uuid); });
    auto named = pick([](const Candidate& c) { return c.partition.label == rootfs::partition_root; });
    if (!named.empty()) return named;
    return pick([&](const Candidate& c) { return c.superblock.lock_table == cluster.lock_table(); });
}

Result<> refuse_second(const Candidate& first, const Candidate& second, std::string_view same_thing) {
    const bool one_lun = same_lun(first.disk, second.disk) && first.partition.label == second.partition.label &&
                         first.partition.size == second.partition.size && first.partition.disk != second.partition.disk;
    if (one_lun) return {};
    return fail("two devices hold a root with the {}: {} and {}", same_thing, shown(first), shown(second))
        .advise(
            "one of them is a copy or a snapshot: unmap it from this blade, or name the right one in "
            "storage.identity of cluster.yaml and give the other another UUID (tunegfs2 -U)");
}

Result<> check_superblock(const Candidate& root, const config::Cluster& cluster) {
    if (root.superblock.lock_protocol != "lock_dlm")
        return fail("{}: its lock protocol is {}, a shared root needs lock_dlm", shown(root),
                    root.superblock.lock_protocol)
            .advise("mounted by two nodes it would be destroyed. With no node on it: tunegfs2 -o lockproto=lock_dlm");
    if (root.superblock.lock_table != cluster.lock_table())
        return fail("{}: found lock table {}, expected {}", shown(root), root.superblock.lock_table,
                    cluster.lock_table())
            .advise(
                "this is another cluster's root, or cluster.name or root.name changed. To take it over, with no "
                "node on it: tunegfs2 -o locktable=" +
                cluster.lock_table());
    return {};
}

std::string wanted_disk(const config::Storage& storage) {
    if (storage.identity) return "disk " + *storage.identity;
    if (storage.iscsi) return fmt::format("LUN {} of target {}", storage.iscsi->lun, storage.iscsi->target);
    return "any disk";
}

// What a person at the console needs to see why nothing was found.
std::string what_is_there(const Sysroot& root) {
    auto disks = read_disks(root);
    if (!disks || disks->empty()) return "no disk is there";
    std::string text = "there are:";
    for (const Disk& disk : *disks) {
        text += fmt::format("\n  {} {} MiB", disk.name, disk.size >> 20U);
        if (!disk.target.empty()) text += " target " + disk.target;
        if (disk.lun) text += fmt::format(" LUN {}", *disk.lun);
        text += disk.identities.empty() ? std::string(" without an identity") : " " + disk.identities.front();
        auto partitions = read_partitions(root, disk.name);
        if (!partitions) continue;
        for (const Partition& partition : *partitions) {
            const auto superblock = read_gfs2(root, partition.name);
            text +=
                fmt::format("; {}{}", partition.name, partition.label.empty() ? "" : " \"" + partition.label + "\"");
            if (superblock) text += fmt::format(" gfs2 {} {}", superblock->lock_table, superblock->uuid);
        }
    }
    return text;
}

Failure not_found(const Sysroot& root, const config::Storage& storage, std::string_view what) {
    auto disks = read_disks(root);
    const bool disk_there = disks && std::any_of(disks->begin(), disks->end(),
                                                 [&](const Disk& disk) { return is_cluster_disk(storage, disk); });
    auto failure = fail("{} did not appear on {}; {}", what, wanted_disk(storage), what_is_there(root));
    failure.kind(ErrorKind::timeout);
    if (disk_there)
        return failure.advise(
            "the disk is there and holds no such root: install it (pando root install), or correct "
            "cluster.name, root.name or root.uuid in cluster.yaml");
    if (disks && !disks->empty())
        return failure.advise(
            "the disk is not among them: is the LUN mapped to this initiator, and is storage: in "
            "cluster.yaml right?");
    return failure.advise("is the LUN mapped to this initiator, and is the controller's driver in the image?");
}

}  // namespace

bool same_lun(const Disk& one, const Disk& other) {
    if (one.name == other.name) return true;
    return !one.identities.empty() && !other.identities.empty() && is_wwid(one.identities.front()) &&
           one.identities.front() == other.identities.front() && one.size == other.size;
}

fs::path device_path(std::string name) {
    std::replace(name.begin(), name.end(), '!', '/');  // so the kernel writes a slash in a device's name
    return fs::path("/dev") / name;
}

Result<std::vector<Disk>> read_disks(const Sysroot& root) {
    std::vector<Disk> disks;
    for (const std::string& name : TRY(root.list(block_class))) {
        const fs::path path = block_class / name;
        if (is_passed_over(name) || root.exists(path / "partition")) continue;
        Disk disk{.name = name, .size = size_of(root, path), .identities = {}, .target = {}, .lun = {}};
        if (disk.size == 0) continue;
        disk.identities = identities_of(root, path);
        read_scsi_address(root, path, disk);
        disks.push_back(std::move(disk));
    }
    return disks;
}

Result<std::vector<Partition>> read_partitions(const Sysroot& root, const std::string& disk) {
    std::vector<Partition> partitions;
    const fs::path path = block_class / disk;
    for (const std::string& name : TRY(root.list(path))) {
        if (!starts_with(name, disk) || !root.exists(path / name / "partition")) continue;
        Partition partition{.name = name, .disk = disk, .label = {}, .size = size_of(root, path / name)};
        const std::string uevent = line_or_empty(root, path / name / "uevent");
        constexpr std::string_view key = "\nPARTNAME=";
        const size_t at = uevent.find(key);
        if (at != std::string::npos) {
            const size_t begin = at + key.size();
            partition.label = uevent.substr(begin, uevent.find('\n', begin) - begin);
        }
        partitions.push_back(std::move(partition));
    }
    if (partitions.empty())
        partitions.push_back({.name = disk, .disk = disk, .label = {}, .size = size_of(root, path)});
    return partitions;
}

bool is_cluster_disk(const config::Storage& storage, const Disk& disk) {
    if (storage.identity) {
        constexpr std::string_view directory = "/dev/disk/by-id/";
        std::string_view wanted = *storage.identity;
        if (starts_with(wanted, directory)) wanted.remove_prefix(directory.size());
        return std::any_of(disk.identities.begin(), disk.identities.end(),
                           [&](const std::string& name) { return same(name, as_in_by_id(wanted)); });
    }
    if (storage.transport == "iscsi" && storage.iscsi)
        return disk.target == storage.iscsi->target && disk.lun == storage.iscsi->lun;
    return true;
}

Result<std::optional<RootDevice>> find_root(const Sysroot& root, const config::Cluster& cluster) {
    const auto all = TRY(all_gfs2(root));
    const auto chosen = choose(all, cluster);
    if (chosen.empty()) return std::optional<RootDevice>();
    const Candidate& found = chosen.front();
    for (const Candidate& other : chosen)
        if (other.partition.name != found.partition.name)
            TRY(refuse_second(
                found, other,
                other.superblock.uuid == found.superblock.uuid ? "same UUID " + found.superblock.uuid : "same name"));
    for (const Candidate& other : all)  // a copy anywhere, not only on the cluster's LUN
        if (other.partition.name != found.partition.name && other.superblock.uuid == found.superblock.uuid)
            TRY(refuse_second(found, other, "same UUID " + found.superblock.uuid));
    TRY(check_superblock(found, cluster));
    return std::optional<RootDevice>(
        RootDevice{.device = device_path(found.partition.name),
                   .disk = device_path(found.disk.name),
                   .identity = found.disk.identities.empty() ? std::string() : found.disk.identities.front(),
                   .superblock = found.superblock});
}

Result<RootDevice> wait_for_root(const config::Cluster& cluster, Deadline deadline) {
    const Sysroot root = TRY(Sysroot::open("/"));
    auto found = TRY(wait_for<RootDevice>([&] { return find_root(root, cluster); }, deadline));
    if (found) return *found;
    return not_found(root, cluster.storage, fmt::format("the root (gfs2, lock table {})", cluster.lock_table()));
}

Result<Disk> wait_for_disk(const config::Storage& storage, Deadline deadline) {
    const Sysroot root = TRY(Sysroot::open("/"));
    const auto look = [&]() -> Result<std::optional<Disk>> {
        std::optional<Disk> found;
        for (const Disk& disk : TRY(read_disks(root))) {
            if (!is_cluster_disk(storage, disk)) continue;
            if (found && !same_lun(*found, disk))
                return fail("{} may be {} or {}; {}", wanted_disk(storage), found->name, disk.name, what_is_there(root))
                    .advise("name the right one in storage.identity of cluster.yaml");
            if (!found) found = disk;
        }
        return found;
    };
    auto found = TRY(wait_for<Disk>(look, deadline));
    if (found) return *found;
    return not_found(root, storage, "the LUN");
}

}  // namespace pando::initrd
