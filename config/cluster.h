// SPDX-License-Identifier: GPL-2.0-or-later
// The cluster's description: what cluster.yaml says, checked, with profiles and defaults folded in.
// Everything that is rendered, bound or booted comes from this one value. Made by config/load.h.
#pragma once

#include "base/deadline.h"
#include "config/chroot_place.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pando::config {

// What hardware says of itself; a node is bound to at most one machine. Any key may be absent.
struct MachineIdentity {
    std::optional<std::string> uuid;    // SMBIOS system UUID, lower case
    std::optional<std::string> serial;  // SMBIOS system serial number
    std::optional<std::string> asset;   // SMBIOS chassis asset tag
};

struct Vlan {
    std::string link;  // name of the interface below
    uint16_t id = 0;   // 1..4094
};

struct Bond {
    std::vector<std::string> members;      // names of NICs of the same node; the first gives the bond its MAC
    std::string mode;                      // active-backup, 802.3ad, …: the kernel's names
    Milliseconds miimon{100};              // between looks at the members' links; the kernel's own, 0, is never
    std::optional<std::string> lacp_rate;  // slow, fast; of 802.3ad
    std::optional<std::string> primary;    // the member that carries whenever it has a link
};

struct Bridge {
    std::vector<std::string> members;  // names of interfaces of the same node
    bool stp = false;                  // spanning tree protocol
};

struct Route {
    std::string destination;  // 198.51.100.0/24
    std::string gateway;      // a neighbour on the interface that has the route
};

struct Nic {
    std::string name;                    // what the interface is called on the node, e.g. lan0
    std::optional<std::string> mac;      // aa:bb:cc:dd:ee:ff, lower case; absent on what is no hardware
    std::vector<std::string> addresses;  // 192.0.2.11/24 or 2001:db8::11/64; none: only a member, or DHCP
    bool dhcp = false;                   // take the address from DHCP
    std::optional<std::string> gateway;
    std::vector<Route> routes;
    std::vector<std::string> dns;     // servers
    std::vector<std::string> search;  // domains
    std::optional<uint32_t> mtu;      // bytes
    std::optional<Bond> bond;
    std::optional<Vlan> vlan;
    std::optional<Bridge> bridge;
    bool cluster = false;  // corosync and dlm run over this one; exactly one per node

    const std::vector<std::string>& members() const;  // of the bond or bridge that it is
    std::vector<std::string> below() const;           // what it stands on: members, or the VLAN's link
};

// What resets a node when nothing else does (docs/watchdog.md).
struct Watchdog {
    std::string mode = "if-present";    // required, if-present, softdog, off
    Milliseconds timeout{30000};        // not fed for so long, it resets the machine; the card may take another
    std::optional<std::string> device;  // watchdog1, or how the card calls itself; absent: the first card
    Milliseconds shutdown{600000};      // an orderly stop that takes longer ends in a reset
};

// What a machine of its own kind has in place of that.
struct NodeWatchdog {
    std::optional<std::string> mode;
    std::optional<Milliseconds> timeout;
    std::optional<std::string> device;
    std::optional<Milliseconds> shutdown;
};

// One fence device: an agent with its options as they go to the agent's standard input.
// Order in Node::fence is that of the levels: a device is tried when those before it failed all their attempts.
struct FenceDevice {
    std::string name;                            // unique in the cluster, e.g. n1-bmc
    std::string agent;                           // fence_ipmilan
    std::map<std::string, std::string> options;  // ip, username, password, lanplus, …
    uint32_t attempts = 2;                       // before the next device has its turn
    Milliseconds timeout{60000};                 // of each run of the agent
    Milliseconds delay{0};                       // waited before it is used: who is to survive a race has it
    bool unfence = false;                        // it cuts storage off, not power: "on" only by the node's own join
};

struct Node {
    std::string name;     // also the host name
    uint32_t id = 0;      // corosync node id, 1..65535 (knet takes no more)
    std::string profile;  // empty: none
    MachineIdentity machine;
    std::vector<Nic> nics;
    std::vector<FenceDevice> fence;
    std::vector<std::string> drivers;                       // kernel modules this machine boots with; empty: unknown
    std::vector<std::string> kernel_arguments;              // profile's first, then the node's own
    std::optional<std::string> chroot_path;                 // in place of chroot.path
    std::optional<NodeWatchdog> watchdog;                   // key by key in place of the cluster's
    const Nic* cluster_nic() const;                         // never null on a checked cluster
    std::string cluster_address() const;                    // its first, without the prefix length
    const Nic* find_nic(std::string_view interface) const;  // null when there is none
    // The bond or bridge that the interface is a member of; null when it is of none.
    const Nic* master_of(std::string_view interface) const;
    // The hardware that gives an interface its MAC: itself, or the first that it stands on. Null when there is none.
    const Nic* hardware_of(const Nic& nic) const;
};

struct Corosync {
    Milliseconds token{3000};
    Milliseconds consensus{0};  // 0: corosync's own, 1.2 x token
    std::string crypto_cipher = "aes256";
    std::string crypto_hash = "sha256";
    uint32_t mtu = 0;      // 0: found by knet
    uint16_t port = 5405;  // UDP
};

struct Dlm {
    Milliseconds post_join_delay{30000};
};

struct Root {
    std::string filesystem = "gfs2";
    std::string name = "root";              // second half of the lock table
    uint32_t journals = 0;                  // 0: one per node; never fewer than nodes
    std::string mount_options = "noatime";  // added to what the filesystem needs
    std::optional<std::string> uuid;        // filesystem UUID when it is known
};

struct Iscsi {
    std::vector<std::string> portals;  // 192.0.2.1:3260
    std::string target;                // iqn.2026-01.org.example:root
    uint32_t lun = 1;
    std::string initiator_prefix = "iqn.2026-01.org.pando";  // + ":" + node name
};

struct Storage {
    std::string transport = "iscsi";  // iscsi, local (fc, nvme: local after their drivers are loaded)
    std::optional<Iscsi> iscsi;
    std::optional<std::string> identity;  // the LUN's own name: serial or WWN, as in /dev/disk/by-id
    Milliseconds patience{0};             // 0: auto; Cluster::storage_patience()
    bool sbd = false;                     // fence_sbd on the LUN is every node's last device
};

struct Chroot {
    std::string path = "tmpfs";         // config/chroot_place.h
    Milliseconds disk_timeout{10000};   // how long a disk is waited for
    uint64_t size = 128ULL << 20U;      // bytes, the limit of the tmpfs
    std::vector<std::string> programs;  // further programs to carry
};

enum class Policy { retry, rescue, reboot };

// What boot.stages: may name: the stages of a boot in their order, and that of the installation. What they do is
// initrd/stages.h's.
const std::vector<std::string>& boot_stage_names();

struct StageSettings {
    std::optional<Milliseconds> deadline;
    std::optional<Policy> policy;
};

struct Boot {
    std::string server;           // address of the boot server (DHCP, TFTP, HTTP)
    std::string interface;        // of the boot server, for dnsmasq
    std::string subnet;           // 192.0.2.0/24, where blades get their addresses
    std::string dhcp = "server";  // server, proxy: another DHCP server gives the addresses
    uint16_t http_port = 80;
    Milliseconds reboot_delay{10000};  // a failed blade shows its cause this long before it reboots
    uint32_t retries = 3;              // policy retry: so often, then reboot
    std::vector<std::string> kernel_arguments{"console=tty0", "console=ttyS0,115200"};  // of every node
    std::map<std::string, StageSettings> stages;                                        // by stage name
};

struct Access {
    std::vector<std::string> authorized_keys;  // ssh public keys of root, one per entry
};

// Who gets in by ssh while a node boots, and while its root is frozen (docs/rescue.md).
struct Rescue {
    std::optional<std::string> ssh;  // off, boot, always; absent: always where there is a key
    std::vector<std::string> keys;   // ssh public keys, without options
    uint16_t port = 2222;
    Milliseconds idle{3600000};  // a session in which nobody types ends
    bool in_boot() const { return ssh ? *ssh != "off" : !keys.empty(); }
    bool on_node() const { return ssh ? *ssh == "always" : !keys.empty(); }
};

// A rule of the cluster's own beside the built-in CDSL policy (see cdsl/policy.h for the meaning). What is not said is
// as a built-in rule for the path has it, else by the mode.
struct CdslRule {
    std::string path;
    std::string mode;                             // bind, link, tmpfs, shared
    std::string scope = "all";                    // all, profile:NAME, node:NAME
    std::optional<std::string> seed = {};         // copy, empty
    std::optional<std::string> permissions = {};  // octal
    std::optional<std::string> when = {};         // always, present
    std::optional<std::string> why = {};
    std::optional<bool> required = {};
};

struct Cluster {
    std::string name;
    bool test = false;                     // declares itself a test: fence agents that do nothing are let through
    std::string authkey_file = "authkey";  // corosync's key, relative to cluster.yaml; 128..4096 bytes
    Corosync corosync;
    Dlm dlm;
    Root root;
    Storage storage;
    Chroot chroot;
    Watchdog watchdog;  // of nodes that say nothing else: watchdog_of()
    Boot boot;
    Access access;
    Rescue rescue;
    std::vector<CdslRule> cdsl;
    std::vector<Node> nodes;                       // in the file's order
    std::map<std::string, std::string> templates;  // the site's own, by name (config/site_templates.h)

    const Node* find_node(std::string_view name) const;  // null when there is none
    std::string lock_table() const;                      // "grove:root"
    uint32_t journals() const;                           // root.journals, or one per node
    ChrootPlace chroot_place(const Node& node) const;    // its own, or chroot.path
    Milliseconds token() const;                          // corosync's, with what it adds for each node beyond two
    Watchdog watchdog_of(const Node& node) const;        // its own keys before the cluster's
    Milliseconds storage_patience() const;               // a node whose LUN is silent for longer resets itself
};

}  // namespace pando::config
