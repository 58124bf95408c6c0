// SPDX-License-Identifier: GPL-2.0-or-later
// LUNs and targets that a host sees, and the address of its BMC.
#include "base/number.h"
#include "config/values.h"
#include "hwdetect/sysfs.h"
#include "nodes/host_parts.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

namespace pando::nodes {
namespace {

namespace fs = std::filesystem;

const fs::path blocks = "sys/class/block";

bool is_shareable(const std::string& transport) {
    return transport == "iscsi" || transport == "fc" || transport.starts_with("nvme-");
}

// What storage.identity takes; some firmware's identities have blanks in them.
std::string usable_identity(const std::string& wwn) { return config::is_word(wwn, "_-.:+=@", 256) ? wwn : ""; }

// Mount points and swap by the device's path, with the kernel's \040 for a blank left as it is: only shown.
std::string use_of(const Sysroot& root, const std::set<std::string>& devices) {
    std::istringstream mounts(root.read("proc/mounts", 4U << 20U).value_or(""));
    std::string device, where;
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream words(line);
        words >> device >> where;
        if (devices.contains(device)) return fmt::format("mounted at {}", where);
    }
    std::istringstream swaps(root.read("proc/swaps", 1U << 20U).value_or(""));
    for (std::string line; std::getline(swaps, line);)
        if (devices.contains(line.substr(0, line.find_first_of(" \t")))) return "swap";
    return {};
}

// The disk, its partitions, and what stands on them, by every name they have below /dev.
void add_with_holders(const Sysroot& root, const std::string& name, std::set<std::string>& devices, int depth = 0) {
    constexpr int deepest = 8;
    if (depth > deepest || !devices.insert("/dev/" + name).second) return;
    if (const std::string map = hwdetect::line_or_empty(root, blocks / name / "dm/name"); !map.empty())
        devices.insert("/dev/mapper/" + map);
    for (const std::string& below : hwdetect::names_in(root, blocks / name))
        if (root.exists(blocks / name / below / "partition")) add_with_holders(root, below, devices, depth + 1);
    for (const std::string& holder : hwdetect::names_in(root, blocks / name / "holders"))
        add_with_holders(root, holder, devices, depth + 1);
}

// ".../session1/target9:0:0/9:0:0:1/block/sdc": by which session, and the number of the LUN behind the last colon.
void add_iscsi(const Sysroot& root, const std::string& disk, HostLun& lun) {
    const auto way = root.read_link(blocks / disk);
    if (!way) return;
    std::string session;
    for (const fs::path& part : fs::path(*way)) {
        const std::string text = part.string();
        if (text.starts_with("session")) session = text;
        if (std::count(text.begin(), text.end(), ':') == 3)
            lun.lun = whole_number<unsigned>(text.substr(text.rfind(':') + 1));
    }
    if (session.empty()) return;
    lun.target = hwdetect::line_or_empty(root, fs::path("sys/class/iscsi_session") / session / "targetname");
    const std::string prefix = "connection" + session.substr(std::string_view("session").size()) + ":";
    for (const std::string& name : hwdetect::names_in(root, "sys/class/iscsi_connection")) {
        if (!name.starts_with(prefix)) continue;
        const fs::path connection = fs::path("sys/class/iscsi_connection") / name;
        const std::string address = hwdetect::line_or_empty(root, connection / "persistent_address");
        const std::string port = hwdetect::line_or_empty(root, connection / "persistent_port");
        const bool v6 = address.find(':') != std::string::npos;
        const auto portal = config::parse_portal(fmt::format("{}{}{}:{}", v6 ? "[" : "", address, v6 ? "]" : "", port));
        if (portal) lun.portals.push_back(portal->text());
    }
}

void merge(std::vector<std::string>& into, const std::vector<std::string>& more) {
    for (const std::string& one : more)
        if (std::find(into.begin(), into.end(), one) == into.end()) into.push_back(one);
}

}  // namespace

std::vector<HostLun> shareable_luns(const Sysroot& root, const hwdetect::StorageInfo& storage) {
    std::vector<HostLun> luns;
    for (const hwdetect::Disk& disk : storage.disks) {
        if (!is_shareable(disk.transport)) continue;
        HostLun lun{.device = disk.name,
                    .name = disk.name,
                    .transport = disk.transport,
                    .identity = usable_identity(disk.wwn),
                    .size = disk.size};
        if (disk.transport == "iscsi") add_iscsi(root, disk.name, lun);
        for (const std::string& holder : hwdetect::names_in(root, blocks / disk.name / "holders"))
            if (hwdetect::line_or_empty(root, blocks / holder / "dm/uuid").starts_with("mpath-")) {
                lun.device = holder;
                lun.name = hwdetect::line_or_empty(root, blocks / holder / "dm/name");
            }
        std::set<std::string> devices;
        add_with_holders(root, disk.name, devices);
        lun.used = use_of(root, devices);
        // Several paths to one LUN are one LUN: of one map, or of one identity.
        const auto same = std::find_if(luns.begin(), luns.end(), [&](const HostLun& other) {
            return other.device == lun.device || (!lun.identity.empty() && other.identity == lun.identity);
        });
        if (same == luns.end()) {
            luns.push_back(std::move(lun));
            continue;
        }
        merge(same->portals, lun.portals);
        if (same->used.empty()) same->used = lun.used;
    }
    return luns;
}

std::vector<HostTarget> known_targets(const Sysroot& root, const hwdetect::StorageInfo& storage) {
    std::vector<HostTarget> targets;
    const auto add = [&](const std::string& target, const std::string& portal) {
        auto it = std::find_if(targets.begin(), targets.end(), [&](const auto& one) { return one.target == target; });
        if (it == targets.end()) it = targets.insert(targets.end(), {target, {}});
        if (const auto parsed = config::parse_portal(portal)) merge(it->portals, {parsed->text()});
    };
    for (const hwdetect::IscsiSession& session : storage.sessions)
        if (!session.target.empty()) add(session.target, session.portal);
    // nodes/TARGET/ADDRESS,PORT,GROUP, as `iscsiadm -m discovery` leaves them; Debian has them in /etc, newer ones
    // below /var/lib.
    for (const char* place : {"etc/iscsi/nodes", "var/lib/iscsi/nodes"})
        for (const std::string& target : hwdetect::names_in(root, place))
            for (const std::string& portal : hwdetect::names_in(root, fs::path(place) / target)) {
                const size_t comma = portal.find(',');
                const std::string address = portal.substr(0, comma);
                const std::string port = comma == std::string::npos
                                             ? "3260"
                                             : portal.substr(comma + 1, portal.find(',', comma + 1) - comma - 1);
                const bool v6 = address.find(':') != std::string::npos;
                add(target, fmt::format("{}{}{}:{}", v6 ? "[" : "", address, v6 ? "]" : "", port));
            }
    return targets;
}

std::string bmc_address(std::string_view lan_print) {
    std::istringstream lines{std::string(lan_print)};
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("IP Address ") || line.find(':') == std::string::npos) continue;
        if (line.starts_with("IP Address Source")) continue;
        const auto ip = config::parse_ip(hwdetect::cleaned(line.substr(line.find(':') + 1)));
        if (!ip || ip->text() == "0.0.0.0" || ip->text().starts_with("169.254.")) continue;
        return ip->text();
    }
    return {};
}

}  // namespace pando::nodes
