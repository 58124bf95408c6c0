// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/knobs.h"

#include "config/caret.h"
#include "config/document.h"
#include "config/load.h"
#include "config/profiles.h"

#include <algorithm>
#include <map>

namespace pando::config {
namespace {

bool is_list(const Description& row) { return !row.below.empty() && row.type == "list"; }
bool is_map(const Description& row) { return !row.below.empty() && row.type.ends_with(": keys"); }

void collect(std::vector<Knob>& out, const std::vector<Description>& rows, const std::string& above, Takes takes,
             bool in_profile) {
    for (const Description& row : rows) {
        Knob knob{above + row.key, row, row.takes == Takes::inherited ? takes : row.takes, !row.below.empty(),
                  in_profile || (above == "nodes[]." && is_profile_key(row.key))};
        knob.row.below.clear();
        const std::string inside = knob.path + (is_list(row) ? "[]." : is_map(row) ? ".NAME." : ".");
        const Takes own = knob.takes;
        const bool profiled = knob.in_profile;
        out.push_back(std::move(knob));
        collect(out, row.below, inside, own, profiled);
    }
}

// One component of a path: nics[lan0] is the name nics and the element lan0; nics[] any element.
struct Part {
    std::string name;
    std::string element;
    bool list = false;
};

std::vector<Part> parts_of(std::string_view path) {
    std::vector<Part> parts;
    while (!path.empty()) {
        // A dot inside brackets belongs to an element's name.
        size_t end = 0;
        for (bool inside = false; end < path.size() && (inside || path[end] != '.'); ++end)
            inside = path[end] == '[' || (inside && path[end] != ']');
        std::string_view word = path.substr(0, end);
        path.remove_prefix(std::min(path.size(), end + 1));
        Part part;
        if (const size_t open = word.find('['); open != std::string_view::npos && word.ends_with(']')) {
            part.list = true;
            part.element = word.substr(open + 1, word.size() - open - 2);
            word = word.substr(0, open);
        }
        part.name = word;
        parts.push_back(std::move(part));
    }
    return parts;
}

// `given` is what a person wrote; a key of the user's own (boot.stages.join) stands where the row has NAME.
bool ends_with(const std::vector<Part>& whole, const std::vector<Part>& given) {
    if (given.empty() || given.size() > whole.size()) return false;
    const size_t skip = whole.size() - given.size();
    for (size_t i = 0; i < given.size(); ++i) {
        const Part& row = whole[skip + i];
        const bool own_key = row.name == "NAME" && i > 0;
        if (!own_key && row.name != given[i].name) return false;
        if (given[i].list && !row.list && i + 1 < given.size()) return false;
    }
    return true;
}

// --- values --------------------------------------------------------------------------------------------------------

std::string flow(const Value& value) {
    if (value.kind == Value::Kind::scalar) return value.text;
    if (value.kind == Value::Kind::null) return "";
    std::string out;
    for (const Value& item : value.items) out += (out.empty() ? "" : ", ") + flow(item);
    for (const auto& entry : value.entries) out += (out.empty() ? "" : ", ") + entry.key + ": " + flow(entry.value);
    return value.kind == Value::Kind::list ? "[" + out + "]" : "{" + out + "}";
}

// What an element of a list is called.
std::string name_of(const Value& item, size_t place) {
    for (const char* key : {"name", "path", "destination"})
        if (const Value* value = item.find(key); value != nullptr && value->kind == Value::Kind::scalar)
            return value->text;
    return std::to_string(place + 1);
}

void collect_marks(const Value& value, const std::string& profile, std::map<Mark, std::string>& out) {
    out.emplace(value.mark, profile);
    for (const Value& item : value.items) collect_marks(item, profile, out);
    for (const auto& entry : value.entries) collect_marks(entry.value, profile, out);
}

class Finder {
public:
    Finder(const Knob& knob, std::string_view name, std::string_view file_name, std::string_view node,
           const std::function<bool(std::string_view)>& hidden)
        : knob_(knob), parts_(parts_of(knob.path)), file_name_(file_name), hidden_(hidden) {
        // The elements that were named.
        const auto given = parts_of(name);
        const size_t skip = parts_.size() - given.size();
        wanted_.resize(parts_.size());
        for (size_t i = 0; i < given.size(); ++i) {
            wanted_[skip + i] = given[i].element;
            if (parts_[skip + i].name == "NAME" && given[i].name != "NAME") wanted_[skip + i] = given[i].name;
        }
        if (!node.empty() && parts_.front().name == "nodes") wanted_.front() = node;
    }

    // Where each line begins, for columns as people count them.
    void remember_lines(std::string_view text) {
        while (!text.empty()) {
            lines_.push_back(text.substr(0, text.find('\n')));
            text.remove_prefix(std::min(text.size(), lines_.back().size() + 1));
        }
    }
    void remember_profiles(const Value& root) {
        if (const Value* profiles = root.find("profiles"))
            for (const auto& entry : profiles->entries) collect_marks(entry.value, entry.key, profiles_);
    }

    void look(const Value* at, size_t depth, const std::string& path) {
        if (depth == parts_.size()) return found(at, path);
        const Part& part = parts_[depth];
        if (part.name == "NAME") {
            if (at == nullptr) return;
            for (const auto& entry : at->entries)
                if (wanted_[depth].empty() || wanted_[depth] == entry.key)
                    look(&entry.value, depth + 1, path + "." + entry.key);
            return;
        }
        const Value* next = at == nullptr ? nullptr : at->find(part.name);
        const std::string below = path + (path.empty() ? "" : ".") + part.name;
        if (!part.list) return look(next, depth + 1, below);
        if (next == nullptr) return;
        for (size_t i = 0; i < next->items.size(); ++i) {
            const std::string name = name_of(next->items[i], i);
            if (wanted_[depth].empty() || wanted_[depth] == name)
                look(&next->items[i], depth + 1, fmt::format("{}[{}]", below, name));
        }
    }

    std::vector<Setting> settings;

private:
    const Knob& knob_;
    std::vector<Part> parts_;
    std::string_view file_name_;
    const std::function<bool(std::string_view)>& hidden_;
    std::vector<std::string> wanted_;  // by depth; empty: any
    std::map<Mark, std::string> profiles_;
    std::vector<std::string_view> lines_;

    void found(const Value* value, const std::string& path) {
        if (value == nullptr || value->kind == Value::Kind::null) {
            settings.push_back({path, knob_.row.fallback.empty() ? "not set" : knob_.row.fallback, "default"});
            return;
        }
        if (value->kind == Value::Kind::mapping && !knob_.group) {  // options of a fence device
            for (const auto& entry : value->entries)
                settings.push_back({path + "." + entry.key, hidden_(entry.key) ? "(secret)" : flow(entry.value),
                                    origin(entry.value.mark)});
            return;
        }
        settings.push_back({path, flow(*value), origin(value->mark)});
    }

    std::string origin(Mark mark) const {
        const size_t line = static_cast<size_t>(mark.line) - 1, byte = static_cast<size_t>(mark.column) - 1;
        const size_t before = line < lines_.size() ? characters(lines_[line].substr(0, byte)) : byte;
        std::string text = fmt::format("{}:{}:{}", file_name_, mark.line, before + 1);
        if (const auto at = profiles_.find(mark); at != profiles_.end()) text += ", profile " + at->second;
        return text;
    }
};

}  // namespace

const std::vector<Knob>& knobs() {
    static const std::vector<Knob> all = [] {
        std::vector<Knob> out;
        collect(out, describe(cluster_table()), "", Takes::boot, false);
        return out;
    }();
    return all;
}

Result<std::vector<const Knob*>> find_knobs(std::string_view name) {
    const auto given = parts_of(name);
    std::vector<const Knob*> found;
    for (const Knob& knob : knobs()) {
        const auto parts = parts_of(knob.path + (knob.row.type == "list" ? "[]" : ""));
        if (!ends_with(parts, given)) continue;
        // The whole path is meant before any that ends likewise: `root` is not nodes[].….root.
        if (parts.size() == given.size()) return std::vector<const Knob*>{&knob};
        found.push_back(&knob);
    }
    if (!found.empty()) return found;
    std::vector<std::string> known;
    for (const Knob& knob : knobs()) {
        std::string path = knob.path;
        for (size_t at = path.find("[]"); at != std::string::npos; at = path.find("[]")) path.erase(at, 2);
        // What has as many components as was given is the likelier to be meant.
        const auto parts = parts_of(path);
        std::string tail;
        for (size_t i = parts.size() - std::min(parts.size(), std::max<size_t>(given.size(), 1)); i < parts.size(); ++i)
            tail += (tail.empty() ? "" : ".") + parts[i].name;
        if (std::find(known.begin(), known.end(), tail) == known.end()) known.push_back(tail);
    }
    std::string advice = suggestion(name, known);
    if (!advice.starts_with("did you")) advice = "pando config explain, without a name, lists all";
    return bad_input("cluster.yaml has no key \"{}\"", name).advise(advice);
}

std::string_view how_it_takes_effect(Takes takes) {
    switch (takes) {
        case Takes::live:
            return "live: every node that is up takes it over once it is written";
        case Takes::cdsl:
            return "by pando cdsl apply on each node concerned, or at its next boot";
        case Takes::chroot:
            return "by pando chroot update on every node, and a new image before the next boot";
        case Takes::inherited:
        case Takes::boot:
            return "at the next boot of each node concerned";
        case Takes::image:
            return "with new boot files (pando image build), at the next boot of each node concerned";
        case Takes::server:
            return "when the boot server's DHCP configuration is rendered anew (pando config render dnsmasq)";
        case Takes::node_off:
            return "written while the node concerned is off";
        case Takes::all_off:
            return "written while all nodes are off: old and new do not understand each other";
        case Takes::new_root:
            return "never on this root: it is written into the filesystem when that is made";
    }
    return "";
}

std::string explain(const Knob& knob) {
    std::string text = fmt::format("{}\n  {}\n", knob.path, knob.row.help);
    const auto line = [&](std::string_view label, std::string_view what) {
        text += fmt::format("  {:13} {}\n", label, what);
    };
    line("type", knob.row.type);
    if (!knob.row.range.empty()) line("range", knob.row.range);
    if (knob.row.type.starts_with("duration")) line("unit", "written behind the number: ms, s, m or h");
    if (knob.row.type.starts_with("size")) line("unit", "written behind the number: K, M or G, powers of 1024");
    if (!knob.group)
        line("default", knob.row.required           ? "none: it must be given"
                        : knob.row.fallback.empty() ? "not set"
                                                    : knob.row.fallback);
    line("stands in", knob.in_profile ? "cluster.yaml, of a node or of a profile (profiles.NAME" +
                                            knob.path.substr(std::string_view("nodes[]").size()) + ")"
                                      : "cluster.yaml");
    if (!knob.row.boot_argument.empty())
        line("kernel", knob.row.boot_argument + "=, by which a blade goes until it has read the description");
    line("takes effect", how_it_takes_effect(knob.takes));
    return text;
}

std::string list_knobs() {
    size_t widest = 0;
    for (const Knob& knob : knobs()) widest = std::max(widest, knob.path.size());
    std::string text;
    for (const Knob& knob : knobs())
        if (!knob.group) text += fmt::format("{:{}}  {}\n", knob.path, widest, knob.row.help);
    return text;
}

Result<std::vector<Setting>> settings(const Knob& knob, std::string_view name, std::string_view yaml,
                                      std::string_view file_name, std::string_view node,
                                      const std::function<bool(std::string_view)>& hidden) {
    const auto cluster = TRY(load_text(yaml, file_name));
    if (!node.empty() && cluster.find_node(node) == nullptr) {
        std::vector<std::string> names;
        for (const auto& known : cluster.nodes) names.push_back(known.name);
        return bad_input("cluster {} has no node \"{}\"", cluster.name, node).advise(suggestion(node, names));
    }
    Complaints complaints(file_name, yaml);
    auto root = parse_document(yaml, complaints);
    if (!root) return complaints.error();
    Finder finder(knob, name, file_name, node, hidden);
    finder.remember_lines(yaml);
    finder.remember_profiles(*root);
    fold_profiles(*root, complaints);
    finder.look(&*root, 0, "");
    return std::move(finder.settings);
}

}  // namespace pando::config
