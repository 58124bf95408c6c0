// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/check.h"

#include "config/agent_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <variant>

namespace pando::config {

namespace {

// The place of a value; where it is not in the file (a default), of what is around it.
using Step = std::variant<const char*, size_t>;
Mark place(const Value& from, std::initializer_list<Step> path) {
    const Value* at = &from;
    for (const auto& step : path) {
        const Value* next = nullptr;
        if (const auto* key = std::get_if<const char*>(&step))
            next = at->find(*key);
        else if (std::get<size_t>(step) < at->items.size())
            next = &at->items[std::get<size_t>(step)];
        if (next == nullptr) break;
        at = next;
    }
    return at->mark;
}

// Says of a value that it was used before, and where.
class Unique {
public:
    Unique(std::string_view what, std::string_view advice, Complaints& complaints)
        : what_(what), advice_(advice), complaints_(complaints) {}

    void add(const std::string& value, const std::string& owner, Mark mark) {
        const auto [it, fresh] = seen_.try_emplace(value, fmt::format("{}, line {}", owner, mark.line));
        if (!fresh)
            complaints_.add(mark, fmt::format("{} {} is already that of {}", what_, value, it->second), advice_);
    }

private:
    std::string what_, advice_;
    Complaints& complaints_;
    std::map<std::string, std::string> seen_;
};

class Checker {
public:
    Checker(const Cluster& cluster, const Value& root, Complaints& complaints)
        : cluster_(cluster), root_(root), complaints_(complaints) {}

    void everything() {
        timing();
        storage();
        const bool boot_known = boot();
        for (size_t i = 0; i < cluster_.nodes.size(); ++i) {
            node(i);
            network(i);
            fencing(i);
        }
        if (boot_known) reserved_addresses();
        rules();
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
    Unique macs_{"MAC", "see `ip link` on the machines", complaints_};
    Unique addresses_{"address", "every NIC has its own", complaints_};
    Unique uuids_{"machine UUID", "one machine is one node; boards with equal UUIDs: use serial:", complaints_};
    Unique serials_{"machine serial", "one machine is one node", complaints_};
    Unique assets_{"asset tag", "one machine is one node", complaints_};
    Unique devices_{"fence device name", "give each its own name:", complaints_};
    std::optional<bool> family_;  // whether cluster addresses are IPv6, once the first is seen

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
        if (node.machine.uuid) uuids_.add(*node.machine.uuid, node.name, place(root_, {"nodes", i, "machine", "uuid"}));
        if (node.machine.serial)
            serials_.add(*node.machine.serial, node.name, place(root_, {"nodes", i, "machine", "serial"}));
        if (node.machine.asset)
            assets_.add(*node.machine.asset, node.name, place(root_, {"nodes", i, "machine", "asset"}));
    }

    void network(size_t i) {
        const Node& node = cluster_.nodes[i];
        std::map<std::string, size_t> by_name;
        std::map<std::string, std::string> enslaved;  // member to bond
        size_t clusters = 0;
        std::set<bool> gateways;  // address families that have one
        for (size_t j = 0; j < node.nics.size(); ++j)
            if (!by_name.emplace(node.nics[j].name, j).second)
                say({"nodes", i, "nics", j, "name"},
                    fmt::format("two NICs of {} are called {}", node.name, node.nics[j].name),
                    "every NIC of a node has its own name");
        for (size_t j = 0; j < node.nics.size(); ++j) {
            const Nic& nic = node.nics[j];
            if (nic.bond) bond(i, j, by_name, enslaved);
            if (nic.vlan && (!by_name.contains(nic.vlan->link) || nic.vlan->link == nic.name))
                say({"nodes", i, "nics", j, "vlan", "link"}, fmt::format("{} has no NIC {}", node.name, nic.vlan->link),
                    "the name of another NIC of this node");
        }
        for (size_t j = 0; j < node.nics.size(); ++j) {
            const Nic& nic = node.nics[j];
            if (nic.bond && nic.vlan)
                say({"nodes", i, "nics", j}, fmt::format("{} is a bond and a VLAN at once", nic.name),
                    "make two of it: the VLAN's link is the bond");
            if (nic.mac && (nic.bond || nic.vlan))
                say({"nodes", i, "nics", j, "mac"}, fmt::format("{} is no hardware, it needs no MAC", nic.name),
                    "give the MACs of the NICs below it");
            if (!nic.mac && !nic.bond && !nic.vlan)
                say({"nodes", i, "nics", j}, fmt::format("{} of {} has no MAC", nic.name, node.name),
                    "add mac: from `ip link` on the machine; a NIC is found by it");
            if (nic.mac) macs_.add(*nic.mac, node.name, place(root_, {"nodes", i, "nics", j, "mac"}));
            if (enslaved.contains(nic.name) && (nic.address || nic.dhcp))
                say({"nodes", i, "nics", j},
                    fmt::format("{} is a member of {} and has an address", nic.name, enslaved[nic.name]),
                    "the address belongs to the bond");
            if (nic.address && nic.dhcp)
                say({"nodes", i, "nics", j, "dhcp"}, "address: and dhcp: at once", "one of the two");
            if (nic.cluster) ++clusters;
            address(i, j, gateways);
        }
        if (clusters != 1)
            say({"nodes", i, "nics"}, fmt::format("{} NICs of {} are the cluster's", clusters, node.name),
                "exactly one NIC per node says cluster: true");
    }

    void bond(size_t i, size_t j, const std::map<std::string, size_t>& by_name,
              std::map<std::string, std::string>& enslaved) {
        const Node& node = cluster_.nodes[i];
        const Nic& nic = node.nics[j];
        if (nic.bond->members.empty())
            say({"nodes", i, "nics", j, "bond", "members"}, fmt::format("bond {} has no member", nic.name),
                "name the NICs it is made of");
        for (size_t k = 0; k < nic.bond->members.size(); ++k) {
            const std::string& member = nic.bond->members[k];
            const auto it = by_name.find(member);
            if (it == by_name.end() || !node.nics[it->second].mac)
                say({"nodes", i, "nics", j, "bond", "members", k},
                    fmt::format("{} has no NIC {} with a MAC", node.name, member), "add it to nics:");
            else if (!enslaved.emplace(member, nic.name).second)
                say({"nodes", i, "nics", j, "bond", "members", k},
                    fmt::format("{} is already a member of {}", member, enslaved[member]), "one bond per NIC");
        }
    }

    void address(size_t i, size_t j, std::set<bool>& gateways) {
        const Node& node = cluster_.nodes[i];
        const Nic& nic = node.nics[j];
        if (nic.cluster && !nic.address)
            say({"nodes", i, "nics", j}, fmt::format("{}, the cluster NIC of {}, has no address", nic.name, node.name),
                "corosync needs one that never changes: address:");
        const auto cidr = parse_cidr(nic.address.value_or(""));
        if (nic.gateway) {
            const auto gateway = parse_ip(*nic.gateway);
            if (!cidr || !gateway || !cidr->contains(*gateway))
                say({"nodes", i, "nics", j, "gateway"},
                    fmt::format("gateway {} is not in the network of {}", *nic.gateway, nic.name),
                    "a neighbour of this NIC's address:");
            else if (!gateways.insert(gateway->v6).second)
                say({"nodes", i, "nics", j, "gateway"}, fmt::format("a second gateway of {}", node.name),
                    "one default route per node and family");
        }
        if (!cidr) return;
        const Mark mark = place(root_, {"nodes", i, "nics", j, "address"});
        addresses_.add(cidr->ip.text(), node.name, mark);
        if (!nic.cluster) return;
        if (!family_) family_ = cidr->ip.v6;
        if (*family_ != cidr->ip.v6)
            complaints_.add(mark, "cluster addresses are partly IPv4 and partly IPv6", "one family for all nodes");
    }

    void fencing(size_t i) {
        const Node& node = cluster_.nodes[i];
        if (node.fence.empty())
            say({"nodes", i, "fence"}, fmt::format("{} has no fence device", node.name),
                "add fence: with the agent for its BMC or power switch; a cluster without fencing does not mount");
        if (node.fence.size() > fence_devices_limit)
            say({"nodes", i, "fence"}, fmt::format("{} fence devices of {}", node.fence.size(), node.name),
                fmt::format("dlm_controld takes {} per node", fence_devices_limit));
        for (size_t j = 0; j < node.fence.size(); ++j) device(i, j);
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
                const std::string address = node.nics[j].address.value_or("");
                look(address.substr(0, address.find('/')), place(root_, {"nodes", i, "nics", j, "address"}));
                look(node.nics[j].gateway.value_or(""), place(root_, {"nodes", i, "nics", j, "gateway"}));
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
    return {ip_of_v4(first), ip_of_v4(first + std::min(size / 4 - 2, 16U) - 1)};  // the last are often routers
}

void check_cluster(const Cluster& cluster, const Value& root, bool complete, Complaints& complaints) {
    Checker checker(cluster, root, complaints);
    checker.counts();
    if (complete) checker.everything();
}

}  // namespace pando::config
