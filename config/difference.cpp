// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/difference.h"

#include "config/knobs.h"
#include "config/render.h"
#include "config/show.h"
#include "config/site_templates.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <map>
#include <set>

namespace pando::config {
namespace {

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string string_at(const Json& item, const char* key) {
    const auto at = item.find(key);
    return at == item.end() ? std::string() : text_of(*at);
}

// By what an element of a list is the same on both sides. A node is its id: another name is a change of it.
std::string identity_of(const Json& item, bool is_node) {
    if (!item.is_object()) return text_of(item);
    if (is_node) return string_at(item, "id");
    for (const char* key : {"name", "destination"})
        if (item.contains(key)) return string_at(item, key);
    return string_at(item, "path") + " " + string_at(item, "scope");
}

// What people call it.
std::string label_of(const Json& item) {
    for (const char* key : {"name", "destination", "path"})
        if (item.contains(key)) return string_at(item, key);
    return text_of(item);
}

struct Place {
    std::string path;
    Takes takes = Takes::boot;
    std::string node = {};
    bool cluster_nic = false;
};

class Comparison {
public:
    explicit Comparison(const std::function<bool(std::string_view)>& hidden) : hidden_(hidden) {}

    void keys(const std::vector<Description>& rows, const Json& before, const Json& after, const Place& around) {
        for (const Description& row : rows) {
            if (row.key == "profiles") continue;  // folded into the nodes
            Place place = around;
            place.path += (around.path.empty() ? "" : ".") + row.key;
            if (row.takes != Takes::inherited) place.takes = row.takes;
            // Corosync knows a running node by its cluster address.
            if (around.cluster_nic && row.key == "address") place.takes = Takes::node_off;
            const Json one = before.value(row.key, Json());
            const Json other = after.value(row.key, Json());
            if (one == other) continue;
            if (row.below.empty())
                value(one, other, place);
            else if (row.type == "list")
                elements(row, one, other, place);
            else if (row.type.ends_with(": keys"))
                named(row.below, one, other, place);
            else
                keys(row.below, object(one), object(other), place);
        }
    }

    std::vector<Change> changes;

private:
    const std::function<bool(std::string_view)>& hidden_;

    static Json object(const Json& value) { return value.is_object() ? value : Json::object(); }
    static std::set<std::string> keys_of(const Json& before, const Json& after) {
        std::set<std::string> names;
        for (const Json* side : {&before, &after})
            if (side->is_object())
                for (const auto& [name, value] : side->items()) names.insert(name);
        return names;
    }
    static std::optional<std::string> shown(const Json& value) {
        return value.is_null() || value.empty() ? std::nullopt : std::optional(text_of(value));
    }

    void value(const Json& before, const Json& after, const Place& place) {
        if (!before.is_object() && !after.is_object()) {
            changes.push_back({place.path, shown(before), shown(after), std::nullopt, place.node, place.takes});
            return;
        }
        // Options of a fence device.
        const std::set<std::string> names = keys_of(before, after);
        for (const std::string& name : names) {
            auto one = shown(object(before).value(name, Json()));
            auto other = shown(object(after).value(name, Json()));
            if (one == other) continue;
            if (hidden_(name)) {
                if (one) one = "(secret)";
                if (other) other = one ? "(another secret)" : "(secret)";
            }
            changes.push_back({place.path + "." + name, one, other, std::nullopt, place.node, place.takes});
        }
    }

    void named(const std::vector<Description>& rows, const Json& before, const Json& after, const Place& place) {
        const std::set<std::string> names = keys_of(before, after);
        for (const std::string& name : names) {
            Place inside = place;
            inside.path += "." + name;
            keys(rows, object(object(before).value(name, Json())), object(object(after).value(name, Json())), inside);
        }
    }

    void elements(const Description& row, const Json& before, const Json& after, const Place& place) {
        const bool nodes = place.path == "nodes";
        const auto index = [&](const Json& list) {
            std::map<std::string, const Json*> by_identity;
            for (const Json& item : list) by_identity.emplace(identity_of(item, nodes), &item);
            return by_identity;
        };
        const auto old_ones = index(before), new_ones = index(after);
        std::vector<std::string> stay_before, stay_after;
        for (const Json& item : before) {
            const std::string identity = identity_of(item, nodes);
            Place inside = place;
            inside.path += "[" + label_of(item) + "]";
            if (nodes) inside.node = label_of(item);
            inside.cluster_nic = item.is_object() && item.value("cluster", Json(false)) == Json(true);
            const auto other = new_ones.find(identity);
            if (other == new_ones.end()) {
                changes.push_back(
                    {inside.path, "", std::nullopt, row.key, inside.node, nodes ? Takes::node_off : inside.takes});
                continue;
            }
            stay_before.push_back(label_of(item));
            keys(row.below, item, *other->second, inside);
        }
        for (const Json& item : after) {
            const auto old_one = old_ones.find(identity_of(item, nodes));
            if (old_one != old_ones.end()) {
                stay_after.push_back(label_of(*old_one->second));
                continue;
            }
            changes.push_back({place.path + "[" + label_of(item) + "]", std::nullopt, "", row.key,
                               nodes ? label_of(item) : place.node, nodes ? Takes::live : place.takes});
        }
        // The order of fence devices is that of the levels; of NICs and nodes it means nothing.
        if (row.key == "fence" && stay_before != stay_after)
            changes.push_back({place.path + " (order)", fmt::format("{}", fmt::join(stay_before, ", ")),
                               fmt::format("{}", fmt::join(stay_after, ", ")), std::nullopt, place.node, place.takes});
    }
};

// What a changed template needs: as much as the most of what may stand in it. Nobody looks into it for what has
// changed.
Takes template_takes(std::string_view name) {
    if (name == "corosync.conf") return Takes::all_off;  // its port and its ciphers are the same on all nodes
    if (name == "dlm.conf") return Takes::boot;          // dlm_controld reads it at its start
    if (name == "boot.ipxe") return Takes::image;
    return name.starts_with("dnsmasq") ? Takes::server : Takes::live;
}

// A site's own templates are no keys, and change what is rendered all the same.
void add_templates(const Cluster& before, const Cluster& after, std::vector<Change>& changes) {
    const auto in = [](const Cluster& cluster, const std::string& name) -> std::optional<std::string> {
        const auto it = cluster.templates.find(name);
        return it == cluster.templates.end() ? std::nullopt : std::optional(it->second);
    };
    for (const std::string& name : template_names()) {
        const auto one = in(before, name), other = in(after, name);
        if (one == other) continue;
        changes.push_back({fmt::format("{}/{}.in", template_directory, name), one ? "the site's" : "built in",
                           !other ? "built in"
                           : one  ? "another of the site's"
                                  : "the site's",
                           std::nullopt, "", template_takes(name)});
    }
}

}  // namespace

std::vector<Change> differences(const Cluster& before, const Cluster& after,
                                const std::function<bool(std::string_view)>& hidden) {
    Comparison comparison(hidden);
    comparison.keys(describe(cluster_table()), show_json(before), show_json(after), {});
    add_templates(before, after, comparison.changes);
    return std::move(comparison.changes);
}

std::string shown(const Change& change) {
    if (change.element) return fmt::format("{}: {}", change.path, change.after ? "new" : "gone");
    return fmt::format("{}: {} -> {}", change.path, change.before.value_or("not set"),
                       change.after.value_or("not set"));
}

std::string what_it_takes(const std::vector<Change>& changes) {
    struct Group {
        bool everybody = false;
        std::set<std::string> nodes;
    };
    std::map<Takes, Group> groups;  // in the order of the enum: from the least to the most
    for (const Change& change : changes) {
        Group& group = groups[change.takes];
        if (change.node.empty())
            group.everybody = true;
        else
            group.nodes.insert(change.node);
    }
    std::string text;
    for (const auto& [takes, group] : groups) {
        text += fmt::format("{}\n  concerns {}:\n", how_it_takes_effect(takes),
                            group.everybody ? "all nodes" : fmt::format("{}", fmt::join(group.nodes, ", ")));
        for (const Change& change : changes)
            if (change.takes == takes) text += fmt::format("    {}\n", change.path);
    }
    return text;
}

}  // namespace pando::config
