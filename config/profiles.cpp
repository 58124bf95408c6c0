// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/profiles.h"

#include "config/schema.h"
#include "config/values.h"

#include <algorithm>

namespace pando::config {

namespace {

const std::vector<std::string> profile_keys = {"nics",        "fence",   "drivers", "kernel_arguments",
                                               "chroot_path", "watchdog"};

// All others are lists.
bool is_scalar_key(std::string_view key) { return key == "chroot_path"; }
bool is_mapping_key(std::string_view key) { return key == "watchdog"; }

bool is_mapping(const Value* value) { return value != nullptr && value->kind == Value::Kind::mapping; }
bool is_list(const Value* value) { return value != nullptr && value->kind == Value::Kind::list; }

std::string text_of(const Value& mapping, std::string_view key) {
    const Value* value = mapping.find(key);
    return value != nullptr && value->kind == Value::Kind::scalar ? value->text : std::string();
}

// --- placeholders --------------------------------------------------------------------------------------------------

struct Names {
    std::string name;
    std::string id;
};

// What stands for the word between the braces; nothing when it is no placeholder of ours.
std::optional<std::string> meaning(std::string_view word, const Names& names) {
    if (word == "name") return names.name;
    if (word == "id") return names.id;
    if (!word.starts_with("id+")) return std::nullopt;
    const auto id = parse_number(names.id, 0, UINT32_MAX);
    const auto more = parse_number(word.substr(3), 0, UINT32_MAX);
    if (!id || !more) return std::nullopt;
    return std::to_string(*id + *more);
}

void substitute(Value& value, const Names& names, Complaints& complaints) {
    for (auto& item : value.items) substitute(item, names, complaints);
    for (auto& entry : value.entries) substitute(entry.value, names, complaints);
    std::string out;
    std::string_view rest = value.text;
    while (true) {
        const size_t open = rest.find('{');
        const size_t close = open == std::string_view::npos ? open : rest.find('}', open);
        if (close == std::string_view::npos) break;
        const std::string_view word = rest.substr(open + 1, close - open - 1);
        const auto with = meaning(word, names);
        if (!with)
            complaints.add(value.mark, fmt::format("unknown placeholder {{{}}}", word), "{name}, {id} or {id+100}");
        out += rest.substr(0, open);
        out += with.value_or("");
        rest.remove_prefix(close + 1);
    }
    value.text = out + std::string(rest);
}

// --- merging -------------------------------------------------------------------------------------------------------

// Key by key; the node's value wins, mappings inside are merged likewise.
void overlay(Value& base, const Value& over) {
    if (base.kind != Value::Kind::mapping || over.kind != Value::Kind::mapping) {
        base = over;
        return;
    }
    base.mark = over.mark;
    for (const auto& entry : over.entries) {
        if (Value* known = base.find(entry.key))
            overlay(*known, entry.value);
        else
            base.entries.push_back(entry);
    }
}

Value* with_name(Value& list, const std::string& name) {
    const auto it = std::find_if(list.items.begin(), list.items.end(),
                                 [&](const Value& item) { return !name.empty() && text_of(item, "name") == name; });
    return it == list.items.end() ? nullptr : &*it;
}

Value merged_nics(Value base, const Value& over) {
    for (const auto& nic : over.items) {
        if (Value* known = with_name(base, text_of(nic, "name")))
            overlay(*known, nic);
        else
            base.items.push_back(nic);
    }
    return base;
}

// A device without a name is called after its node and its agent; a second one of the same agent gets a number.
void name_devices(Value& list, const std::string& node) {
    for (auto& device : list.items) {
        if (device.kind != Value::Kind::mapping || device.find("name") != nullptr) continue;
        std::string agent = text_of(device, "agent");
        if (agent.empty() || node.empty()) continue;
        agent = agent.substr(agent.rfind('/') + 1);
        if (agent.starts_with("fence_")) agent = agent.substr(6);
        const std::string first = node + "-" + agent;
        std::string name = first;
        for (int n = 2; with_name(list, name) != nullptr; ++n) name = fmt::format("{}-{}", first, n);
        device.entries.push_back(
            {"name", device.mark, {.kind = Value::Kind::scalar, .mark = device.mark, .text = name}});
    }
}

Value merged_fence(Value base, const Value& over) {
    const size_t inherited = base.items.size();
    for (size_t i = 0; i < over.items.size(); ++i) {
        const Value& device = over.items[i];
        Value* known = with_name(base, text_of(device, "name"));
        if (known == nullptr && device.find("name") == nullptr && i < inherited) known = &base.items[i];
        const std::string agent = text_of(device, "agent");
        if (known == nullptr) {
            base.items.push_back(device);
        } else if (!agent.empty() && agent != text_of(*known, "agent")) {
            *known = device;  // another agent: the profile's options mean nothing to it
        } else {
            overlay(*known, device);
        }
    }
    return base;
}

Value appended(Value base, const Value& over) {
    base.items.insert(base.items.end(), over.items.begin(), over.items.end());
    return base;
}

void fold(Value& node, const Value& profile) {
    for (const auto& entry : profile.entries) {
        const bool scalar = is_scalar_key(entry.key);
        const bool mapping = is_mapping_key(entry.key);
        // Said when it was looked at.
        if (!is_profile_key(entry.key) || (mapping ? !is_mapping(&entry.value) : !scalar && !is_list(&entry.value)))
            continue;
        Value* own = node.find(entry.key);
        if (own == nullptr) {
            node.entries.push_back(entry);
            continue;
        }
        if (mapping && is_mapping(own)) {
            Value merged = entry.value;
            overlay(merged, *own);
            *own = std::move(merged);
            continue;
        }
        if (scalar || !is_list(own)) continue;  // the node's own wins; or it is said when the lists are read
        if (entry.key == "nics")
            *own = merged_nics(entry.value, *own);
        else if (entry.key == "fence")
            *own = merged_fence(entry.value, *own);
        else
            *own = appended(entry.value, *own);
    }
}

// A profile that no node uses is read as if one did.
void check_unused(const Value& profile, Complaints& complaints) {
    Value sample = profile;
    substitute(sample, {"node", "1"}, complaints);
    Node node;
    for (const auto& row : node_table())
        if (const Value* value = sample.find(row.key)) row.read(*value, node, complaints);
}

// False when nothing of the profile can be taken. Other mistakes are said, and the rest of it holds.
bool usable(const Value::Entry& entry, Complaints& complaints) {
    if (entry.value.kind == Value::Kind::null) return true;  // `name:` alone is an empty profile
    if (entry.value.kind != Value::Kind::mapping) {
        complaints.add(entry.value.mark, fmt::format("profile \"{}\" must hold keys with values", entry.key),
                       suggestion("", profile_keys));
        return false;
    }
    if (entry.value.count() > profile_value_limit) {
        complaints.add(entry.mark,
                       fmt::format("profile \"{}\" has more than {} values", entry.key, profile_value_limit),
                       "no machine has that many NICs and fence devices");
        return false;
    }
    if (!is_word(entry.key, "_-.", 63))
        complaints.add(entry.mark, fmt::format("\"{}\" is no profile name", entry.key),
                       "1 to 63 letters, digits and _ - .");
    for (const auto& part : entry.value.entries) {
        if (!is_profile_key(part.key)) {
            complaints.add(part.mark, fmt::format("unknown key \"{}\" in a profile", part.key),
                           suggestion(part.key, profile_keys));
        } else if (is_mapping_key(part.key) && part.value.kind != Value::Kind::mapping) {
            complaints.add(part.value.mark, fmt::format("{} must hold keys with values", part.key),
                           "write `key: value` lines, indented");
        } else if (!is_scalar_key(part.key) && !is_mapping_key(part.key) && part.value.kind != Value::Kind::list) {
            complaints.add(part.value.mark, fmt::format("{} must be a list", part.key), "one `- …` line for each");
        }
    }
    return true;
}

}  // namespace

bool is_profile_key(std::string_view key) {
    return std::find(profile_keys.begin(), profile_keys.end(), key) != profile_keys.end();
}

void fold_profiles(Value& root, Complaints& complaints) {
    const Value* section = root.find("profiles");
    Value none{.kind = Value::Kind::mapping};
    if (section == nullptr || section->kind == Value::Kind::null) section = &none;
    if (section->kind != Value::Kind::mapping) {
        complaints.add(section->mark, "profiles: must hold one mapping per profile", "profiles: {blade: {nics: […]}}");
        section = &none;
    }
    const Value profiles = *section;
    std::vector<std::string> names;
    std::set<std::string> broken;
    for (const auto& entry : profiles.entries) {
        names.push_back(entry.key);
        if (!usable(entry, complaints)) broken.insert(entry.key);
    }

    std::set<std::string> used;
    Value* nodes = root.find("nodes");
    if (is_list(nodes)) {
        if (nodes->items.size() > node_limit) {
            complaints.add(nodes->mark, fmt::format("{} nodes, the limit is {}", nodes->items.size(), node_limit),
                           "GFS2 and DLM are made for 16");
            nodes->items.clear();  // nothing more is said about them
            return;
        }
        size_t folded = 0;
        for (auto& node : nodes->items) {
            const Names known{text_of(node, "name"), text_of(node, "id")};
            if (const Value* wanted = node.find("profile"); wanted != nullptr && wanted->kind == Value::Kind::scalar) {
                const Value* profile = profiles.find(wanted->text);
                if (profile == nullptr) {
                    complaints.add(wanted->mark, fmt::format("there is no profile \"{}\"", wanted->text),
                                   names.empty() ? "add it under profiles:" : suggestion(wanted->text, names));
                } else if (!broken.contains(wanted->text)) {
                    used.insert(wanted->text);
                    folded += profile->count();
                    if (folded > folded_value_limit) {
                        complaints.add(wanted->mark,
                                       fmt::format("profiles add more than {} values", folded_value_limit),
                                       "a smaller profile, or fewer nodes that name it");
                        nodes->items.clear();
                        return;
                    }
                    Value filled = *profile;
                    substitute(filled, known, complaints);
                    if (Value* devices = filled.find("fence")) name_devices(*devices, known.name);
                    fold(node, filled);
                }
            }
            if (Value* devices = node.find("fence"); is_list(devices)) name_devices(*devices, known.name);
        }
    }
    for (const auto& entry : profiles.entries)
        if (!used.contains(entry.key) && !broken.contains(entry.key)) check_unused(entry.value, complaints);
}

}  // namespace pando::config
