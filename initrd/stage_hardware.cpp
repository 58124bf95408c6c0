// SPDX-License-Identifier: GPL-2.0-or-later
// Stage hardware: drivers for network and storage, and what this machine is.
#include "base/log.h"
#include "hwdetect/coldplug.h"
#include "initrd/ahead.h"
#include "initrd/boot.h"
#include "initrd/stage_functions.h"

#include <algorithm>

namespace pando::initrd {
namespace {

bool has_mac(const hwdetect::Machine& machine, const std::string& mac) {
    return std::any_of(machine.nics.begin(), machine.nics.end(), [&](const auto& nic) { return nic.mac == mac; });
}

// The NICs without which this boot cannot go on: those of the node once hardware told which it is, else the one
// that loaded us, else any.
bool has_needed_nics(const Boot& boot, const hwdetect::Machine& machine) {
    if (boot.identity.node != nullptr) {
        const auto& nics = boot.node().nics;
        return std::all_of(nics.begin(), nics.end(),
                           [&](const auto& nic) { return !nic.mac || has_mac(machine, *nic.mac); });
    }
    if (boot.arguments.boot_mac) return has_mac(machine, *boot.arguments.boot_mac);
    return !machine.nics.empty();
}

}  // namespace

Result<std::string> run_hardware(Boot& boot, Deadline deadline) {
    const auto root = TRY(Sysroot::open("/"));
    boot.machine = TRY(hwdetect::read_machine(root));
    peek_bundle(boot);  // a UUID or serial decides before any driver is there

    Error reading;
    const auto satisfied = [&] {
        auto machine = hwdetect::read_machine(root);
        if (!machine) {
            reading = machine.error();
            return false;
        }
        boot.machine = std::move(*machine);
        return has_needed_nics(boot, boot.machine);
    };
    const auto coldplug = TRY(hwdetect::coldplug(satisfied, deadline));
    for (const std::string& failed : coldplug.failed) log::warning("driver: {}", failed);
    for (const std::string& firmware : coldplug.firmware) log::warning("{}", firmware);
    if (!reading.what.empty()) return Failure(reading);
    if (!satisfied()) {
        // Only now: an image for known machines leaves out on purpose what the boot does not need.
        for (const std::string& missing : coldplug.missing) log::warning("{}", missing);
        return fail("the NICs of this {} did not appear; found: {}",
                    boot.identity.node != nullptr ? "node (" + boot.node().name + ")" : std::string("machine"),
                    hwdetect::describe(boot.machine));
    }
    if (boot.identity.node == nullptr) peek_bundle(boot);  // now by MAC as well
    if (boot.identity.node != nullptr && !boot.arguments.install) begin_chroot(boot);
    return fmt::format("{}; {} drivers", hwdetect::describe(boot.machine), coldplug.loaded.size());
}

}  // namespace pando::initrd
