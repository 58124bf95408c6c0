// SPDX-License-Identifier: GPL-2.0-or-later
// A node's network in the initramfs: its own static plan through `ip -batch`, or DHCP through busybox's udhcpc.
// Interfaces are named by MAC, so the kernel's probe order decides nothing.
//
//   auto machine = TRY(hwdetect::read_machine(sys));
//   if (node) TRY(apply_plan(*node, machine, deadline));
//   else lease = TRY(bootstrap(machine, boot_mac, deadline));
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "config/cluster.h"
#include "hwdetect/machine.h"
#include "initrd/arguments.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::initrd {

// The lines `ip -batch -` is given, in order: names, MTU, bonds, VLANs, bridges, addresses, links up, routes. Pure.
// Error: a MAC of the plan that no NIC of the machine has, or two have.
Result<std::vector<std::string>> ip_commands(const config::Node& node, const hwdetect::Machine& machine);

// Applies ip_commands(), then waits until every interface with an address has a link (and IPv6 has finished its
// duplicate address detection), then asks DHCP for those that want it. What is there already is replaced.
Result<> apply_plan(const config::Node& node, const hwdetect::Machine& machine, Deadline deadline);

// What a DHCP server gave; every value was checked to be an address or a number.
struct Lease {
    std::string interface;
    std::string address;  // with prefix: 192.0.2.11/24
    std::optional<std::string> gateway;
    std::vector<std::string> dns;
    std::optional<uint32_t> mtu;
    std::optional<std::string> server;
};

// Asks on one interface (which is set up for it) and configures what was given. Waits for the link, then for the
// answer, both within the deadline; the error tells which of them was missing.
Result<Lease> dhcp(const std::string& interface, Deadline deadline);

// Puts the boot loader's address on the NIC that booted, and waits for its link.
Result<> adopt_address(const std::string& interface, const BootAddress& address, Deadline deadline);

// The first address of a blade that does not know yet which node it is: DHCP on the NIC that booted (`boot_mac`
// as parse_boot_arguments() has it, or empty), then on the others, those with a link first.
Result<Lease> bootstrap(const hwdetect::Machine& machine, std::string_view boot_mac, Deadline deadline);

// udhcpc runs a program at every event and hands the lease over in the environment. That program is pando-boot
// itself under this name: main() calls dhcp_event_main() when argv[0] ends in it.
constexpr const char* dhcp_event_name = "pando-dhcp-event";
int dhcp_event_main(int argc, char** argv);

// The lease out of udhcpc's variables (interface, ip, mask, router, …; null when one is not set); refuses whatever is
// not an address, a number or an interface name. Pure.
Result<Lease> lease_from(const std::function<const char*(const char* name)>& variable);

}  // namespace pando::initrd
