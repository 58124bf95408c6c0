// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/proposal.h"

#include "config/check.h"
#include "config/values.h"
#include "config/yaml_block.h"
#include "config/yaml_text.h"
#include "nodes/proposed_machine.h"
#include "nodes/wanted.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <set>

namespace pando::nodes {
namespace {

using Json = nlohmann::ordered_json;
using config::Value;
using config::YamlText;

const std::vector<std::string> section_order = {"cluster", "storage", "boot", "access", "profiles", "nodes"};

std::string scalar_of(const Value* value) {
    return value != nullptr && value->kind == Value::Kind::scalar ? value->text : std::string();
}

std::string bare(const std::string& address) { return address.substr(0, address.find('/')); }

// What was there is there still, in its place; more may stand behind and between.
bool keeps(const Value& before, const Value& after) {
    if (before.kind != after.kind || before.text != after.text || before.items.size() > after.items.size())
        return false;
    for (size_t i = 0; i < before.items.size(); ++i)
        if (!keeps(before.items[i], after.items[i])) return false;
    return std::all_of(before.entries.begin(), before.entries.end(), [&](const Value::Entry& entry) {
        const Value* now = after.find(entry.key);
        return now != nullptr && keeps(entry.value, *now);
    });
}

// Every text in the tree that is an address, without its length.
void collect_addresses(const Value& value, std::set<std::string>& known) {
    if (value.kind == Value::Kind::scalar) {
        if (const auto portal = config::parse_portal(bare(value.text))) known.insert(portal->ip.text());
    }
    for (const Value& item : value.items) collect_addresses(item, known);
    for (const auto& entry : value.entries) collect_addresses(entry.value, known);
}

class Proposer {
public:
    Proposer(const HostFacts& facts, const Wishes& wishes, std::optional<YamlText> yaml, std::string_view file_name)
        : facts_(facts), wishes_(wishes), yaml_(std::move(yaml)), file_name_(file_name) {
        if (yaml_) collect_addresses(yaml_->root(), taken_);
        becomes_node_ = std::any_of(wishes.nodes.begin(), wishes.nodes.end(),
                                    [](const ProposedNode& node) { return node.this_machine; });
    }

    Result<Proposal> run() {
        TRY(cluster());
        const HostLun* lun = TRY(choose_lun());
        storage(lun);
        const HostNetwork* network = TRY(choose_network(lun));
        TRY(boot(network));
        access();
        TRY(nodes(network));
        out_.text = TRY(merged());
        return std::move(out_);
    }

private:
    const HostFacts& facts_;
    const Wishes& wishes_;
    std::optional<YamlText> yaml_;  // nothing: there is no file
    std::string file_name_;
    Proposal out_;
    Json sections_ = Json::object();
    config::YamlComments comments_;
    std::set<std::string> taken_;                     // addresses that somebody has
    std::vector<std::pair<size_t, Json>> additions_;  // keys for nodes that are in the file
    std::vector<std::string> proposed_addresses_;     // of nodes
    bool becomes_node_ = false;
    bool several_luns_ = false;

    template <typename... Args>
    void found(fmt::format_string<Args...> format, Args&&... args) {
        out_.found.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
    template <typename... Args>
    void missing(fmt::format_string<Args...> format, Args&&... args) {
        out_.missing.push_back(fmt::format(format, std::forward<Args>(args)...));
    }

    const Value* at(const config::YamlPath& path) const { return yaml_ ? yaml_->find(path) : nullptr; }
    std::string said(const config::YamlPath& path) const { return scalar_of(at(path)); }

    // What the file says is not overruled from the command line: one of the two is a mistake.
    Result<> agree(std::string_view key, const std::string& in_file, const std::optional<std::string>& wish,
                   std::string_view option) const {
        if (in_file.empty() || !wish || *wish == in_file) return {};
        return bad_input("{} says {} {}, the option {} {}", file_name_, key, in_file, option, *wish)
            .advise("leave the option out, or change the file by hand; what it says is never replaced here");
    }

    Result<> cluster() {
        const std::string name = said({"cluster", "name"});
        TRY(agree("cluster.name", name, wishes_.name, "--name"));
        if (!name.empty()) return {};
        if (wishes_.name)
            sections_["cluster"]["name"] = *wishes_.name;
        else
            missing("cluster.name: no machine knows it, and it stays for good (half of the lock table): --name NAME");
        return {};
    }

    // --- storage ---------------------------------------------------------------------------------------------------

    static std::string shown(const HostLun& lun) {
        return fmt::format("{} ({}{}{}, {})", lun.name, lun.transport, lun.target.empty() ? "" : " " + lun.target,
                           lun.lun ? fmt::format(" LUN {}", *lun.lun) : "", config::show_size(lun.size));
    }

    // A root that is named already stays it: a key that is left out there has its default.
    bool has_storage() const {
        return !said({"storage", "identity"}).empty() || !said({"storage", "iscsi", "target"}).empty();
    }
    bool has_boot() const {
        return !said({"boot", "server"}).empty() && !said({"boot", "interface"}).empty() &&
               !said({"boot", "subnet"}).empty();
    }

    Result<const HostLun*> choose_lun() {
        if (has_storage() && !wishes_.lun) return nullptr;
        std::vector<const HostLun*> free;
        std::vector<std::string> names;
        for (const HostLun& lun : facts_.luns) {
            names.push_back(lun.name);
            if (wishes_.lun &&
                (*wishes_.lun == lun.device || *wishes_.lun == lun.name || *wishes_.lun == "/dev/" + lun.device ||
                 *wishes_.lun == "/dev/mapper/" + lun.name || *wishes_.lun == lun.identity)) {
                if (!lun.used.empty())
                    missing("storage: {} is in use on this host, {}: is it the right one?", shown(lun), lun.used);
                const std::string target = said({"storage", "iscsi", "target"});
                TRY(agree("storage.iscsi.target", target, lun.target, "--lun means"));
                TRY(agree("storage.identity", said({"storage", "identity"}), lun.identity, "--lun means"));
                return has_storage() ? nullptr : &lun;
            }
            if (lun.used.empty())
                free.push_back(&lun);
            else
                found("storage: {} is left alone: {}", shown(lun), lun.used);
        }
        if (wishes_.lun)
            return bad_input("this host sees no LUN {} that several machines could share", *wishes_.lun)
                .advise(names.empty() ? "it sees none: log in to the target first (iscsiadm), or load the HBA's driver"
                                      : fmt::format("it sees {}", fmt::join(names, ", ")));
        if (free.size() == 1) return free.front();
        if (free.size() > 1) {
            std::vector<std::string> all;
            for (const HostLun* lun : free) all.push_back(shown(*lun));
            several_luns_ = true;
            missing("storage: several LUNs could be the root: {}: --lun NAME", fmt::join(all, ", "));
        }
        return nullptr;
    }

    void storage(const HostLun* lun) {
        if (lun == nullptr) return storage_without_lun();
        const bool iscsi = lun->transport == "iscsi";
        if (const std::string transport = said({"storage", "transport"});
            !transport.empty() && transport != (iscsi ? "iscsi" : "local"))
            return;  // the file means another one
        Json section = {{"transport", iscsi ? "iscsi" : "local"}};
        if (!lun->identity.empty())
            section["identity"] = lun->identity;
        else
            missing("storage.identity: {} tells none; with another disk in reach, nothing but a number names the root",
                    lun->name);
        if (iscsi) {
            section["iscsi"]["portals"] = lun->portals;
            section["iscsi"]["target"] = lun->target;
            if (lun->lun) section["iscsi"]["lun"] = *lun->lun;
        }
        remember(lun->portals);
        comments_["storage"] = fmt::format("{} of {}", shown(*lun), facts_.name.empty() ? "this host" : facts_.name);
        found("storage: {}", shown(*lun));
        sections_["storage"] = std::move(section);
    }

    void storage_without_lun() {
        if (at({"storage"}) != nullptr) return;
        if (facts_.targets.size() == 1 && !facts_.targets.front().portals.empty()) {
            const HostTarget& target = facts_.targets.front();
            sections_["storage"] = {{"transport", "iscsi"},
                                    {"iscsi", {{"portals", target.portals}, {"target", target.target}}}};
            remember(target.portals);
            found("storage: the only target that this host knows, {}", target.target);
            missing("storage.iscsi.lun: the LUN's number is not seen from here; without it 1 is meant");
            return;
        }
        std::vector<std::string> names;
        for (const HostTarget& target : facts_.targets) names.push_back(target.target);
        if (!names.empty())
            missing("storage: which of the targets {} has the root is not seen from here: log in to it and say --lun",
                    fmt::join(names, ", "));
        else if (!several_luns_)
            missing(
                "storage: this host sees no free LUN that several machines could share: log in to the target "
                "(iscsiadm -m discovery -t st -p ADDRESS) and run this again, or write storage: by hand");
    }

    void remember(const std::vector<std::string>& portals) {
        for (const std::string& portal : portals)
            if (const auto at = config::parse_portal(portal)) taken_.insert(at->ip.text());
    }

    // --- the boot network ------------------------------------------------------------------------------------------

    static config::Cidr cidr_of(const HostNetwork& network) {
        return config::parse_cidr(network.address).value_or(config::Cidr{});
    }
    static std::string subnet_of(const HostNetwork& network) {
        const config::Cidr cidr = cidr_of(network);
        const uint32_t mask = cidr.prefix == 0 ? 0 : ~0U << (32U - static_cast<unsigned>(cidr.prefix));
        return fmt::format("{}/{}", config::ip_of_v4(cidr.ip.v4() & mask).text(), cidr.prefix);
    }

    // By the interface's name, or an address or subnet in the network.
    static bool is_named(const HostNetwork& network, const std::string& word) {
        if (network.interface == word || subnet_of(network) == word) return true;
        const auto ip = config::parse_ip(bare(word));
        return ip && cidr_of(network).contains(*ip);
    }

    std::vector<std::string> network_names() const {
        std::vector<std::string> names;
        for (const HostNetwork& network : facts_.networks)
            names.push_back(fmt::format("{} ({})", network.interface, subnet_of(network)));
        return names;
    }

    const HostNetwork* network_named(const std::string& word) const {
        const auto it = std::find_if(facts_.networks.begin(), facts_.networks.end(),
                                     [&](const HostNetwork& network) { return is_named(network, word); });
        return it == facts_.networks.end() ? nullptr : &*it;
    }

    Result<const HostNetwork*> choose_network(const HostLun* lun) {
        const std::string interface = said({"boot", "interface"}), subnet = said({"boot", "subnet"});
        if (wishes_.network) {
            const HostNetwork* network = network_named(*wishes_.network);
            if (network == nullptr)
                return bad_input("this host has no IPv4 network {}", *wishes_.network)
                    .advise(facts_.networks.empty() ? "give it an address there first"
                                                    : fmt::format("it has {}", fmt::join(network_names(), ", ")));
            TRY(agree("boot.interface", interface, network->interface, "--network means"));
            TRY(agree("boot.subnet", subnet, subnet_of(*network), "--network means"));
            return network;
        }
        for (const std::string& word : {interface, subnet, said({"boot", "server"})})
            if (!word.empty()) return network_named(word);
        if (facts_.networks.size() == 1) return &facts_.networks.front();
        std::vector<const HostNetwork*> near;  // those in which the LUN is
        for (const HostNetwork& network : facts_.networks)
            for (const std::string& portal : lun == nullptr ? std::vector<std::string>() : lun->portals)
                if (const auto at = config::parse_portal(portal); at && cidr_of(network).contains(at->ip)) {
                    near.push_back(&network);
                    break;
                }
        if (near.size() == 1) {
            found("boot: {} is the network in which the LUN is", near.front()->interface);
            return near.front();
        }
        if (facts_.networks.empty())
            missing("boot: this host has no IPv4 address in a network of others; run this on the boot server");
        else
            missing("boot: blades could boot in several networks: {}: --network NAME",
                    fmt::join(network_names(), ", "));
        return nullptr;
    }

    Result<> boot(const HostNetwork* network) {
        TRY(agree("boot.dhcp", said({"boot", "dhcp"}), wishes_.dhcp, "--dhcp"));
        if (has_boot()) return boot_again(network);
        if (network == nullptr) return {};
        Json section;
        const std::string server = bare(network->address);
        taken_.insert(network->gateway);
        if (becomes_node_) {
            if (said({"boot", "server"}).empty() || said({"boot", "interface"}).empty())
                missing(
                    "boot.server, boot.interface: this host becomes a node, so another one hands out the boot "
                    "files: its address in {}, and its interface there",
                    subnet_of(*network));
        } else {
            taken_.insert(server);
            section["server"] = server;
            section["interface"] = network->interface;
        }
        section["subnet"] = subnet_of(*network);
        comments_["boot"] =
            fmt::format("the network of {} on {}", network->interface, facts_.name.empty() ? "this host" : facts_.name);
        found("boot: {} on {}, this host is {} there", subnet_of(*network), network->interface, server);
        dhcp(*network, section);
        sections_["boot"] = std::move(section);
        return {};
    }

    // It may have been at work for long: who gives addresses there is only said.
    Result<> boot_again(const HostNetwork* network) {
        if (network == nullptr) return {};
        taken_.insert(network->gateway);
        if (wishes_.dhcp && said({"boot", "dhcp"}).empty()) sections_["boot"]["dhcp"] = *wishes_.dhcp;
        if (!wishes_.dhcp && said({"boot", "dhcp"}).empty() && !network->dhcp_server.empty() &&
            network->dhcp_server != bare(network->address))
            missing("boot.dhcp: {} gives addresses in {} ({}): --dhcp proxy, or two servers give them",
                    network->dhcp_server, network->interface, network->dhcp_evidence);
        return {};
    }

    void dhcp(const HostNetwork& network, Json& section) {
        const bool own = network.dhcp_server == bare(network.address);
        if (!said({"boot", "dhcp"}).empty()) return;
        if (wishes_.dhcp) {
            section["dhcp"] = *wishes_.dhcp;
        } else if (!network.dhcp_server.empty() && !own) {
            section["dhcp"] = "proxy";
            comments_["boot.dhcp"] =
                fmt::format("{} gives the addresses there ({})", network.dhcp_server, network.dhcp_evidence);
            found("boot.dhcp proxy: {} gives addresses in {} already ({})", network.dhcp_server, network.interface,
                  network.dhcp_evidence);
            if (!becomes_node_)
                missing("boot.server: {} came from DHCP and must not change: reserve it there, or make it static",
                        bare(network.address));
        } else if (facts_.dhcp_here.empty()) {
            missing(
                "boot.dhcp: whether a DHCP server answers in {} cannot be known from here: this host's address "
                "there is static, and nothing was sent. Ask before dnsmasq starts (nmap --script "
                "broadcast-dhcp-discover -e {}); where one answers: --dhcp proxy",
                subnet_of(network), network.interface);
        }
        if (!facts_.dhcp_here.empty() && !becomes_node_)
            missing("boot.dhcp: {}: two cannot have it at one address; stop it, or let it be Pando's dnsmasq",
                    facts_.dhcp_here);
    }

    void access() {
        // Nobody is let in by a second look at a description that is at work.
        const bool at_work = has_boot() && has_storage();
        if (at({"access"}) != nullptr || facts_.keys.empty() || at_work) return;
        sections_["access"]["authorized_keys"] = facts_.keys;
        comments_["access"] = "those who may log in to this host as root";
        found("access: {} key{} of this host's root", facts_.keys.size(), facts_.keys.size() == 1 ? "" : "s");
    }

    // --- nodes -----------------------------------------------------------------------------------------------------

    // What nodes share, in the file or proposed.
    struct Shared {
        std::string profile;  // empty: none
        bool fence = false;
        bool fence_ip = false;
        std::string nic;       // name of its first NIC; empty: none
        bool address = false;  // of that NIC
    };

    std::string node_place(const std::string& name, size_t& place) const {
        const Value* nodes = at({"nodes"});
        for (size_t i = 0; nodes != nullptr && i < nodes->items.size(); ++i)
            if (scalar_of(nodes->items[i].find("name")) == name) {
                place = i;
                return name;
            }
        return {};
    }

    Json device() const {
        Json options = Json::object();
        if (wishes_.bmc) options["ip"] = *wishes_.bmc;
        for (const auto& [option, value] : wishes_.fence_options) options[option] = value;
        if (wishes_.fence_agent == "fence_ipmilan" && !options.contains("lanplus")) options["lanplus"] = "1";
        return {{"agent", wishes_.fence_agent}, {"options", options}};
    }

    std::string bmc_of(const ProposedNode& node) const {
        if (node.this_machine && !facts_.bmc_address.empty()) return facts_.bmc_address;
        return node.machine ? machine_bmc(*node.machine) : std::string();
    }

    // One profile in the file is taken for new nodes; without any, one is proposed for what they have in common.
    Shared shared() {
        Shared out;
        const Value* profiles = at({"profiles"});
        if (profiles != nullptr && profiles->entries.size() == 1) {
            const auto& [name, mark, keys] = profiles->entries.front();
            out.profile = name;
            if (const Value* fence = keys.find("fence"); fence != nullptr && !fence->items.empty()) {
                const Value* options = fence->items.front().find("options");
                out.fence = true;
                out.fence_ip = options != nullptr && options->find("ip") != nullptr;
            }
            if (const Value* nics = keys.find("nics"); nics != nullptr && !nics->items.empty()) {
                out.nic = scalar_of(nics->items.front().find("name"));
                out.address = nics->items.front().find("address") != nullptr;
            }
        }
        if (profiles != nullptr) return out;
        const bool known = std::any_of(wishes_.nodes.begin(), wishes_.nodes.end(),
                                       [&](const ProposedNode& node) { return !bmc_of(node).empty(); });
        if (!wishes_.bmc && !known) return out;
        sections_["profiles"]["blade"]["fence"] = Json::array({device()});
        out.profile = "blade";
        out.fence = true;
        out.fence_ip = wishes_.bmc.has_value();
        return out;
    }

    Result<std::string> address_for(const HostNetwork& network, uint32_t id) {
        const config::Cidr cidr = cidr_of(network);
        const uint32_t mask = ~0U << (32U - static_cast<unsigned>(cidr.prefix));
        const uint32_t first = cidr.ip.v4() & mask, size = ~mask;
        const auto guests = config::unknown_machines(cidr);
        constexpr uint32_t usual = 10;  // .11 is node 1
        for (uint32_t step = 0; step < size; ++step) {
            const uint32_t offset = (usual + id + step) % size;
            const config::Ip ip = config::ip_of_v4(first + offset);
            if (offset == 0 || guests.contains(ip) || taken_.contains(ip.text())) continue;
            taken_.insert(ip.text());
            return fmt::format("{}/{}", ip.text(), cidr.prefix);
        }
        return bad_input("no address of {} is free", subnet_of(network)).advise("a larger subnet");
    }

    Result<Json> nics_of(const ProposedNode& node, uint32_t id, const Shared& shared, const HostNetwork* network) {
        Json nic = {{"name", shared.nic.empty() ? "lan0" : shared.nic}};
        MachineNics nics;
        if (node.machine) nics = machine_nics(*node.machine, node.this_machine && network ? network->interface : "");
        if (!nics.chosen.empty())
            nic["mac"] = nics.chosen;
        else
            missing("{}: its MAC is not known: `pando hw probe --json > {}.json` there, then --node {}={}.json",
                    node.name, node.name, node.name, node.name);
        if (!nics.others.empty())
            found("{} has further ports, which are not proposed: {}", node.name, fmt::join(nics.others, ", "));
        if (!shared.address && network != nullptr) {
            const std::string address = TRY(address_for(*network, id));
            proposed_addresses_.push_back(bare(address));
            nic["address"] = address;
            if (!network->gateway.empty()) nic["gateway"] = network->gateway;
        } else if (!shared.address) {
            missing("{}: its address is not known, as the network is not", node.name);
        }
        return Json::array({nic});
    }

    Json fence_of(const ProposedNode& node, const Shared& shared) {
        const std::string bmc = bmc_of(node);
        if (shared.fence && shared.fence_ip) return {};
        if (bmc.empty() && !wishes_.bmc) {
            missing(
                "{}: the address of its BMC is not known: --bmc ADDRESS (10.20.1.{{id+10}} for several), or write "
                "fence: by hand; a node that nothing can cut off does not join",
                node.name);
            return {};
        }
        if (shared.fence) return Json::array({{{"options", {{"ip", bmc}}}}});
        Json own = device();
        if (!wishes_.bmc) own["options"]["ip"] = bmc;
        return Json::array({own});
    }

    Result<> nodes(const HostNetwork* network) {
        std::vector<uint32_t> ids;
        const Value* there = at({"nodes"});
        for (size_t i = 0; there != nullptr && i < there->items.size(); ++i)
            if (const auto id = config::parse_number(scalar_of(there->items[i].find("id")), 1, 65535))
                ids.push_back(static_cast<uint32_t>(*id));
        if (wishes_.nodes.empty()) {
            if (there == nullptr || there->items.empty())
                missing(
                    "nodes: on each blade `pando hw probe --json > NAME.json`, then here --node NAME=NAME.json; "
                    "this machine itself: --node NAME=this");
            return {};
        }
        if (wishes_.bmc && wishes_.bmc->find('{') == std::string::npos && wishes_.nodes.size() > 1)
            return bad_input("{} cannot be the BMC of {} nodes", *wishes_.bmc, wishes_.nodes.size())
                .advise("with the node's id in it: --bmc '10.20.1.{id+10}'");
        const Shared common = shared();
        for (const ProposedNode& node : wishes_.nodes) TRY(one(node, common, network, ids));
        credentials();
        beside_dhcp();
        return {};
    }

    // What that server gives nobody here knows. It looks whether an address is taken only while its owner is up.
    void beside_dhcp() {
        std::string mode = said({"boot", "dhcp"});
        if (const auto boot = sections_.find("boot"); boot != sections_.end() && boot->contains("dhcp"))
            mode = boot->at("dhcp").get<std::string>();
        if (mode != "proxy" || proposed_addresses_.empty()) return;
        missing(
            "nics: {} must lie outside of what the other DHCP server gives (boot.dhcp: proxy): take them out of its "
            "pool, or give nodes addresses that are; else it gives one of them to another machine",
            fmt::join(proposed_addresses_, ", "));
    }

    Result<> one(const ProposedNode& node, const Shared& common, const HostNetwork* network,
                 std::vector<uint32_t>& ids) {
        size_t place = 0;
        if (!node_place(node.name, place).empty()) return complete_node(place, node, common, network);
        const uint32_t id = TRY(free_id(ids));
        ids.push_back(id);
        Json entry = {{"name", node.name}, {"id", id}};
        if (!common.profile.empty()) entry["profile"] = common.profile;
        if (const Json machine = node.machine ? machine_identity(*node.machine) : Json(); !machine.empty())
            entry["machine"] = machine;
        entry["nics"] = TRY(nics_of(node, id, common, network));
        if (const Json fence = fence_of(node, common); !fence.empty()) entry["fence"] = fence;
        if (const Json drivers = node.machine ? machine_drivers(*node.machine) : Json(); !drivers.empty())
            entry["drivers"] = drivers;
        sections_["nodes"].push_back(entry);
        const std::string what = node.machine ? machine_name(*node.machine) : "";
        found("node {}: id {}{}", node.name, id, what.empty() ? "" : ", " + what);
        return {};
    }

    // A node that the file has: only keys that it has not.
    Result<> complete_node(size_t place, const ProposedNode& node, const Shared& common, const HostNetwork* network) {
        const Value& there = *at({"nodes", place});
        const uint32_t id =
            static_cast<uint32_t>(config::parse_number(scalar_of(there.find("id")), 1, 65535).value_or(0));
        Json keys = Json::object();
        if (there.find("machine") == nullptr && node.machine)
            if (const Json machine = machine_identity(*node.machine); !machine.empty()) keys["machine"] = machine;
        if (there.find("nics") == nullptr) keys["nics"] = TRY(nics_of(node, id, common, network));
        const bool profile_fences = common.fence && scalar_of(there.find("profile")) == common.profile;
        if (there.find("fence") == nullptr && !profile_fences) {
            Shared own = common;
            own.fence = own.fence_ip = false;
            if (const Json fence = fence_of(node, own); !fence.empty()) keys["fence"] = fence;
        }
        if (there.find("drivers") == nullptr && node.machine)
            if (const Json drivers = machine_drivers(*node.machine); !drivers.empty()) keys["drivers"] = drivers;
        if (!keys.empty()) additions_.emplace_back(place, keys);
        return {};
    }

    void credentials() {
        const bool any =
            sections_.contains("profiles") || std::any_of(sections_["nodes"].begin(), sections_["nodes"].end(),
                                                          [](const Json& node) { return node.contains("fence"); });
        if (sections_["nodes"].empty()) sections_.erase("nodes");
        const auto given = [&](std::initializer_list<const char*> names) {
            return std::any_of(names.begin(), names.end(),
                               [&](const char* name) { return wishes_.fence_options.contains(name); });
        };
        if (any && !(given({"username"}) && given({"password", "password_script"})))
            missing(
                "fence: who may log in to the BMCs: --fence-option username=NAME --fence-option password=@FILE; "
                "until then no node gets past its preflight");
    }

    // --- into the text ---------------------------------------------------------------------------------------------

    Result<std::string> merged() {
        if (!yaml_) {
            Json all = Json::object();
            for (const std::string& name : section_order)
                if (sections_.contains(name)) all[name] = sections_[name];
            std::string text = "# Proposed by pando config init; docs/cluster-yaml.md tells what can be said here.\n";
            return all.empty() ? text : text + config::yaml_block(all, comments_);
        }
        const Value before = yaml_->root();
        for (const auto& [place, keys] : additions_)
            for (const auto& [key, value] : keys.items()) TRY(yaml_->put({"nodes", place}, key, value));
        for (const std::string& name : section_order)
            if (sections_.contains(name)) TRY(section(name, sections_[name]));
        if (!keeps(before, yaml_->root()))
            return bad_input("{} is written in a way that cannot be added to", file_name_)
                .advise("write its sections as blocks, a key a line");
        return yaml_->text();
    }

    Result<> section(const std::string& name, const Json& value) {
        const Value* there = at({name});
        if (there != nullptr && there->kind == Value::Kind::null)
            return bad_input("{}:{}: {}: is empty", file_name_, there->mark.line, name)
                .advise("remove the line, then it is proposed; or fill it");
        if (there == nullptr) {
            std::string text = yaml_->text();
            if (!text.empty() && text.back() != '\n') text += '\n';
            text += "\n" + config::yaml_block({{name, value}}, comments_);
            yaml_ = TRY(YamlText::parse(text, file_name_));
            return {};
        }
        if (value.is_array()) {
            for (const Json& item : value) TRY(yaml_->append({name}, item));
            return {};
        }
        return into({name}, value);
    }

    // Keys that the file has not, at any depth; its lists and texts are its own.
    Result<> into(const config::YamlPath& path, const Json& value) {
        for (const auto& [key, item] : value.items()) {
            config::YamlPath below = path;
            below.emplace_back(key);
            const Value* there = at(below);
            if (there == nullptr)
                TRY(yaml_->put(path, key, item));
            else if (there->kind == Value::Kind::mapping && item.is_object())
                TRY(into(below, item));
        }
        return {};
    }
};

}  // namespace

Result<Proposal> propose(const HostFacts& facts, const Wishes& wishes, const std::string& text,
                         std::string_view file_name) {
    std::optional<YamlText> yaml;
    const bool blank = text.find_first_not_of(" \t\r\n") == std::string::npos;
    if (!blank) yaml = TRY(YamlText::parse(text, file_name));
    return Proposer(facts, wishes, std::move(yaml), file_name).run();
}

}  // namespace pando::nodes
