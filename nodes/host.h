// SPDX-License-Identifier: GPL-2.0-or-later
// What a machine tells of the place where it stands: networks and who gives addresses in them, LUNs, its BMC. Read,
// never tried: nothing is sent, no target is logged in to, no device is opened. `pando config init` proposes from it.
//
//   const auto root = TRY(Sysroot::open("/"));
//   const HostFacts facts = TRY(read_host(root, ask_host(root)));
#pragma once

#include "base/result.h"
#include "base/sysroot.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace pando::nodes {

// An interface with an IPv4 address, in a network that others may be in.
struct HostNetwork {
    std::string interface;
    std::string address;  // 10.20.0.1/24
    std::string gateway;  // of a default route through it; empty: none
    // Who gives addresses there, as far as this host can tell. Without both, nobody knows.
    std::string dhcp_server;    // its address, or "a DHCP server" when only that there is one is known
    std::string dhcp_evidence;  // "lease in /run/systemd/netif/leases/2"
};

// A disk that several machines could share.
struct HostLun {
    std::string device;     // sdc, or dm-0 for a multipath map
    std::string name;       // of the map: mpatha; else as device
    std::string transport;  // iscsi, fc, nvme-tcp, …
    std::string identity;   // as storage.identity takes it; empty: it tells none
    uint64_t size = 0;      // bytes
    std::string target;     // of iSCSI
    std::vector<std::string> portals;
    std::optional<unsigned> lun;
    std::string used;  // "mounted at /srv"; empty: by nothing that can be seen
};

// A target that this host's initiator knows, logged in or not.
struct HostTarget {
    std::string target;
    std::vector<std::string> portals;
};

struct HostFacts {
    std::string name;  // of the host
    std::vector<HostNetwork> networks;
    std::string dhcp_here;  // why this host itself is taken for a DHCP server; empty: it is none
    std::vector<HostLun> luns;
    std::vector<HostTarget> targets;
    std::string bmc_address;          // in the network; empty: not told
    std::vector<std::string> keys;    // root's authorized ssh keys
    nlohmann::ordered_json machine;   // as `pando hw probe --json` says it
    std::vector<std::string> faults;  // what could not be read, and why
};

// What programs say, since the kernel has no file of it. Of a recorded machine: the files of these names in its
// directory `recorded`.
struct HostAnswers {
    std::string addresses;  // ip -json address show
    std::string routes;     // ip -json route show default
    std::string bmc;        // ipmitool lan print
    std::vector<std::string> faults;
};
HostAnswers ask_host(const Sysroot& root);

// Error: the firmware's tables must not be read (not root).
Result<HostFacts> read_host(const Sysroot& root, const HostAnswers& answers);

}  // namespace pando::nodes
