// SPDX-License-Identifier: GPL-2.0-or-later
// Machines that wait at their consoles to be told which node they are: choosing one, and binding a node to it.
#pragma once

#include "config/cluster.h"
#include "config/edit.h"
#include "config/register.h"

#include <string>
#include <string_view>
#include <vector>

namespace pando::nodes {

// "UUID …, serial …, MAC …" of a machine, for a person.
std::string describe(const config::MachineRecord& machine);

// By `which`: its place in `pando node pending` (1 …), a MAC, a UUID or a serial number. Empty: the only one.
Result<config::Pending> choose(const std::vector<config::Pending>& waiting, const std::string& which);

// The one of that boot, which was chosen when the change was planned. Refused when it waits no more.
Result<config::Pending> chosen_before(const std::vector<config::Pending>& waiting, const std::string& boot);

// Does a machine wait that `which` is a key of?
bool waits(const std::vector<config::Pending>& waiting, const std::string& which);

// Are all keys of the machine that the binding names? An asset tag that it does not name was another node's.
bool is_bound_to(const config::Binding& binding, const config::MachineRecord& machine);

// Is `which` a place in the list of those that wait, and no key?
bool is_place(const std::string& which);

// Is `which` a key of the machine that the binding names?
bool names(const std::string& which, const config::Binding& binding);

// What the machine is to the cluster as it is: the nodes that a key of it leads to, a line each ("its serial is that of
// n2, its UUID is not"). A new board in an old chassis, a NIC that was moved.
std::vector<std::string> resemblances(const config::MachineRecord& machine, const config::Cluster& cluster);

// The machine without its asset tag, where that is another node's than `node`: in many enclosures all blades have the
// enclosure's. Its UUID or serial must be left to know it by.
struct WithoutSharedAsset {
    config::MachineRecord machine;
    std::string note;  // what was left out, and why; empty: nothing
};
WithoutSharedAsset without_shared_asset(config::MachineRecord machine, const config::Cluster& cluster,
                                        const std::string& node);

// Its keys, and its MACs for the node's NICs: a NIC that came along keeps its name; then the NIC it booted by, which
// is its first, becomes the node's that lies in the boot network; then in order. Refused when it has too few.
Result<config::Binding> bind(const config::Node& node, const config::MachineRecord& machine,
                             const config::Cluster& cluster);

// Its MACs that name a NIC: no zeros, no group addresses.
std::vector<std::string> usable_macs(const config::MachineRecord& machine);

// The names of the node's NICs that are hardware, the one of the boot network first.
std::vector<std::string> hardware_nics(const config::Node& node, const config::Cluster& cluster);

}  // namespace pando::nodes
