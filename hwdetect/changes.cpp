// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/changes.h"

#include "hwdetect/placeholder.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>

namespace pando::hwdetect {
namespace {

using nlohmann::ordered_json;
using Names = std::vector<const char*>;

const ordered_json& member(const ordered_json& object, std::string_view key) {
    static const ordered_json nothing;
    if (!object.is_object()) return nothing;
    const auto found = object.find(std::string(key));
    return found == object.end() ? nothing : *found;
}

bool has(const ordered_json& object, std::string_view key) {
    return object.is_object() && object.contains(std::string(key));
}

constexpr uint64_t mib = 1ULL << 20U, gib = 1ULL << 30U;

std::string bytes(uint64_t size) {
    if (size >= gib)
        return size % gib == 0 ? fmt::format("{} GiB", size / gib)
                               : fmt::format("{:.1f} GiB", static_cast<double>(size) / static_cast<double>(gib));
    return fmt::format("{} MiB", size / mib);
}

bool is_size(std::string_view key) { return key == "size" || key == "installed"; }

// A value as a person reads it. A stored file may hold anything, so any type has a text.
std::string text_of(const ordered_json& value, std::string_view key = {}) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_null()) return {};
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    if (value.is_number_unsigned() && is_size(key)) return bytes(value.get<uint64_t>());
    return value.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
}

std::string text_at(const ordered_json& object, std::string_view key) { return text_of(member(object, key), key); }

// The first of these that says something; a placeholder says nothing.
std::string first_known(const ordered_json& object, const Names& keys) {
    for (const char* key : keys)
        if (std::string text = text_at(object, key); !is_placeholder(text)) return text;
    return {};
}

std::string together(const ordered_json& object, const Names& keys) {
    std::string text;
    for (const char* key : keys) {
        const std::string value = text_at(object, key);
        if (!value.empty()) text += (text.empty() ? "" : " ") + value;
    }
    return text;
}

// ---- sections with one value a key ----

struct Section {
    const char* key;
    const char* part;
    Names fields;
    bool only_known;  // nothing on one side means that nobody asked, not that it is gone
};

const std::vector<Section>& sections() {
    static const std::vector<Section> table = {
        {"system", "system", {"uuid", "vendor", "product", "serial"}, false},
        {"board", "board", {"vendor", "product", "version", "serial"}, false},
        {"chassis", "chassis", {"type", "serial", "asset"}, false},
        {"bios", "BIOS", {"vendor", "version", "date", "uefi"}, false},
        {"cpu", "processors", {"model", "sockets", "cores", "threads"}, false},
        {"bmc", "BMC", {"specification", "firmware", "guid"}, true},
        {"tpm", "TPM", {"version"}, true},
    };
    return table;
}

void compare_section(const Section& section, const ordered_json& before, const ordered_json& now,
                     std::vector<Change>& changes) {
    if (!has(before, section.key) || !has(now, section.key)) return;
    const ordered_json& old = member(before, section.key);
    const ordered_json& fresh = member(now, section.key);
    if (old.is_null() != fresh.is_null()) {
        const ChangeKind kind = old.is_null() ? ChangeKind::added : ChangeKind::removed;
        changes.push_back({kind, section.part, together(old, section.fields), together(fresh, section.fields)});
        return;
    }
    for (const char* field : section.fields) {
        const std::string was = text_at(old, field), is = text_at(fresh, field);
        if (was == is || !has(old, field) || !has(fresh, field)) continue;
        if (section.only_known && (was.empty() || is.empty())) continue;
        changes.push_back({ChangeKind::changed, section.part, fmt::format("{} {}", field, was.empty() ? "none" : was),
                           fmt::format("{} {}", field, is.empty() ? "none" : is)});
    }
}

// Where no module tells its size the sum is what the kernel was left, which moves a little with the kernel.
void compare_memory(const ordered_json& before, const ordered_json& now, std::vector<Change>& changes) {
    const ordered_json& old = member(member(before, "memory"), "installed");
    const ordered_json& fresh = member(member(now, "memory"), "installed");
    if (!old.is_number_unsigned() || !fresh.is_number_unsigned()) return;
    const uint64_t was = old.get<uint64_t>(), is = fresh.get<uint64_t>();
    constexpr uint64_t fiftieth = 50;
    if ((was > is ? was - is : is - was) <= std::max(was, is) / fiftieth) return;
    changes.push_back({ChangeKind::changed, "memory", bytes(was), bytes(is)});
}

// ---- lists of parts ----

struct List {
    const char* section;  // empty: at the top
    const char* key;
    const char* part;
    Names identity;  // the first that is known tells a part from its like
    const char* place;
    Names fields;    // compared
    Names describe;  // what a person knows it by
};

const std::vector<List>& lists() {
    static const std::vector<List> table = {
        {"memory",
         "modules",
         "memory module",
         {"serial"},
         "slot",
         {"slot", "size", "type", "part"},
         {"slot", "size", "type", "vendor", "part", "serial"}},
        {"",
         "nics",
         "NIC",
         {"permanent_mac", "mac"},
         "address",
         {"address", "driver"},
         {"permanent_mac", "address", "driver"}},
        {"",
         "controllers",
         "controller",
         {"id"},
         "address",
         {"address", "driver"},
         {"kind", "id", "address", "product"}},
        {"", "fc_ports", "FC port", {"wwpn"}, "address", {"wwnn", "address"}, {"wwpn", "address"}},
        {"",
         "disks",
         "disk",
         {"wwn", "serial"},
         "address",
         {"size", "model", "firmware", "address"},
         {"vendor", "model", "serial", "size", "transport"}},
        {"", "watchdogs", "watchdog", {"identity"}, "identity", {"min_timeout", "max_timeout"}, {"identity"}},
        {"", "gpus", "GPU", {"id"}, "address", {"address"}, {"id", "address", "product"}},
    };
    return table;
}

using Parts = std::vector<const ordered_json*>;

// Disks that are not built in come and go with whoever gives them.
bool is_foreign(const ordered_json& part) {
    const std::string transport = text_at(part, "transport");
    return transport == "iscsi" || transport == "fc" || transport == "usb" || transport.starts_with("nvme-");
}

std::optional<Parts> parts_of(const List& list, const ordered_json& inventory) {
    const ordered_json& holder = *list.section == '\0' ? inventory : member(inventory, list.section);
    const ordered_json& array = member(holder, list.key);
    if (!array.is_array()) return std::nullopt;
    Parts parts;
    for (const ordered_json& part : array)
        if (part.is_object() && !is_foreign(part)) parts.push_back(&part);
    return parts;
}

class ListComparison {
public:
    ListComparison(const List& list, Parts before, Parts now, std::vector<Change>& changes)
        : list_(list), before_(std::move(before)), now_(std::move(now)), changes_(changes) {}

    // From the surest pairs to the least sure; who is left over came or went.
    void run() {
        pair([&](const auto& old, const auto& fresh) { return same_identity(old, fresh) && same_place(old, fresh); });
        pair([&](const auto& old, const auto& fresh) { return same_identity(old, fresh); });
        pair([&](const auto& old, const auto& fresh) { return same_place(old, fresh); });
        for (const ordered_json* old : before_)
            changes_.push_back({ChangeKind::removed, list_.part, described(*old), {}});
        for (const ordered_json* fresh : now_)
            changes_.push_back({ChangeKind::added, list_.part, {}, described(*fresh)});
    }

private:
    const List& list_;
    Parts before_, now_;
    std::vector<Change>& changes_;

    std::string identity(const ordered_json& part) const { return first_known(part, list_.identity); }
    bool same_identity(const ordered_json& old, const ordered_json& fresh) const {
        return !identity(old).empty() && identity(old) == identity(fresh);
    }
    bool same_place(const ordered_json& old, const ordered_json& fresh) const {
        return text_at(old, list_.place) == text_at(fresh, list_.place);
    }

    std::string described(const ordered_json& part) const {
        const std::string text = together(part, list_.describe);
        return text.empty() ? "one without a name" : text;
    }

    template <typename Same>
    void pair(Same same) {
        for (auto old = before_.begin(); old != before_.end();) {
            const auto fresh =
                std::find_if(now_.begin(), now_.end(), [&](const auto* part) { return same(**old, *part); });
            if (fresh == now_.end()) {
                ++old;
                continue;
            }
            compare(**old, **fresh);
            now_.erase(fresh);
            old = before_.erase(old);
        }
    }

    void compare(const ordered_json& old, const ordered_json& fresh) {
        const std::string was = identity(old), is = identity(fresh);
        if (!was.empty() && !is.empty() && was != is) {
            changes_.push_back({ChangeKind::replaced, list_.part, described(old), described(fresh)});
            return;
        }
        const std::string part = fmt::format("{} {}", list_.part, is.empty() ? text_at(fresh, list_.place) : is);
        for (const char* field : list_.fields) {
            if (!has(old, field) || !has(fresh, field) || member(old, field) == member(fresh, field)) continue;
            changes_.push_back({ChangeKind::changed, part, value(old, field), value(fresh, field)});
        }
    }

    static std::string value(const ordered_json& part, const char* field) {
        const std::string text = text_at(part, field);
        return fmt::format("{} {}", field, text.empty() ? "none" : text);
    }
};

Result<ordered_json> parsed(std::string_view text, std::string_view which) {
    auto json = ordered_json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("system"))
        return bad_input("the inventory {} is none that pando wrote", which);
    return json;
}

}  // namespace

const char* to_string(ChangeKind kind) {
    constexpr std::array names = {"added", "removed", "replaced", "changed"};
    return names.at(static_cast<size_t>(kind));
}

std::string to_string(const Change& change) {
    switch (change.kind) {
        case ChangeKind::added:
            return fmt::format("{}: added: {}", change.part, change.after);
        case ChangeKind::removed:
            return fmt::format("{}: gone: {}", change.part, change.before);
        case ChangeKind::replaced:
            return fmt::format("{}: replaced: {} -> {}", change.part, change.before, change.after);
        case ChangeKind::changed:
            break;
    }
    return fmt::format("{}: {} -> {}", change.part, change.before, change.after);
}

Result<std::vector<Change>> changes_between(std::string_view before, std::string_view now) {
    const ordered_json old = TRY(parsed(before, "of before"));
    const ordered_json fresh = TRY(parsed(now, "of now"));
    std::vector<Change> changes;
    for (const Section& section : sections()) compare_section(section, old, fresh, changes);
    compare_memory(old, fresh, changes);
    for (const List& list : lists()) {
        auto was = parts_of(list, old), is = parts_of(list, fresh);
        if (was && is) ListComparison(list, std::move(*was), std::move(*is), changes).run();
    }
    return changes;
}

}  // namespace pando::hwdetect
