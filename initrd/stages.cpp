// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/stages.h"

#include "initrd/stage_functions.h"

#include <algorithm>

namespace pando::initrd {

using config::Policy;
using std::chrono::seconds;

const std::vector<Stage>& boot_stages() {
    static const std::vector<Stage> stages = {
        {"hardware", seconds(60), Policy::reboot, run_hardware,
         "compare the drivers in the image with this machine: pando image build --any-machine carries all"},
        {"bootstrap", seconds(60), Policy::reboot, run_bootstrap,
         "check that the target runs, exports the LUN, and is reachable from the boot network"},
        {"bundle", seconds(30), Policy::rescue, run_bundle,
         "write the cluster's description to the LUN: pando bundle write, on a live node or on the storage's host"},
        {"identity", std::chrono::minutes(30), Policy::reboot, run_identity,
         "bind this machine to a node: pando node replace NODE --pending, on a live node"},
        {"network", seconds(60), Policy::reboot, run_network,
         "check cable, switch port and VLAN of the NICs named above"},
        {"storage", seconds(60), Policy::reboot, run_storage,
         "check that the target runs, exports the LUN to this initiator, and is reachable from here"},
        {"preflight", seconds(60), Policy::rescue, run_preflight,
         "a cluster without working fencing must not mount; test the device named above by hand"},
        {"chroot", seconds(60), Policy::rescue, run_chroot, "build the image again: pando image build"},
        {"join", seconds(300), Policy::reboot, run_join,
         "start the missing nodes, or check the cluster network between them"},
        {"root", seconds(120), Policy::reboot, run_root, "see /run/initramfs/var/log of a node that is up"},
        {"cdsl", seconds(150), Policy::rescue, run_cdsl, "look at /sysroot/.pando"},
        {"handover", seconds(30), Policy::rescue, run_handover, "is there an /sbin/init on the root?"},
    };
    return stages;
}

const std::vector<Stage>& install_stages() {
    static const std::vector<Stage> stages = [] {
        std::vector<Stage> all(boot_stages().begin(), boot_stages().begin() + 6);
        all.push_back({"install", std::chrono::minutes(30), Policy::rescue, run_install,
                       "the LUN is as the last line before says; the installation can be started again"});
        return all;
    }();
    return stages;
}

bool is_stage(std::string_view name) {
    const auto named = [&](const Stage& stage) { return stage.name == name; };
    return std::any_of(boot_stages().begin(), boot_stages().end(), named) ||
           std::any_of(install_stages().begin(), install_stages().end(), named);
}

std::string stage_names() {
    std::string names;
    for (const Stage& stage : boot_stages()) names += (names.empty() ? "" : " ") + std::string(stage.name);
    return names;
}

}  // namespace pando::initrd
