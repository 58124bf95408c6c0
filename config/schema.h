// SPDX-License-Identifier: GPL-2.0-or-later
// How a struct of config/cluster.h looks in YAML: one row per key. A row is read, shown and documented from the same
// place, so the file, `config show` and the reference cannot disagree.
//
//   field("token", &Corosync::token, duration(1s, 5min), "how long a silent node is believed alive")
#pragma once

#include "config/cluster.h"
#include "config/document.h"

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::config {

using Json = nlohmann::ordered_json;

// Is it an option of a fence device whose value nobody should read over a shoulder? The agents' options are no rows
// here: their names tell. Whoever shows such a value, a line that holds one, or a difference of two asks this.
bool is_secret(std::string_view option);

// What a changed value needs before the cluster goes by it.
enum class Takes {
    inherited,  // what holds for the keys around it
    live,       // nodes that are up take it over when it is written
    cdsl,       // `pando cdsl apply`, or the node's next boot
    chroot,     // the chroot gets further programs
    boot,       // the next boot of the node
    image,      // new boot files, and the next boot
    server,     // the boot server's own files rendered anew
    node_off,   // while the node is off
    all_off,    // while all nodes are off: those with the old and the new value do not understand each other
    new_root,   // it is written into the root's filesystem
};

// One key as the reference describes it.
struct Description {
    std::string key;
    std::string type;
    std::string fallback;  // the default, as it would be written; empty: none
    bool required = false;
    std::string help;
    std::vector<Description> below = {};
    std::string range = {};  // "from 1s to 5m"; empty: whatever the type says
    Takes takes = Takes::inherited;
    std::string boot_argument = {};  // rd.pando.…: a blade goes by it until it has read the description
};

// How a value of type T is read, shown and described.
template <typename T>
struct Codec {
    std::string type;  // "duration": for the reference and for messages
    // False, and a complaint, when the value is not of this type.
    std::function<bool(const Value&, T&, Complaints&)> read;
    std::function<Json(const T&)> show;   // null: not set, left out
    std::vector<Description> below = {};  // the keys inside
    std::string range = {};               // what of the type is taken, for people
};

template <typename Owner>
struct Field {
    std::string key;
    std::function<void(const Value&, Owner&, Complaints&)> read;
    std::function<Json(const Owner&)> show;
    Description description;

    // Columns that few rows have: field(…).takes(Takes::live).
    Field takes(Takes takes) && {
        description.takes = takes;
        return std::move(*this);
    }
    Field boot_argument(std::string_view name) && {
        description.boot_argument = name;
        return std::move(*this);
    }
};

template <typename Owner>
using Table = std::vector<Field<Owner>>;

enum class Need { optional, required };

inline std::string default_text(const Json& value) {
    if (value.is_null()) return {};
    return value.is_string() ? value.get<std::string>() : value.dump();
}

// A key that is kept in one member.
template <typename Owner, typename T>
Field<Owner> field(std::string_view key, T Owner::*member, Codec<T> codec, std::string_view help,
                   Need need = Need::optional) {
    const bool required = need == Need::required;
    std::string fallback = required || !codec.below.empty() ? "" : default_text(codec.show(Owner{}.*member));
    if (fallback == "[]" || fallback == "{}") fallback.clear();
    Description description{std::string(key),  codec.type,  std::move(fallback), required,
                            std::string(help), codec.below, codec.range};
    return {std::string(key),
            [member, codec](const Value& value, Owner& owner, Complaints& complaints) {
                codec.read(value, owner.*member, complaints);
            },
            [member, codec](const Owner& owner) { return codec.show(owner.*member); }, std::move(description)};
}

// A mapping read by its table. Unknown keys are refused, required ones asked for.
template <typename Owner>
bool read_mapping(const Table<Owner>& table, const Value& value, Owner& owner, Complaints& complaints) {
    if (value.kind != Value::Kind::mapping) {
        complaints.add(value.mark, "expected keys with values here", "write `key: value` lines, indented");
        return false;
    }
    for (const auto& entry : value.entries) {
        bool known = false;
        for (const auto& row : table)
            if (row.key == entry.key) {
                row.read(entry.value, owner, complaints);
                known = true;
            }
        if (known) continue;
        std::vector<std::string> keys;
        for (const auto& row : table) keys.push_back(row.key);
        complaints.add(entry.mark, fmt::format("unknown key \"{}\"", entry.key), suggestion(entry.key, keys));
    }
    for (const auto& row : table)
        if (row.description.required && value.find(row.key) == nullptr)
            complaints.add(value.mark, fmt::format("\"{}\" is missing here", row.key),
                           fmt::format("add `{}:`, {}", row.key, row.description.help));
    return true;
}

template <typename Owner>
Json show_mapping(const Table<Owner>& table, const Owner& owner) {
    Json out = Json::object();
    for (const auto& row : table)
        if (Json value = row.show(owner); !value.is_null()) out[row.key] = std::move(value);
    return out;
}

template <typename Owner>
std::vector<Description> describe(const Table<Owner>& table) {
    std::vector<Description> out;
    for (const auto& row : table) out.push_back(row.description);
    return out;
}

template <typename Owner>
Codec<Owner> mapping(Table<Owner> rows) {
    const auto table = std::make_shared<const Table<Owner>>(std::move(rows));
    return {"keys",
            [table](const Value& value, Owner& owner, Complaints& complaints) {
                return read_mapping(*table, value, owner, complaints);
            },
            [table](const Owner& owner) { return show_mapping(*table, owner); }, describe(*table)};
}

// Keys that are grouped in the file but kept in the same struct as their surroundings.
template <typename Owner>
Field<Owner> section(std::string_view key, Table<Owner> rows, std::string_view help, Need need = Need::optional) {
    Codec<Owner> codec = mapping(std::move(rows));
    Description description{std::string(key), codec.type, {}, need == Need::required, std::string(help), codec.below};
    return {std::string(key),
            [codec](const Value& value, Owner& owner, Complaints& complaints) { codec.read(value, owner, complaints); },
            codec.show, std::move(description)};
}

// A list. A broken element leaves an empty one in its place, so that positions stay comparable with the document.
template <typename T>
Codec<std::vector<T>> list_of(Codec<T> element) {
    std::string type = element.below.empty() ? "list of " + element.type : "list";
    auto below = element.below;
    return {std::move(type),
            [element](const Value& value, std::vector<T>& out, Complaints& complaints) {
                if (value.kind != Value::Kind::list) {
                    complaints.add(value.mark, "expected a list here", "one `- …` line for each, or [a, b]");
                    return false;
                }
                out.clear();
                bool good = true;
                for (const auto& item : value.items) good = element.read(item, out.emplace_back(), complaints) && good;
                return good;
            },
            [element](const std::vector<T>& list) {
                Json out = Json::array();
                for (const auto& item : list) out.push_back(element.show(item));
                return out;
            },
            std::move(below), element.range};
}

// One value, or a list of them. One is shown without a list around it.
template <typename T>
Codec<std::vector<T>> one_or_list(Codec<T> element) {
    const auto list = list_of(element);
    return {element.type + ", or a list",
            [element, list](const Value& value, std::vector<T>& out, Complaints& complaints) {
                if (value.kind == Value::Kind::list) return list.read(value, out, complaints);
                out.clear();
                return element.read(value, out.emplace_back(), complaints);
            },
            [element, list](const std::vector<T>& values) {
                if (values.empty()) return Json();
                return values.size() == 1 ? element.show(values.front()) : list.show(values);
            },
            {},
            element.range};
}

// A mapping with keys of the user's own.
template <typename T>
Codec<std::map<std::string, T>> map_of(Codec<std::string> key, Codec<T> element) {
    std::string type = element.below.empty() ? fmt::format("{}: {}", key.type, element.type) : key.type + ": keys";
    auto below = element.below;
    return {std::move(type),
            [key, element](const Value& value, std::map<std::string, T>& out, Complaints& complaints) {
                if (value.kind != Value::Kind::mapping) {
                    complaints.add(value.mark, "expected keys with values here", "write `key: value` lines, indented");
                    return false;
                }
                out.clear();
                bool good = true;
                for (const auto& entry : value.entries) {
                    std::string name;
                    const Value as_value{.kind = Value::Kind::scalar, .mark = entry.mark, .text = entry.key};
                    good = key.read(as_value, name, complaints) && good;
                    good = element.read(entry.value, out[name], complaints) && good;
                }
                return good;
            },
            [element](const std::map<std::string, T>& map) {
                Json out = Json::object();
                for (const auto& [name, item] : map) out[name] = element.show(item);
                return out;
            },
            std::move(below)};
}

// A value that may be absent.
template <typename T>
Codec<std::optional<T>> maybe(Codec<T> codec) {
    auto below = codec.below;
    return {codec.type,
            [codec](const Value& value, std::optional<T>& out, Complaints& complaints) {
                return codec.read(value, out.emplace(), complaints);
            },
            [codec](const std::optional<T>& value) { return value ? codec.show(*value) : Json(); }, std::move(below),
            codec.range};
}

// A value for which the struct keeps T{} when the file says `auto`.
template <typename T>
Codec<T> or_auto(Codec<T> codec) {
    return {codec.type + " or auto",
            [codec](const Value& value, T& out, Complaints& complaints) {
                if (value.kind == Value::Kind::scalar && value.text == "auto") {
                    out = T{};
                    return true;
                }
                return codec.read(value, out, complaints);
            },
            [codec](const T& value) { return value == T{} ? Json("auto") : codec.show(value); },
            {},
            codec.range};
}

// The whole of cluster.yaml, and of a node after its profile was folded in.
const Table<Cluster>& cluster_table();
const Table<Node>& node_table();

}  // namespace pando::config
