// SPDX-License-Identifier: GPL-2.0-or-later
// The parts that nodes/host.h puts together, each from texts or a tree, so that tests hand in any.
#pragma once

#include "hwdetect/inventory.h"
#include "nodes/host.h"

#include <string_view>

namespace pando::nodes {

// From the answers of `ip`. Loopback, containers' and virtual machines' own networks are left out. `dynamic` addresses
// are noted as given by a DHCP server.
Result<std::vector<HostNetwork>> host_networks(std::string_view addresses, std::string_view routes);

// Leases of systemd-networkd, dhclient, NetworkManager and dhcpcd: which server gave the address that is there now.
void add_leases(const Sysroot& root, std::vector<HostNetwork>& networks);

// A DHCP server on this very machine; empty: none is seen.
std::string dhcp_server_here(const Sysroot& root);

std::vector<HostTarget> known_targets(const Sysroot& root, const hwdetect::StorageInfo& storage);
std::vector<HostLun> shareable_luns(const Sysroot& root, const hwdetect::StorageInfo& storage);

// The address in `ipmitool lan print`; empty: none that another machine could reach.
std::string bmc_address(std::string_view lan_print);

}  // namespace pando::nodes
