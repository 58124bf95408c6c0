// SPDX-License-Identifier: GPL-2.0-or-later
// Stage hardware: drivers for network and storage, and what this machine is.
#include "hwdetect/coldplug.h"
#include "initrd/boot.h"
#include "initrd/boot_control.h"
#include "initrd/driver_report.h"
#include "initrd/stage_functions.h"

#include <algorithm>

namespace pando::initrd {
namespace {

// What the next stage needs: the NIC that loaded us, or any when the boot loader did not say. Without iSCSI the LUN's
// own driver is waited for in that stage.
bool can_go_on(const Boot& boot, const hwdetect::Machine& machine) {
    if (!boot.arguments.storage.iscsi) return true;
    const auto& nics = machine.nics;
    if (!boot.arguments.boot_mac) return !nics.empty();
    return std::any_of(nics.begin(), nics.end(), [&](const auto& nic) { return nic.mac == *boot.arguments.boot_mac; });
}

}  // namespace

Result<std::string> run_hardware(Boot& boot, Deadline deadline) {
    const auto root = TRY(Sysroot::open("/"));
    Error reading;
    const auto satisfied = [&] {
        auto machine = hwdetect::read_machine(root);
        if (!machine) {
            reading = machine.error();
            return false;
        }
        reading = {};
        boot.machine = std::move(*machine);
        return can_go_on(boot, boot.machine);
    };
    waiting_for("the NIC that loaded this image: " + boot.arguments.boot_mac.value_or("any"));
    const auto coldplug = TRY(hwdetect::coldplug(satisfied, deadline));
    note_drivers(coldplug);
    if (!reading.what.empty()) return Failure(reading);
    if (!satisfied())
        return fail("the NIC {} that loaded this image did not appear; found: {}",
                    boot.arguments.boot_mac.value_or("(any)"), hwdetect::describe(boot.machine));
    return fmt::format("{}; {} drivers", hwdetect::describe(boot.machine), coldplug.loaded.size());
}

}  // namespace pando::initrd
