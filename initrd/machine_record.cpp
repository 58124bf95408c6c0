// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/machine_record.h"

#include "base/file.h"

#include <algorithm>

namespace pando::initrd {
namespace {

std::optional<std::string> unless_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

config::MachineRecord machine_record(const hwdetect::Machine& machine, const std::string& boot_mac,
                                     const std::string& address) {
    config::MachineRecord record;
    record.identity = {unless_empty(machine.uuid), unless_empty(machine.serial), unless_empty(machine.asset)};
    record.vendor = machine.vendor;
    record.product = machine.product;
    for (const auto& nic : machine.nics)
        if (has_lasting_mac(nic)) record.macs.push_back(nic.mac);
    std::sort(record.macs.begin(), record.macs.end());
    std::stable_partition(record.macs.begin(), record.macs.end(), [&](const auto& mac) { return mac == boot_mac; });
    record.address = address.substr(0, address.find('/'));
    return record;
}

std::string describe(const config::MachineRecord& record) {
    hwdetect::Machine machine;
    machine.uuid = record.identity.uuid.value_or("");
    machine.serial = record.identity.serial.value_or("");
    machine.asset = record.identity.asset.value_or("");
    machine.vendor = record.vendor;
    machine.product = record.product;
    for (const auto& mac : record.macs) machine.nics.push_back({.mac = mac});
    return hwdetect::describe(machine);
}

bool same_hardware(const config::MachineRecord& a, const config::MachineRecord& b) {
    return !a.macs.empty() && std::is_permutation(a.macs.begin(), a.macs.end(), b.macs.begin(), b.macs.end()) &&
           a.identity.uuid == b.identity.uuid && a.identity.serial == b.identity.serial &&
           a.identity.asset == b.identity.asset;
}

std::string boot_id() { return read_line("/proc/sys/kernel/random/boot_id").value_or(""); }

}  // namespace pando::initrd
