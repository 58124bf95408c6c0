// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/journal.h"

#include "base/number.h"
#include "base/printable.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/rule_yaml.h"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <array>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr const char* suffix = ".yaml";
constexpr int journal_version = 1;
constexpr size_t intent_limit = 2 * inventory_limit;
constexpr size_t actions_limit = 100'000;

constexpr std::array<std::pair<Action::Kind, std::string_view>, 13> kinds{{{Action::Kind::seed, "seed"},
                                                                           {Action::Kind::unseed, "unseed"},
                                                                           {Action::Kind::hollow, "hollow"},
                                                                           {Action::Kind::keep, "keep"},
                                                                           {Action::Kind::empty, "empty"},
                                                                           {Action::Kind::fill, "fill"},
                                                                           {Action::Kind::publish, "publish"},
                                                                           {Action::Kind::unlink, "unlink"},
                                                                           {Action::Kind::destroy, "destroy"},
                                                                           {Action::Kind::prepare, "prepare"},
                                                                           {Action::Kind::commit, "commit"},
                                                                           {Action::Kind::restore, "restore"},
                                                                           {Action::Kind::tidy, "tidy"}}};

Result<fs::path> path_from(const FlatMap& entry, const char* key) {
    const std::string* text = entry.find(key);
    if (text == nullptr) return fs::path();
    const fs::path path = *text;
    for (const fs::path& name : path)
        if (name == "..") return bad_input("line {}: {} has a .. in it", entry.line, key);
    return path;
}

Result<std::vector<Action>> actions_from(const std::vector<FlatMap>* list) {
    if (list == nullptr || list->size() > actions_limit) return bad_input("has no list of actions");
    std::vector<Action> actions;
    for (const FlatMap& entry : *list) {
        TRY(check_keys(entry, {"do", "from", "to", "path"}));
        const std::string name = TRY(required_scalar(entry, "do"));
        const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& row) { return row.second == name; });
        if (kind == kinds.end()) return bad_input("line {}: {} is no action", entry.line, printable(name));
        actions.push_back(
            {kind->first, TRY(path_from(entry, "from")), TRY(path_from(entry, "to")), TRY(path_from(entry, "path"))});
    }
    return actions;
}

void write_actions(YAML::Emitter& out, const char* key, const std::vector<Action>& actions) {
    out << YAML::Key << key << YAML::Value << YAML::BeginSeq;
    for (const Action& action : actions) {
        out << YAML::BeginMap << YAML::Key << "do" << YAML::Value << std::string(name_of(action.kind));
        const auto field = [&](const char* name, const fs::path& path) {
            if (!path.empty()) out << YAML::Key << name << YAML::Value << path.string();
        };
        field("from", action.from);
        field("to", action.to);
        field("path", action.path);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq;
}

// The inventory and the additions are whole texts in it: what is written at the end is what was decided at first.
Result<Intent> intent_from(const FlatDocument& document) {
    const std::string version = TRY(required_scalar(document.top, "version"));
    if (version != std::to_string(journal_version))
        return bad_input("has version {}, this Pando reads version {}", version, journal_version)
            .advise("use the Pando that wrote it, or a newer one");
    TRY(check_keys(document, {"version", "id", "holder", "actions", "undo", "inventory", "additions"}));
    Intent intent;
    intent.id = TRY(required_scalar(document.top, "id"));
    if (intent.id.empty() || intent.id.find('/') != std::string::npos) return bad_input("has no id");
    const auto holder = parse_holder(TRY(required_scalar(document.top, "holder")));
    if (!holder) return bad_input("does not say whose it is");
    intent.holder = *holder;
    intent.actions = TRY(actions_from(document.list("actions")));
    intent.undo = TRY(actions_from(document.list("undo")));
    intent.inventory = TRY(parse_inventory(TRY(required_scalar(document.top, "inventory"))));
    // Their format is that of inventories: the file of additions is another concept, its rules are not.
    if (document.top.find("additions") != nullptr)
        intent.additions = TRY(parse_inventory(TRY(required_scalar(document.top, "additions")))).rules;
    return intent;
}

Result<UniqueFd> open_journal(int root) { return open_beneath(root, journal_directory, O_PATH | O_DIRECTORY); }

}  // namespace

std::string_view name_of(Action::Kind kind) {
    return std::find_if(kinds.begin(), kinds.end(), [&](const auto& row) { return row.first == kind; })->second;
}

std::string text_of(const Action& action) {
    const auto shown = [](const fs::path& path) { return "/" + path.relative_path().string(); };
    const auto tree = [](const fs::path& name) {
        return name == template_tree ? std::string("the template") : "the tree of " + name.string();
    };
    switch (action.kind) {
        case Action::Kind::seed:
            return fmt::format("copy {} from {} to {}", shown(action.path),
                               action.from.empty() ? "the shared root" : tree(action.from), tree(action.to));
        case Action::Kind::unseed:
            return fmt::format("take {} out of {}", shown(action.path), tree(action.to));
        case Action::Kind::hollow:
            return fmt::format("start {} anew in {}", shown(action.path), tree(action.to));
        case Action::Kind::keep:
            return fmt::format("move {} to {}", shown(action.from), shown(action.to));
        case Action::Kind::empty:
            return fmt::format("move what {} holds to {}", shown(action.from), shown(action.to));
        case Action::Kind::fill:
            return fmt::format("move what {} holds to {}", shown(action.from), shown(action.to));
        case Action::Kind::publish:
            return fmt::format("put {} in place of the link {}", shown(action.from), shown(action.to));
        case Action::Kind::unlink:
            return fmt::format("remove the link {}, which leads nowhere", shown(action.to));
        case Action::Kind::destroy:
            return fmt::format("destroy {}", shown(action.from));
        case Action::Kind::prepare:
            return action.path.empty() ? "make the root as the inventory will have it"
                                       : fmt::format("make {} ready on the shared root", shown(action.path));
        case Action::Kind::commit:
            return "write /.pando/cdsl.yaml";
        case Action::Kind::restore:
            return action.from.empty()
                       ? fmt::format("empty {} again", shown(action.to))
                       : fmt::format("move what {} holds back to {}", shown(action.from), shown(action.to));
        case Action::Kind::tidy:
            return fmt::format("remove {} if it is empty", shown(action.to));
    }
    return {};
}

std::string intent_text(const Intent& intent) {
    YAML::Emitter out;
    out << YAML::Comment(
               "A change of CDSLs that is under way or was interrupted. The next pando cdsl command completes it.")
        << YAML::Newline << YAML::BeginMap << YAML::Key << "version" << YAML::Value << journal_version << YAML::Key
        << "id" << YAML::Value << intent.id;
    std::string holder = holder_line(intent.holder);
    holder.pop_back();
    out << YAML::Key << "holder" << YAML::Value << holder;
    write_actions(out, "actions", intent.actions);
    write_actions(out, "undo", intent.undo);
    out << YAML::Key << "inventory" << YAML::Value << YAML::Literal << inventory_text(intent.inventory);
    if (intent.additions)
        out << YAML::Key << "additions" << YAML::Value << YAML::Literal << inventory_text({*intent.additions, {}});
    out << YAML::EndMap;
    return std::string(out.c_str(), out.size()) + "\n";
}

Result<Intent> parse_intent(std::string_view text) {
    if (text.size() > intent_limit) return bad_input("is longer than {} bytes", intent_limit);
    return intent_from(TRY(read_flat_yaml(text)));
}

Result<> write_intent(int root, Intent& intent) {
    intent.holder = intent.holder.filled();
    intent.id = fmt::format("{}-{}-{}", intent.holder.since, intent.holder.node, intent.holder.process);
    const auto journal = TRY(open_journal(root));
    return replace_file(journal.get(), intent.id + suffix, intent_text(intent), 0600, "intent");
}

Result<> remove_intent(int root, const std::string& id) {
    const auto journal = TRY(open_beneath(root, journal_directory, O_RDONLY | O_DIRECTORY));
    if (unlinkat(journal.get(), (id + suffix).c_str(), 0) < 0 && errno != ENOENT)
        return fail_errno(errno, "removing the intent {}", id);
    if (fsync(journal.get()) < 0) return fail_errno(errno, "flushing the journal");
    return {};
}

Result<std::vector<Intent>> read_intents(int root) {
    const auto journal = open_journal(root);
    if (!journal && journal.error().sys == ENOENT) return std::vector<Intent>{};
    if (!journal) return Failure(journal.error());
    std::vector<Intent> intents;
    for (const std::string& name : TRY(names_in(journal->get()))) {
        if (name.starts_with('.') || !name.ends_with(suffix)) continue;
        const auto text = TRY(read_beneath(journal->get(), name, intent_limit));
        if (!text) continue;
        auto intent = parse_intent(*text);
        if (!intent)
            return Failure(Error{fmt::format("/{}/{}: {}", journal_directory, name, intent.error().what),
                                 !intent.error().advice.empty()
                                     ? intent.error().advice
                                     : "it tells of an interrupted change: look at what it says, then move it away",
                                 ErrorKind::failed, 0});
        intents.push_back(std::move(*intent));
    }
    return intents;
}

bool concerns(const Intent& intent, const fs::path& path) {
    const auto is_about = [&](const fs::path& named) {
        const fs::path one = "/" / named.relative_path();
        return one != "/" && (one == path || is_below(one, path) || is_below(path, one));
    };
    const auto names = [&](const Action& action) {
        const bool whole = action.kind == Action::Kind::prepare && action.path.empty();
        return whole || is_about(action.path) || is_about(action.from) || is_about(action.to);
    };
    return std::any_of(intent.actions.begin(), intent.actions.end(), names) ||
           std::any_of(intent.undo.begin(), intent.undo.end(), names);
}

}  // namespace pando::cdsl
