// SPDX-License-Identifier: GPL-2.0-or-later
// Every key of cluster.yaml, one row each.
#include "config/schema.h"

#include "config/codecs.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <array>

namespace pando::config {

using namespace std::chrono_literals;
using namespace codecs;

namespace {

Codec<MachineIdentity> machine() {
    return mapping(Table<MachineIdentity>{
        field("uuid", &MachineIdentity::uuid, maybe(uuid()), "SMBIOS system UUID"),
        field("serial", &MachineIdentity::serial, maybe(hardware_text()), "SMBIOS system serial number"),
        field("asset", &MachineIdentity::asset, maybe(hardware_text()), "SMBIOS chassis asset tag"),
    });
}

Codec<Nic> nic() {
    const auto bond = mapping(Table<Bond>{
        field("members", &Bond::members, list_of(interface_name()), "names of NICs of the same node", Need::required),
        field("mode", &Bond::mode,
              one_of(
                  {"active-backup", "802.3ad", "balance-rr", "balance-xor", "broadcast", "balance-tlb", "balance-alb"}),
              "the kernel's name of the bonding mode; 802.3ad is LACP, and the switch must know of it", Need::required),
        field("miimon", &Bond::miimon, duration(10ms, 10s), "between two looks at the members' links"),
        field("lacp_rate", &Bond::lacp_rate, maybe(one_of({"slow", "fast"})),
              "of 802.3ad: the partner is to speak every 30 s, or every second; without it slow"),
        field("primary", &Bond::primary, maybe(interface_name()),
              "of active-backup and balance-[at]lb: the member that carries whenever it has a link"),
    });
    const auto bridge = mapping(Table<Bridge>{
        field("members", &Bridge::members, list_of(interface_name()), "names of NICs, bonds or VLANs of the same node",
              Need::required),
        field("stp", &Bridge::stp, boolean(),
              "spanning tree protocol; with it, a bridge carries packets only 30 s after its link came up"),
    });
    const auto route = mapping(Table<Route>{
        field("destination", &Route::destination, network(), "the network that is reached", Need::required),
        field("gateway", &Route::gateway, ip(), "a neighbour on this NIC", Need::required),
    });
    const auto vlan = mapping(Table<Vlan>{
        field("link", &Vlan::link, interface_name(), "name of the NIC below", Need::required),
        field("id", &Vlan::id, number<uint16_t>(1, 4094), "VLAN number, 1 to 4094", Need::required),
    });
    return mapping(Table<Nic>{
        field("name", &Nic::name, interface_name(), "what the interface is called on the node: lan0", Need::required),
        field("mac", &Nic::mac, maybe(mac()), "the NIC is found by it; not for bonds, VLANs and bridges"),
        field("address", &Nic::addresses, one_or_list(cidr()),
              "static, with prefix length; of the cluster NIC the first is corosync's"),
        field("dhcp", &Nic::dhcp, boolean(), "take an IPv4 address from DHCP instead; not on the cluster NIC"),
        field("gateway", &Nic::gateway, maybe(ip()), "default route, at most one per node and address family"),
        field("routes", &Nic::routes, list_of(route), "further routes through this NIC"),
        field("dns", &Nic::dns, one_or_list(ip()), "name servers, at most three per node"),
        field("search", &Nic::search, one_or_list(domain()), "domains that a short name is looked up in"),
        field("mtu", &Nic::mtu, maybe(number<uint32_t>(576, 65535)),
              "bytes; without it that of what is below, or the kernel's; members have their bond's"),
        field("cluster", &Nic::cluster, boolean(),
              "corosync and dlm run over this one; a node's only addressed NIC is it without being told"),
        field("bond", &Nic::bond, maybe(bond), "this interface is a bond of others"),
        field("vlan", &Nic::vlan, maybe(vlan), "this interface is a VLAN on another"),
        field("bridge", &Nic::bridge, maybe(bridge), "this interface is a bridge of others"),
    });
}

Codec<FenceDevice> fence() {
    return mapping(Table<FenceDevice>{
        field("name", &FenceDevice::name, device_name(),
              "unique in the cluster; without it the node's name and the agent's: n1-ipmilan"),
        field("agent", &FenceDevice::agent, fence_agent(), "the program that fences: fence_ipmilan", Need::required)
            .takes(Takes::chroot),
        field("options", &FenceDevice::options, map_of(option_name(), option_value()),
              "as in the agent's man page, without blanks: ip, username, password, lanplus, …"),
        field("attempts", &FenceDevice::attempts, number<uint32_t>(1, 10), "so often, then the next device"),
        field("timeout", &FenceDevice::timeout, duration(1s, 10min), "of each run of the agent"),
        field("delay", &FenceDevice::delay, duration(0s, 5min),
              "waited before the device is used; of two nodes the one that shall survive a race has it"),
        field("unfence", &FenceDevice::unfence, boolean(),
              "it cuts off from storage: given back when the node joins, and never by who fenced it")
            .takes(Takes::boot),
    });
}

Codec<Iscsi> iscsi() {
    return mapping(Table<Iscsi>{
        field("portals", &Iscsi::portals, list_of(portal()), "where the target answers; several are tried in order",
              Need::required)
            .boot_argument("rd.pando.portals"),
        field("target", &Iscsi::target, iscsi_name(), "the target's name", Need::required)
            .boot_argument("rd.pando.target"),
        field("lun", &Iscsi::lun, number<uint32_t>(0, 16383), "number of the LUN").boot_argument("rd.pando.lun"),
        field("initiator_prefix", &Iscsi::initiator_prefix, iscsi_name(),
              "a node's initiator name is this, a colon and the node's name")
            .boot_argument("rd.pando.initiator"),
    });
}

Table<Corosync> corosync_rows() {
    return {
        field("token", &Corosync::token, duration(1s, 5min),
              "a node silent for so long is lost; three or more nodes add 650 ms for each beyond the second")
            .takes(Takes::live),
        field("consensus", &Corosync::consensus, or_auto(duration(1s, 10min)),
              "how long the rest may take to agree; auto is 1.2 x token, and it may not be less")
            .takes(Takes::live),
        section("crypto",
                Table<Corosync>{
                    field("cipher", &Corosync::crypto_cipher, one_of({"aes256", "aes192", "aes128"}),
                          "encryption of the cluster's messages"),
                    field("hash", &Corosync::crypto_hash, one_of({"sha256", "sha384", "sha512"}),
                          "authentication of the cluster's messages"),
                },
                "there is no cluster without encryption"),
        field("mtu", &Corosync::mtu, or_auto(number<uint32_t>(576, 65535)), "bytes; auto: knet finds it")
            .takes(Takes::boot),
        field("port", &Corosync::port, number<uint16_t>(1024, 65535), "UDP port"),
    };
}

Table<Root> root_rows() {
    return {
        field("filesystem", &Root::filesystem, one_of({"gfs2"}), "of the shared root").takes(Takes::new_root),
        field("name", &Root::name, filesystem_name(), "second half of the lock table, after the cluster's name")
            .takes(Takes::new_root),
        field("journals", &Root::journals, or_auto(number<uint32_t>(1, 128)),
              "made by mkfs.gfs2, one for every node that mounts; auto: one per node"),
        field("mount_options", &Root::mount_options, mount_options(), "added to those the filesystem needs"),
        field("uuid", &Root::uuid, maybe(uuid()), "filesystem UUID, when the root must be this one"),
    };
}

Table<Boot> boot_rows() {
    const auto stage = mapping(Table<StageSettings>{
        field("deadline", &StageSettings::deadline, maybe(duration(1s, 24h)), "the stage fails when it takes longer"),
        field("policy", &StageSettings::policy, maybe(policy()), "what follows a failure"),
    });
    return {
        field("server", &Boot::server, ip(), "address of the boot server: DHCP, TFTP, HTTP", Need::required)
            .takes(Takes::image),
        field("interface", &Boot::interface, interface_name(), "of the boot server, where it answers blades",
              Need::required)
            .takes(Takes::server),
        field("subnet", &Boot::subnet, ipv4_subnet(),
              "where blades boot; up to 256 addresses from its last quarter (192.0.2.192 on) are for their boots",
              Need::required)
            .takes(Takes::server),
        field("dhcp", &Boot::dhcp, one_of({"server", "proxy"}),
              "server: the boot server gives the blades their addresses; proxy: a DHCP server that is there already "
              "does, and the boot server adds only what to load")
            .takes(Takes::server),
        field("http_port", &Boot::http_port, number<uint16_t>(1, 65535), "TCP port of the boot files")
            .takes(Takes::image),
        field("reboot_delay", &Boot::reboot_delay, duration(0s, 1h),
              "a failed blade shows its cause so long before it reboots")
            .takes(Takes::image),
        field("retries", &Boot::retries, number<uint32_t>(0, 1000),
              "policy retry, and loading the boot files: so often again, then reboot")
            .takes(Takes::image),
        field("kernel_arguments", &Boot::kernel_arguments, list_of(kernel_argument()),
              "of every node; what is given here replaces the default")
            .takes(Takes::image),
        field("stages", &Boot::stages, map_of(stage_name(), stage),
              fmt::format("by stage: {}", fmt::join(boot_stage_names(), ", "))),
    };
}

// The cluster's, and a node's own.
Codec<std::string> watchdog_mode() { return one_of({"required", "if-present", "softdog", "off"}); }
Codec<Milliseconds> watchdog_timeout() { return duration(2s, 10min); }
Codec<Milliseconds> watchdog_shutdown() { return duration(1min, 1h); }

// Profiles are folded into the nodes before the nodes are read (config/profiles.h); what is left to show is which
// names were used, so that what `config show` prints can be loaded again.
Field<Cluster> profiles() {
    Description description{"profiles",
                            "name: keys",
                            {},
                            false,
                            "defaults for the nodes that name it: nics, fence, drivers, kernel_arguments, chroot_path, "
                            "watchdog",
                            {}};
    return {"profiles", [](const Value&, Cluster&, Complaints&) {},
            [](const Cluster& cluster) {
                Json names = Json::object();
                for (const auto& node : cluster.nodes)
                    if (!node.profile.empty()) names[node.profile] = Json::object();
                return names.empty() ? Json() : names;
            },
            std::move(description)};
}

}  // namespace

bool is_secret(std::string_view option) {
    constexpr std::array<std::string_view, 5> words = {"pass", "secret", "token", "key", "community"};
    if (option.ends_with("_file")) return false;  // it names where the secret is
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return option.find(word) != std::string_view::npos; });
}

const Table<Node>& node_table() {
    static const Table<Node> table = {
        field("name", &Node::name, host_name(), "also the host name", Need::required).takes(Takes::node_off),
        field("id", &Node::id, number<uint32_t>(1, 65535), "corosync's node id, never used for another node",
              Need::required)
            .takes(Takes::node_off),
        field("profile", &Node::profile, profile_name(), "one of profiles:").takes(Takes::live),
        field("machine", &Node::machine, machine(), "the hardware that is this node; the MACs count as well"),
        field("nics", &Node::nics, list_of(nic()), "its network interfaces", Need::required),
        field("fence", &Node::fence, list_of(fence()), "how it is cut off: 1 to 4 devices, tried in this order",
              Need::required)
            .takes(Takes::live),
        field("drivers", &Node::drivers, list_of(module_name()),
              "kernel modules its machine boots with; none: whatever the image holds")
            .takes(Takes::image),
        field("kernel_arguments", &Node::kernel_arguments, list_of(kernel_argument()),
              "of this node, after boot.kernel_arguments and the profile's")
            .takes(Takes::image),
        field("chroot_path", &Node::chroot_path, maybe(chroot_place()),
              "where this node's chroot is kept, in place of chroot.path"),
        field(
            "watchdog", &Node::watchdog,
            maybe(mapping(Table<NodeWatchdog>{
                field("mode", &NodeWatchdog::mode, maybe(watchdog_mode()), "in place of watchdog.mode"),
                field("timeout", &NodeWatchdog::timeout, maybe(watchdog_timeout()),
                      "in place of watchdog.timeout; with sbd the longest of all nodes holds for all of them"),
                field("device", &NodeWatchdog::device, maybe(hardware_text()), "in place of watchdog.device"),
                field("shutdown", &NodeWatchdog::shutdown, maybe(watchdog_shutdown()), "in place of watchdog.shutdown"),
            })),
            "what its machine has in place of the cluster's watchdog:, key by key"),
    };
    return table;
}

const Table<Cluster>& cluster_table() {
    static const Table<Cluster> table = {
        section("cluster",
                Table<Cluster>{
                    field("name", &Cluster::name, cluster_name(), "also corosync's, and first half of the lock table",
                          Need::required)
                        .boot_argument("rd.pando.cluster")
                        .takes(Takes::new_root),
                    field("test", &Cluster::test, boolean(),
                          "declares a test: fence agents that do nothing and more than 16 nodes are let through")
                        .takes(Takes::live),
                    field("authkey", &Cluster::authkey_file, relative_file(),
                          "corosync's key, beside this file; made by `pando cluster keygen`")
                        .takes(Takes::live),
                },
                "who it is", Need::required),
        field("corosync", &Cluster::corosync, mapping(corosync_rows()), "membership and messages")
            .takes(Takes::all_off),
        field("dlm", &Cluster::dlm,
              mapping(Table<Dlm>{
                  field("post_join_delay", &Dlm::post_join_delay, duration(0s, 10min),
                        "whole seconds after a join before anybody is fenced"),
              }),
              "locking and fencing")
            .takes(Takes::boot),
        field("root", &Cluster::root, mapping(root_rows()), "the shared root").takes(Takes::boot),
        field("storage", &Cluster::storage,
              mapping(Table<Storage>{
                  field("transport", &Storage::transport, one_of({"iscsi", "local"}),
                        "local: the LUN appears by its driver alone (FC, NVMe, virtual disk)"),
                  field("identity", &Storage::identity, maybe(storage_identity()),
                        "serial or WWN of the LUN, as in /dev/disk/by-id")
                      .boot_argument("rd.pando.identity"),
                  field("iscsi", &Storage::iscsi, maybe(iscsi()), "for transport iscsi"),
                  field("patience", &Storage::patience, or_auto(duration(10s, 10min)),
                        "a node whose LUN answers nothing for longer resets itself; auto: 60s, with sbd at most "
                        "watchdog.timeout")
                      .takes(Takes::boot),
                  field("sbd", &Storage::sbd, boolean(),
                        "a message on the LUN is every node's last fence device; needs a watchdog on every node")
                      .takes(Takes::all_off),
              }),
              "how the LUN is reached", Need::required)
            .takes(Takes::image),
        field("chroot", &Cluster::chroot,
              mapping(Table<Chroot>{
                  field("path", &Chroot::path, chroot_place(),
                        "where its programs are kept: tmpfs, or a local disk by UUID=, LABEL=, PARTUUID= or "
                        "PARTLABEL=, with :/directory on it behind that"),
                  field("disk_timeout", &Chroot::disk_timeout, duration(0s, 30s),
                        "a disk that has not appeared by then is done without: tmpfs"),
                  field("size", &Chroot::size, size(32ULL << 20U, 64ULL << 30U),
                        "limit of the tmpfs, which must hold all of it when the disk is missing"),
                  field("programs", &Chroot::programs, list_of(program()),
                        "further programs to carry; a fence_* with all it calls")
                      .takes(Takes::chroot),
              }),
              "the fencing chroot")
            .takes(Takes::boot),
        field(
            "watchdog", &Cluster::watchdog,
            mapping(Table<Watchdog>{
                field("mode", &Watchdog::mode, watchdog_mode(),
                      "required: a node without a card does not join; softdog: the kernel's own, which dies with it"),
                field("timeout", &Watchdog::timeout, watchdog_timeout(),
                      "not fed for so long, it resets the machine; whole seconds, longer than corosync's token; a card "
                      "that does not take it gets the nearest that it takes"),
                field("device", &Watchdog::device, maybe(hardware_text()),
                      "watchdog1, or how the card calls itself; without it the first card"),
                field("shutdown", &Watchdog::shutdown, watchdog_shutdown(),
                      "an orderly stop that takes longer ends in a reset"),
            }),
            "what resets a node that lost its root, its cluster or its kernel")
            .takes(Takes::boot),
        field("boot", &Cluster::boot, mapping(boot_rows()), "how blades start", Need::required).takes(Takes::boot),
        field("access", &Cluster::access,
              mapping(Table<Access>{
                  field("authorized_keys", &Access::authorized_keys, list_of(ssh_key()), "root's, on every node"),
              }),
              "who may log in")
            .takes(Takes::live),
        field("rescue", &Cluster::rescue,
              mapping(Table<Rescue>{
                  field("ssh", &Rescue::ssh, maybe(one_of({"off", "boot", "always"})),
                        "boot: until the root is there; always: then from the chroot as well, so that it works while "
                        "the root is frozen; without it always where there is a key"),
                  field("keys", &Rescue::keys, list_of(plain_ssh_key()), "who may log in, as root; no passwords")
                      .takes(Takes::live),
                  field("port", &Rescue::port, number<uint16_t>(1, 65535),
                        "TCP port, on the static addresses of the node; 22 is that of the root's own sshd"),
                  field("idle", &Rescue::idle, duration(1min, 24h), "a session in which nobody types ends"),
              }),
              "ssh into a node that boots, or whose root is frozen"),
        field(
            "cdsl", &Cluster::cdsl,
            list_of(mapping(Table<CdslRule>{
                field("path", &CdslRule::path, absolute_path(), "on the shared root", Need::required),
                field("mode", &CdslRule::mode, one_of({"bind", "link", "tmpfs", "shared"}),
                      "bind: a directory; link: a single file; tmpfs: a directory in memory; shared: a directory "
                      "inside a private one that is every node's again",
                      Need::required),
                field("scope", &CdslRule::scope, scope(), "for whom the path is private"),
                field("seed", &CdslRule::seed, maybe(one_of({"copy", "empty"})),
                      "what each node's own starts from: copy: what the shared root has there; bind and link: copy"),
                field("permissions", &CdslRule::permissions, maybe(octal_permissions()),
                      "of a path that the root does not have yet"),
                field("when", &CdslRule::when, maybe(one_of({"always", "present"})),
                      "present: only where the root has the path, for what may not be installed"),
                field("why", &CdslRule::why, maybe(remark()), "shown by `pando cdsl list` and `explain`"),
                field(
                    "required", &CdslRule::required, maybe(boolean()),
                    "a node on which it cannot be mapped does not boot; without it as the built-in rule for the path"),
            })),
            "private paths beside the built-in ones")
            .takes(Takes::cdsl),
        profiles(),
        field("nodes", &Cluster::nodes, list_of(mapping(node_table())), "the members", Need::required)
            .takes(Takes::boot),
    };
    return table;
}

}  // namespace pando::config
