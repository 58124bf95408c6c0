// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/check.h"

#include "base/number.h"
#include "config/agent_files.h"
#include "config/check_network.h"
#include "config/fence_agent.h"
#include "config/placeholder.h"
#include "config/render.h"
#include "config/sbd.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace pando::config {

namespace {

class Checker {
public:
    Checker(const Cluster& cluster, const Value& root, Complaints& complaints)
        : cluster_(cluster), root_(root), complaints_(complaints) {}

    void everything() {
        timing();
        storage();
        sbd();
        const bool boot_known = boot();
        for (size_t i = 0; i < cluster_.nodes.size(); ++i) {
            node(i);
            network_.node(i);
            fencing(i);
        }
        if (boot_known && cluster_.boot.dhcp == "server") reserved_addresses();
        rules();
        rescue();
    }

    void counts() {
        const size_t count = cluster_.nodes.size();
        if (count == 0) {
            say({"nodes"}, "there is no node", "add one entry per blade under nodes:");
            return;
        }
        if (count > supported_nodes && !cluster_.test)
            say({"nodes"}, fmt::format("{} nodes, GFS2 and DLM carry {}", count, supported_nodes),
                "make two clusters, or say cluster.test: true");
        if (cluster_.root.journals != 0 && cluster_.root.journals < count)
            say({"root", "journals"}, fmt::format("{} journals for {} nodes", cluster_.root.journals, count),
                "one per node at least: a node without a journal cannot mount");
    }

private:
    const Cluster& cluster_;
    const Value& root_;
    Complaints& complaints_;
    Unique names_{"node name", "every node has its own name", complaints_};
    Unique ids_{"node id", "every node has its own id, and keeps it", complaints_};
    Unique addresses_{"address", "every NIC has its own", complaints_};
    Unique uuids_{"machine UUID", "one machine is one node; boards with equal UUIDs: use serial:", complaints_};
    Unique serials_{"machine serial", "one machine is one node", complaints_};
    Unique assets_{"asset tag", "one machine is one node", complaints_};
    Unique devices_{"fence device name", "give each its own name:", complaints_};
    Unique slots_{"slot of sbd", "leave plug out: it is the node's name", complaints_};
    NetworkCheck network_{cluster_, root_, addresses_, complaints_};

    void say(std::initializer_list<Step> path, std::string_view what, std::string_view advice) {
        complaints_.add(place(root_, path), what, advice);
    }

    void timing() {
        const auto& corosync = cluster_.corosync;
        if (corosync.consensus.count() != 0 && corosync.consensus * 5 < corosync.token * 6)
            say({"corosync", "consensus"}, "consensus is less than 1.2 x token",
                fmt::format("at least {}ms, or auto", corosync.token.count() * 6 / 5));
        if (cluster_.dlm.post_join_delay.count() % 1000 != 0)
            say({"dlm", "post_join_delay"}, "dlm_controld counts whole seconds", "30s");
        watchdogs();
    }

    // A key that some node says itself is complained of there, and else once, in the cluster's block.
    void watchdogs() {
        const auto whole = [](Milliseconds timeout) { return timeout.count() % 1000 == 0; };
        const auto fractional = "watchdogs count whole seconds";
        if (!whole(cluster_.watchdog.timeout)) say({"watchdog", "timeout"}, fractional, "30s");
        bool told = false;
        for (size_t i = 0; i < cluster_.nodes.size(); ++i) {
            const auto& own = cluster_.nodes[i].watchdog;
            const bool has_own = own && own->timeout;
            const Watchdog watchdog = cluster_.watchdog_of(cluster_.nodes[i]);
            if (has_own && !whole(watchdog.timeout)) say({"nodes", i, "watchdog", "timeout"}, fractional, "30s");
            // More nodes than are supported are a test of something else.
            if (watchdog.mode == "off" || watchdog.timeout > cluster_.token() ||
                cluster_.nodes.size() > supported_nodes || (!has_own && told))
                continue;
            const std::string what =
                fmt::format("{} is no longer than corosync's token, which is {} with {} nodes",
                            show_duration(watchdog.timeout), show_duration(cluster_.token()), cluster_.nodes.size());
            constexpr std::string_view advice =
                "a machine that stands still for less than the token stays a member: its watchdog must not be quicker";
            if (has_own) {
                say({"nodes", i, "watchdog", "timeout"}, what, advice);
            } else {
                say({"watchdog", "timeout"}, what, advice);
                told = true;
            }
        }
    }

    void storage() {
        const auto& storage = cluster_.storage;
        if (storage.transport == "iscsi" && !storage.iscsi)
            say({"storage"}, "transport iscsi without iscsi:", "add iscsi: with portals and target");
        if (storage.transport != "iscsi" && storage.iscsi)
            say({"storage", "iscsi"}, fmt::format("iscsi: with transport {}", storage.transport),
                "remove one of the two");
        if (storage.iscsi && storage.iscsi->portals.empty())
            say({"storage", "iscsi", "portals"}, "no portal", "give the address where the target answers");
        if (storage.iscsi)
            for (size_t i = 0; i < cluster_.nodes.size(); ++i)
                if (storage.iscsi->initiator_prefix.size() + 1 + cluster_.nodes[i].name.size() > 223)
                    say({"storage", "iscsi", "initiator_prefix"}, "with a node's name behind it, it is over 223 long",
                        "a shorter prefix");
    }

    void rescue() {
        const auto& rescue = cluster_.rescue;
        if (rescue.in_boot() && rescue.keys.empty())
            say({"rescue", "ssh"}, fmt::format("{}, and there is no key that could log in", *rescue.ssh),
                "give rescue.keys a public key, or say off");
        if (rescue.on_node() && rescue.port == 22)
            say({"rescue", "port"}, "22 is the port of the root's own sshd", "another one, or rescue.ssh: boot");
        if (rescue.idle.count() % 1000 != 0) say({"rescue", "idle"}, "whole seconds are counted", "1h");
    }

    void sbd() {
        if (!uses_sbd(cluster_)) return;
        bool told = false;
        for (size_t i = 0; i < cluster_.nodes.size(); ++i) {
            const Node& node = cluster_.nodes[i];
            if (sbd_device(node) == nullptr || cluster_.watchdog_of(node).mode != "off") continue;
            constexpr std::string_view what = "nodes are fenced by sbd, and a node whose kernel hangs reads no message";
            constexpr std::string_view advice = "required; sbd is safe with a watchdog alone";
            if (node.watchdog && node.watchdog->mode)
                say({"nodes", i, "watchdog", "mode"}, what, advice);
            else if (!std::exchange(told, true))
                say({"watchdog", "mode"}, what, advice);
        }
        const Milliseconds timeout = std::chrono::seconds(sbd_times(cluster_).watchdog);
        if (timeout < least_sbd_timeout)
            say({"watchdog", "timeout"}, "sbd needs 5 s, since a read of the LUN may take three", "30s");
        if (cluster_.storage_patience() > timeout)
            say({"storage", "patience"},
                fmt::format("sbd feeds no watchdog while the LUN is silent: the node is reset after {}, not {}",
                            show_duration(timeout), show_duration(cluster_.storage_patience())),
                "auto, or a watchdog.timeout that is as long; a fencing by sbd takes twice that");
    }

    void sbd_device_of(size_t i, size_t j) {
        const FenceDevice& device = cluster_.nodes[i].fence[j];
        if (sbd_device(cluster_.nodes[i]) == nullptr || std::filesystem::path(device.agent).filename() != "fence_sbd")
            return;
        const auto refuse = [&](const char* option, std::string_view what, std::string_view advice) {
            say({"nodes", i, "fence", j, "options", option}, what, advice);
        };
        const std::string slot = sbd_slot(device);
        slots_.add(slot, cluster_.nodes[i].name, place(root_, {"nodes", i, "fence", j}));
        if (slot.empty() || slot.size() > sbd_name_limit)
            refuse("plug", "a slot of sbd has a name of 1 to 63 characters", "leave plug out: it is the node's name");
        const size_t disks = sbd_disks(device).size();
        if (disks == 0 || disks == 2 || disks > 3)
            refuse("devices", "sbd takes one disk, or three of which two must answer",
                   "leave devices out: it is the LUN's partition pando-sbd");
        const unsigned msgwait = sbd_times(cluster_).msgwait;
        const auto given = device.options.find("power_timeout");
        const auto seconds = given == device.options.end() ? std::nullopt : whole_number<uint32_t>(given->second);
        if (!seconds || *seconds <= msgwait)
            refuse("power_timeout", fmt::format("sbd answers after msgwait, which is {} s", msgwait),
                   "leave power_timeout out");
    }

    // False when the addresses of the boot server make no sense by themselves.
    bool boot() {
        const auto server = parse_ip(cluster_.boot.server);
        const auto subnet = parse_cidr(cluster_.boot.subnet);
        if (!server || !subnet) return false;
        if (!subnet->contains(*server)) {
            say({"boot", "server"}, fmt::format("{} is not in boot.subnet {}", server->text(), subnet->text()),
                "blades reach the boot server without a router");
            return false;
        }
        addresses_.add(server->text(), "the boot server", place(root_, {"boot", "server"}));
        return true;
    }

    void node(size_t i) {
        const Node& node = cluster_.nodes[i];
        names_.add(node.name, fmt::format("node {}", node.name), place(root_, {"nodes", i, "name"}));
        ids_.add(std::to_string(node.id), node.name, place(root_, {"nodes", i, "id"}));
        machine_key(i, "uuid", node.machine.uuid, uuids_);
        machine_key(i, "serial", node.machine.serial, serials_);
        machine_key(i, "asset", node.machine.asset, assets_);
    }

    // A placeholder is nobody's own; check_machine_keys() says so.
    void machine_key(size_t i, const char* key, const std::optional<std::string>& value, Unique& used) {
        if (value && !is_placeholder(*value))
            used.add(*value, cluster_.nodes[i].name, place(root_, {"nodes", i, "machine", key}));
    }

    void fencing(size_t i) {
        const Node& node = cluster_.nodes[i];
        if (node.fence.empty())
            say({"nodes", i, "fence"}, fmt::format("{} has no fence device", node.name),
                "add fence: with the agent for its BMC or power switch; a cluster without fencing does not mount");
        if (node.fence.size() > fence_devices_limit)
            say({"nodes", i, "fence"}, fmt::format("{} fence devices of {}", node.fence.size(), node.name),
                fmt::format("dlm_controld takes {} per node", fence_devices_limit));
        for (size_t j = 0; j < node.fence.size(); ++j) {
            device(i, j);
            sbd_device_of(i, j);
        }
        const auto delay = [](const Node& one) { return one.fence.empty() ? Milliseconds(0) : one.fence[0].delay; };
        if (i == 1 && cluster_.nodes.size() == 2 && delay(node).count() > 0 && delay(node) == delay(cluster_.nodes[0]))
            say({"nodes", i, "fence", size_t{0}, "delay"},
                "both nodes are fenced with the same delay: neither wins a race",
                "a delay for the devices of one node only: of the one that shall survive");
    }

    void device(size_t i, size_t j) {
        const FenceDevice& device = cluster_.nodes[i].fence[j];
        devices_.add(device.name, cluster_.nodes[i].name, place(root_, {"nodes", i, "fence", j, "name"}));
        if (device.name.size() > 128)
            say({"nodes", i, "fence", j}, "the fence device's name is too long", "give it a name: of its own");
        // dlm_controld and the chroot look a name up in PATH; a path is the same to both only when it is a plain one.
        const std::filesystem::path path(device.agent);
        if (path.has_parent_path() && (path.is_relative() || path.lexically_normal() != path))
            say({"nodes", i, "fence", j, "agent"}, fmt::format("{} is no plain absolute path", device.agent),
                "fence_ipmilan, or a program of your own: /usr/local/sbin/fence_mine");
        const std::string name = path.filename();
        const bool genuine = name.starts_with("fence_") && name != "fence_dummy" && name != "fence_ack_manual";
        if (!genuine && !cluster_.test)
            say({"nodes", i, "fence", j, "agent"}, fmt::format("{} does not fence", device.agent),
                "an agent, fence_ipmilan or /usr/local/sbin/fence_mine; only cluster.test: true lets others through");
        if (cuts_storage(name) && !device.unfence)
            say({"nodes", i, "fence", j, "agent"},
                fmt::format("{} cuts off from storage, and nothing gives it back", name),
                "add unfence: true to the device: the node takes it back itself when it joins");
        if (const auto action = device.options.find("action");
            device.unfence && action != device.options.end() && action->second != "off")
            say({"nodes", i, "fence", j, "options", "action"}, "a device that is unfenced at the join cannot reboot",
                "leave action out");
        size_t length = 0;
        for (const auto& [name, value] : device.options) {
            length += name.size() + value.size() + 2;
            const auto refuse = [&](std::string_view what, std::string_view advice) {
                say({"nodes", i, "fence", j, "options", name.c_str()}, what, advice);
            };
            if (name == "method" && value == "cycle")
                refuse("method=cycle reports success before the power is off", "method: onoff, or leave it out");
            if (name == "action" && value != "off" && value != "reboot")
                refuse(fmt::format("action={} leaves the node running", value), "off or reboot, or leave it out");
            if (name == "node" || name == "fail_time")
                refuse(fmt::format("{} is given by dlm_controld itself", name), "leave it out");
            if (const std::string fault = agent_file_fault(name, value); !fault.empty())
                refuse(fault, "a file that the bundle brings, /etc/pando/NAME; it lies beside cluster.yaml as NAME");
        }
        if (length > 3500)
            say({"nodes", i, "fence", j, "options"}, "the options are too long together",
                "dlm_controld takes 4095 characters");
    }

    // Nothing with an address of its own may sit where strangers get theirs.
    void reserved_addresses() {
        const AddressRange range = unknown_machines(*parse_cidr(cluster_.boot.subnet));
        const auto look = [&](std::string_view text, Mark mark) {
            const auto ip = parse_ip(text);
            if (ip && range.contains(*ip))
                complaints_.add(mark, fmt::format("{} is among the addresses for unknown machines", ip->text()),
                                fmt::format("{} to {} of boot.subnet are theirs: take another, or a larger subnet",
                                            range.first.text(), range.last.text()));
        };
        look(cluster_.boot.server, place(root_, {"boot", "server"}));
        if (cluster_.storage.iscsi)
            for (size_t i = 0; i < cluster_.storage.iscsi->portals.size(); ++i) {
                const std::string& portal = cluster_.storage.iscsi->portals[i];
                if (const auto at = parse_portal(portal))
                    look(at->ip.text(), place(root_, {"storage", "iscsi", "portals", i}));
            }
        for (size_t i = 0; i < cluster_.nodes.size(); ++i) {
            const Node& node = cluster_.nodes[i];
            for (size_t j = 0; j < node.nics.size(); ++j) {
                const Nic& nic = node.nics[j];
                for (size_t k = 0; k < nic.addresses.size(); ++k)
                    look(nic.addresses[k].substr(0, nic.addresses[k].find('/')),
                         place(root_, {"nodes", i, "nics", j, "address", k}));
                look(nic.gateway.value_or(""), place(root_, {"nodes", i, "nics", j, "gateway"}));
                for (size_t k = 0; k < nic.routes.size(); ++k)
                    look(nic.routes[k].gateway, place(root_, {"nodes", i, "nics", j, "routes", k, "gateway"}));
            }
            for (size_t j = 0; j < node.fence.size(); ++j)
                for (const auto& [name, value] : node.fence[j].options)
                    look(value, place(root_, {"nodes", i, "fence", j, "options", name.c_str()}));
        }
    }

    void rules() {
        Unique paths("CDSL", "one rule per path and scope", complaints_);
        for (size_t i = 0; i < cluster_.cdsl.size(); ++i) {
            const CdslRule& rule = cluster_.cdsl[i];
            paths.add(fmt::format("{} ({})", rule.path, rule.scope), "another rule", place(root_, {"cdsl", i, "path"}));
            if (rule.seed && rule.mode != "bind" && rule.mode != "link")
                say({"cdsl", i, "seed"}, fmt::format("mode {} has no content to start from", rule.mode),
                    "seed goes with bind and link: leave it out");
            const std::string name = rule.scope.substr(rule.scope.find(':') + 1);
            const Value* profiles = root_.find("profiles");
            const bool known =
                rule.scope == "all" || (rule.scope.starts_with("node:") && cluster_.find_node(name) != nullptr) ||
                (rule.scope.starts_with("profile:") && profiles != nullptr && profiles->find(name) != nullptr);
            if (!known)
                say({"cdsl", i, "scope"}, fmt::format("there is no {}", rule.scope),
                    "all, profile:NAME or node:NAME as named in this file");
        }
    }
};

}  // namespace

AddressRange unknown_machines(const Cidr& subnet) {
    const uint32_t size = 1U << (32U - static_cast<unsigned>(subnet.prefix));
    const uint32_t first = subnet.ip.v4() + size / 4 * 3;
    return {ip_of_v4(first), ip_of_v4(first + std::min(size / 4 - 2, 256U) - 1)};  // the last are often routers
}

void check_cluster(const Cluster& cluster, const Value& root, bool complete, Complaints& complaints) {
    Checker checker(cluster, root, complaints);
    checker.counts();
    if (complete) checker.everything();
}

void check_machine_keys(const Cluster& cluster, const Value& root, Complaints& complaints) {
    const auto check = [&](size_t i, const char* key, const std::optional<std::string>& value) {
        if (value && is_placeholder(*value))
            complaints.add(place(root, {"nodes", i, "machine", key}),
                           "a placeholder that many boards share: no machine is found by it",
                           "leave it out, and give another key of the machine, or a MAC of it in nics:");
    };
    for (size_t i = 0; i < cluster.nodes.size(); ++i) {
        check(i, "uuid", cluster.nodes[i].machine.uuid);
        check(i, "serial", cluster.nodes[i].machine.serial);
        check(i, "asset", cluster.nodes[i].machine.asset);
    }
}

}  // namespace pando::config
