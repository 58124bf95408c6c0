// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/image_drivers.h"

#include "base/file.h"
#include "cdsl/layout.h"
#include "chroot-builder/place.h"
#include "hwdetect/coldplug.h"
#include "hwdetect/inventory_store.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <set>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

constexpr size_t inventory_limit = 4U << 20U;  // bytes

// What no boot goes without, whatever the machine.
const std::vector<std::string> common_drivers = {
    "configfs",   "dlm",          "gfs2",          "crc32c_generic", "dm_mod", "iscsi_tcp", "sd_mod",  // the root
    "bonding",    "8021q",        "bridge",                                                            // networks
    "ipmi_si",    "ipmi_devintf", "ipmi_watchdog", "softdog",  // the machine's own BMC, watchdogs
    "efi_pstore",                                              // memory of its last end
};

// The drivers of one machine go into the set; what its kernel lacks is said.
Result<> add_machine(const RecordedMachine& machine, const hwdetect::ModulesFor& modules_for,
                     std::set<std::string>& drivers, std::vector<std::string>& remarks) {
    auto chosen = hwdetect::drivers_of_machine(machine.inventory, modules_for);
    if (!chosen) return Failure(chosen.error().context(machine.name)).advise(chosen.error().advice);
    drivers.insert(chosen->modules.begin(), chosen->modules.end());
    for (const std::string& missing : chosen->missing)
        remarks.push_back(fmt::format("{}: this kernel has no driver {}", machine.name, missing));
    return {};
}

}  // namespace

Result<std::vector<RecordedMachine>> recorded_machines(const Sysroot& root, const config::Cluster& cluster,
                                                       const std::vector<fs::path>& files) {
    std::vector<RecordedMachine> machines;
    for (const config::Node& node : cluster.nodes) {
        const fs::path file = fs::path(cdsl::nodes_directory) / node.name /
                              fs::path(hwdetect::inventory_directory).relative_path() / hwdetect::inventory_file;
        if (auto text = root.read(file, inventory_limit))
            machines.push_back({fmt::format("node {}'s last boot", node.name), node.name, std::move(*text)});
    }
    for (const fs::path& file : files) {
        auto text = read_file(file, inventory_limit);
        if (!text) return bad_input("--machine: {}", text.error().what);
        machines.push_back({file.string(), {}, std::move(*text)});
    }
    return machines;
}

Result<KnownDrivers> known_drivers(const config::Cluster& cluster, const std::vector<RecordedMachine>& machines,
                                   const hwdetect::ModulesFor& modules_for) {
    std::set<std::string> drivers(common_drivers.begin(), common_drivers.end());
    std::set<std::string> seen;  // nodes whose machine is known
    bool named = false;
    KnownDrivers known;
    for (const RecordedMachine& machine : machines) {
        const auto added = add_machine(machine, modules_for, drivers, known.remarks);
        if (!added && machine.node.empty()) return Failure(added.error());
        if (!added) known.remarks.push_back(added.error().what);  // a damaged file of a node builds no image the less
        if (added && !machine.node.empty()) seen.insert(machine.node);
        named = named || machine.node.empty();
    }
    for (const config::Node& node : cluster.nodes) {
        drivers.insert(node.drivers.begin(), node.drivers.end());
        if (!node.drivers.empty() || seen.contains(node.name)) continue;
        if (!named)
            return bad_input(
                       "it is not known which drivers node {} boots with: it names none, and the root has no "
                       "inventory of its machine",
                       node.name)
                .advise(
                    "add drivers: to the node or its profile, hand in what `pando hw probe --json` says on its machine "
                    "with --machine FILE, or build an image for --any-machine");
        known.remarks.push_back(fmt::format(
            "node {} names no drivers and has no inventory on the root: it boots if its machine is like one of those "
            "given with --machine",
            node.name));
    }
    known.drivers.assign(drivers.begin(), drivers.end());
    return known;
}

Result<std::vector<std::string>> all_drivers(const fs::path& modules) {
    const auto boot = TRY(hwdetect::boot_modules(modules));
    std::set<std::string> drivers(boot.begin(), boot.end());
    drivers.insert(common_drivers.begin(), common_drivers.end());
    drivers.insert(hwdetect::console_modules().begin(), hwdetect::console_modules().end());
    return std::vector<std::string>(drivers.begin(), drivers.end());
}

std::vector<std::string> disk_drivers(const config::Cluster& cluster) {
    const bool wanted = std::any_of(cluster.nodes.begin(), cluster.nodes.end(), [&](const config::Node& node) {
        return cluster.chroot_place(node).kind == config::ChrootPlace::Kind::disk;
    });
    return wanted ? chroot::filesystem_drivers() : std::vector<std::string>();
}

}  // namespace pando::initrd
