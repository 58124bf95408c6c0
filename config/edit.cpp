// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/edit.h"

#include "config/load.h"
#include "config/values.h"
#include "config/yaml_text.h"

#include <algorithm>

namespace pando::config {
namespace {

constexpr const char* file_name = "cluster.yaml";

std::string text_of(const Value* value) {
    return value != nullptr && value->kind == Value::Kind::scalar ? value->text : std::string();
}

Result<size_t> node_place(const YamlText& yaml, const std::string& name) {
    const Value* nodes = yaml.find({"nodes"});
    for (size_t i = 0; nodes != nullptr && i < nodes->items.size(); ++i)
        if (text_of(nodes->items[i].find("name")) == name) return i;
    return bad_input("cluster.yaml has no node {}", name).advise("pando node list names those there are");
}

// Nothing leaves this file that would not be taken as cluster.yaml.
Result<std::string> checked(const YamlText& yaml) {
    TRY(load_text(yaml.text(), file_name));
    return yaml.text();
}

// Fewer journals than nodes are refused, so a number that is written down grows with the nodes.
Result<> raise_journals(YamlText& yaml) {
    const Value* nodes = yaml.find({"nodes"});
    const std::string journals = text_of(yaml.find({"root", "journals"}));
    const auto count = parse_number(journals, 0, UINT32_MAX);
    if (nodes == nullptr || !count || *count == 0 || *count >= nodes->items.size()) return {};
    return yaml.put({"root"}, "journals", nodes->items.size());
}

Result<> remove_rules_of(YamlText& yaml, const std::string& node) {
    const Value* rules = yaml.find({"cdsl"});
    for (size_t i = rules == nullptr ? 0 : rules->items.size(); i-- > 0;) {
        if (text_of(yaml.find({"cdsl", i, "scope"})) != "node:" + node) continue;
        if (yaml.find({"cdsl"})->items.size() == 1) return yaml.remove({}, "cdsl");
        TRY(yaml.remove_item({"cdsl"}, i));
    }
    return {};
}

// The node's own entry for a NIC is made when only the profile has one.
Result<> set_mac(YamlText& yaml, size_t node, const std::string& nic, const std::string& mac) {
    const Value* nics = yaml.find({"nodes", node, "nics"});
    for (size_t i = 0; nics != nullptr && i < nics->items.size(); ++i)
        if (text_of(nics->items[i].find("name")) == nic)
            return yaml.put({"nodes", node, "nics", i}, "mac", mac, "name");
    const NodeText entry = {{"name", nic}, {"mac", mac}};
    if (nics == nullptr) return yaml.put({"nodes", node}, "nics", NodeText::array({entry}), "machine");
    return yaml.append({"nodes", node, "nics"}, entry);
}

using Key = std::optional<std::string> MachineIdentity::*;
const std::vector<std::pair<std::string, Key>> machine_keys = {
    {"uuid", &MachineIdentity::uuid}, {"serial", &MachineIdentity::serial}, {"asset", &MachineIdentity::asset}};

Result<> set_machine(YamlText& yaml, size_t node, const MachineIdentity& machine) {
    NodeText all = NodeText::object();
    for (const auto& [key, member] : machine_keys)
        if (machine.*member) all[key] = *(machine.*member);
    const bool there = yaml.find({"nodes", node, "machine"}) != nullptr;
    if (all.empty()) return yaml.remove({"nodes", node}, "machine");
    if (!there)
        return yaml.put({"nodes", node}, "machine", all,
                        yaml.find({"nodes", node, "profile"}) != nullptr ? "profile" : "id");
    // First what comes, so that the mapping never is without a key.
    for (const auto& [key, value] : all.items()) TRY(yaml.put({"nodes", node, "machine"}, key, value));
    for (const auto& [key, member] : machine_keys)
        if (!(machine.*member)) TRY(yaml.remove({"nodes", node, "machine"}, key));
    return {};
}

}  // namespace

Result<std::string> add_nodes(const std::string& text, const std::vector<NodeText>& nodes) {
    auto yaml = TRY(YamlText::parse(text, file_name));
    for (const NodeText& node : nodes) TRY(yaml.append({"nodes"}, node));
    TRY(raise_journals(yaml));
    return checked(yaml);
}

Result<std::string> remove_nodes(const std::string& text, const std::vector<std::string>& names) {
    auto yaml = TRY(YamlText::parse(text, file_name));
    for (const std::string& name : names) {
        const size_t place = TRY(node_place(yaml, name));
        if (yaml.find({"nodes"})->items.size() == 1)
            return bad_input("{} would be the last node to go: a cluster has one at least", name);
        TRY(yaml.remove_item({"nodes"}, place));
        TRY(remove_rules_of(yaml, name));
    }
    return checked(yaml);
}

Result<std::string> rename_node(const std::string& text, const std::string& node, const std::string& name) {
    auto yaml = TRY(YamlText::parse(text, file_name));
    TRY(yaml.put({"nodes", TRY(node_place(yaml, node))}, "name", name));
    const Value* rules = yaml.find({"cdsl"});
    for (size_t i = 0; rules != nullptr && i < rules->items.size(); ++i) {
        if (text_of(yaml.find({"cdsl", i, "scope"})) != "node:" + node) continue;
        TRY(yaml.put({"cdsl", i}, "scope", "node:" + name));
        rules = yaml.find({"cdsl"});
    }
    return checked(yaml);
}

bool Binding::operator==(const Binding& other) const {
    return machine.uuid == other.machine.uuid && machine.serial == other.machine.serial &&
           machine.asset == other.machine.asset && macs == other.macs;
}

Binding binding_of(const Node& node) {
    Binding binding{node.machine, {}};
    for (const Nic& nic : node.nics)
        if (nic.mac) binding.macs[nic.name] = *nic.mac;
    return binding;
}

Result<std::string> bind_node(const std::string& text, const std::string& node, const Binding& binding) {
    auto yaml = TRY(YamlText::parse(text, file_name));
    const size_t place = TRY(node_place(yaml, node));
    TRY(set_machine(yaml, place, binding.machine));
    for (const auto& [nic, mac] : binding.macs) TRY(set_mac(yaml, place, nic, mac));
    auto next = TRY(checked(yaml));
    const auto cluster = TRY(load_text(next, file_name));
    const Binding is = binding_of(*cluster.find_node(node));
    Binding wanted = binding_of(*TRY(load_text(text, file_name)).find_node(node));
    wanted.machine = binding.machine;
    for (const auto& [nic, mac] : binding.macs) wanted.macs[nic] = mac;
    if (!(is == wanted))
        return bad_input("node {}: its machine cannot be set in its own entry, the profile says otherwise", node)
            .advise("take mac: out of the profile's nics:, it can be one machine's only");
    return next;
}

Result<std::string> set_fence_options(const std::string& text, const std::string& node, const std::string& device,
                                      const OptionChanges& options) {
    const auto cluster = TRY(load_text(text, file_name));
    auto yaml = TRY(YamlText::parse(text, file_name));
    const size_t place = TRY(node_place(yaml, node));
    const auto& devices = cluster.find_node(node)->fence;
    const auto is_meant = [&](const FenceDevice& one) { return one.name == device; };
    const auto it = std::find_if(devices.begin(), devices.end(), is_meant);
    if (it == devices.end())
        return bad_input("node {} has no fence device {}", node, device)
            .advise(fmt::format("pando node show {} names those it has", node));
    const YamlPath fence = {"nodes", place, "fence"};
    const auto at_device = [&](size_t i, const char* key) {
        return yaml.find(key == nullptr ? YamlPath{"nodes", place, "fence", i}
                                        : YamlPath{"nodes", place, "fence", i, key});
    };
    const Value* own = yaml.find(fence);
    const size_t order = static_cast<size_t>(it - devices.begin());
    // By its name, else by its place, as a profile's device and the node's come together.
    size_t entry = own == nullptr ? 0 : own->items.size();
    for (size_t i = 0; own != nullptr && i < own->items.size(); ++i)
        if (const std::string name = text_of(at_device(i, "name")); name == device || (name.empty() && i == order))
            entry = i;
    NodeText given = NodeText::object();
    for (const auto& [key, value] : options)
        if (value) given[key] = *value;
    const auto at_options = [&] { return at_device(entry, "options"); };
    if (given.empty() && (own == nullptr || entry == own->items.size() || at_options() == nullptr)) {
        // Nothing to set, and nothing of the node's own that could go.
    } else if (own == nullptr || entry == own->items.size()) {
        const NodeText item = {{"name", device}, {"options", given}};
        if (own == nullptr)
            TRY(yaml.put({"nodes", place}, "fence", NodeText::array({item})));
        else
            TRY(yaml.append(fence, item));
    } else if (at_options() == nullptr) {
        TRY(yaml.put({"nodes", place, "fence", entry}, "options", given));
    } else {
        const YamlPath mapping = {"nodes", place, "fence", entry, "options"};
        // First what comes, so that the mapping never is without a key.
        for (const auto& [key, value] : given.items()) TRY(yaml.put(mapping, key, value));
        for (const auto& [key, value] : options) {
            if (value || at_options() == nullptr || at_options()->find(key) == nullptr) continue;
            if (at_options()->entries.size() == 1)
                TRY(yaml.remove({"nodes", place, "fence", entry}, "options"));
            else
                TRY(yaml.remove(mapping, key));
        }
    }
    auto next = TRY(checked(yaml));
    const auto after = TRY(load_text(next, file_name));
    const auto& now = after.find_node(node)->fence;
    for (const auto& [key, value] : options) {
        const auto* option = order < now.size() && now[order].name == device ? &now[order].options : nullptr;
        const bool is_set = option != nullptr && option->contains(key);
        if (value ? !is_set || option->at(key) != *value : is_set)
            return bad_input("node {}: option {} of {} cannot be set by program", node, key, device)
                .advise("write it into the node's fence: in cluster.yaml by hand");
    }
    return next;
}

}  // namespace pando::config
