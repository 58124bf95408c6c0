// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl repair: interrupted changes are completed or undone, what is safe is mended, and the rest is named with
// the words that settle it.
#include "base/log.h"
#include "base/node_range.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/live.h"
#include "cdsl/preparation.h"
#include "cdsl/rebuild.h"
#include "cdsl/retire.h"
#include "cli/cdsl_root.h"
#include "cli/command.h"

#include <algorithm>
#include <memory>

namespace pando::cli {

namespace {

namespace fs = std::filesystem;
using Kind = cdsl::Action::Kind;

struct RepairOptions {
    CdslRootOptions root;
    std::vector<std::string> retire;
    std::vector<std::string> set_aside;
    bool undo = false;
    std::string range;  // whose trees are looked through; empty: all, and the template
    bool dry_run = false;
    bool json = false;
};

struct Repair {
    std::vector<std::string> mended;
    std::vector<std::string> open;  // for somebody to decide
};

std::string label(const std::string& tree) { return tree == cdsl::template_tree ? "template" : tree; }

// The inventory as it is on disk, or as it can be found again. Nothing is written.
Result<cdsl::Inventory> inventory_of(const CdslRoot& root, Repair& repair) {
    const auto text = TRY(cdsl::read_beneath(root.shared.bare(), cdsl::inventory_path, cdsl::inventory_limit));
    if (text) {
        auto inventory = cdsl::parse_inventory(*text);
        if (inventory || cdsl::is_newer_inventory(*text)) return inventory;
        repair.mended.push_back(fmt::format("find the inventory again on disk: {}", inventory.error().what));
    } else {
        repair.mended.emplace_back("find the lost inventory again on disk");
    }
    auto found = TRY(cdsl::rebuild_inventory(root.shared, root.policy));
    found.below = root.inventory.below;
    return found;
}

// Is the tree one to look through?
Result<bool> is_meant(const RepairOptions& options, const std::string& tree) {
    if (options.range.empty()) return true;
    const auto names = TRY(node_range(options.range));
    return std::find(names.begin(), names.end(), tree) != names.end();
}

// A name may be of a node that is no more: then its tree is there.
Result<> check_range(const RepairOptions& options, const CdslRoot& root) {
    if (options.range.empty()) return {};
    const auto trees = TRY(root.shared.trees());
    for (const std::string& name : TRY(node_range(options.range)))
        if (root.cluster.find_node(name) == nullptr && std::find(trees.begin(), trees.end(), name) == trees.end())
            return bad_input("{} is no node, nor has it a tree on this root", name);
    return {};
}

// What repair must not decide by itself, with the words that do.
Result<> name_the_rest(const RepairOptions& options, const CdslRoot& root, const cdsl::Inventory& inventory,
                       Repair& repair) {
    for (const std::string& node : TRY(root.shared.trees()))
        if (TRY(is_meant(options, node)) && root.cluster.find_node(node) == nullptr)
            repair.open.push_back(fmt::format("/{}/{} is of no node of the cluster; --retire {} keeps it aside",
                                              cdsl::nodes_directory, node, node));
    for (const auto& [path, trees] : TRY(cdsl::unnamed_content(root.shared, inventory))) {
        std::vector<std::string> labels;
        for (const std::string& tree : trees)
            if (TRY(is_meant(options, tree))) labels.push_back(label(tree));
        if (labels.empty()) continue;
        repair.open.push_back(fmt::format("{} in the tree of {} is named by no rule; --set-aside {} keeps it aside",
                                          path.string(), fmt::join(labels, ", "), path.string()));
    }
    for (const auto& rule : cdsl::leftovers(root.policy, inventory))
        repair.open.push_back(fmt::format("{} ({}) is declared nowhere any more; pando cdsl delete {} shares it again",
                                          rule.path.string(), cdsl::name_of(rule.mode), rule.path.string()));
    return {};
}

Result<std::vector<cdsl::Action>> settle(const RepairOptions& options, const CdslRoot& root,
                                         const cdsl::Inventory& inventory) {
    std::vector<cdsl::Action> actions;
    for (const std::string& node : options.retire) {
        const auto trees = TRY(root.shared.trees());
        if (std::find(trees.begin(), trees.end(), node) == trees.end())
            return bad_input("{} has no tree on this root", node);
        if (root.node == node) return bad_input("{} runs on this root here", node);
        if (root.cluster.find_node(node) != nullptr)
            return bad_input("{} is a node of the cluster", node).advise("take it out of cluster.yaml first");
        actions.push_back({Kind::keep,
                           fs::path(cdsl::nodes_directory) / node,
                           TRY(cdsl::free_kept_name(root.shared, "/tree", node)),
                           {}});
    }
    const auto unnamed = TRY(cdsl::unnamed_content(root.shared, inventory));
    for (const std::string& given : options.set_aside) {
        const auto at = unnamed.find(TRY(cdsl::checked_path(given)));
        if (at == unnamed.end())
            return bad_input("{} is no content that no rule names", given)
                .advise("pando cdsl repair --dry-run lists those there are");
        const size_t before = actions.size();
        for (const std::string& tree : at->second)
            if (TRY(is_meant(options, tree)))
                actions.push_back({Kind::keep, fs::path(cdsl::nodes_directory) / tree / at->first.relative_path(),
                                   TRY(cdsl::free_kept_name(root.shared, at->first, label(tree))), at->first});
        if (actions.size() == before)
            return bad_input("{} has it not: it is in the tree of {}", options.range, fmt::join(at->second, ", "));
    }
    return actions;
}

Result<> mend_disk(const CdslRoot& root, const cdsl::Inventory& inventory, bool dry_run, Repair& repair) {
    const Plan plan = cdsl::preparation(root.shared.path(), cdsl::merged(inventory.rules), cdsl::Extent::whole, {});
    for (const Step& step : plan.steps()) {
        auto done = step.done();
        if (done && *done) continue;
        Result<> applied = done ? Result<>{} : Failure(done.error());
        if (applied && !dry_run) applied = step.apply();
        if (applied)
            repair.mended.push_back(step.text);
        else
            repair.open.push_back(fmt::format("{}: {}", step.text, applied.error().what));
    }
    return {};
}

// What becomes of the changes that the journal has, in words.
Result<> name_interrupted(const RepairOptions& options, const CdslRoot& root, Repair& repair) {
    const auto intents = TRY(cdsl::read_intents(root.shared.bare()));
    // Not interrupted, then: whoever holds the lock has completed what was, and wrote the intent.
    if (const auto holder = TRY(cdsl::ChangeLock::held_by(root.shared.bare()))) {
        repair.mended.push_back(fmt::format("wait for {}, whose change is under way", *holder));
        return {};
    }
    for (const auto& intent : intents) {
        if (options.undo) TRY(cdsl::check_undo(root.shared, intent));
        repair.mended.push_back(
            fmt::format("{} {} of {}", options.undo ? "undo" : "complete", intent.holder.command, intent.holder.node));
    }
    return {};
}

Result<> repair_all(const RepairOptions& options, const CdslRoot& seen, Repair& repair) {
    if (options.dry_run) {
        const CdslRoot& root = seen;
        TRY(name_interrupted(options, root, repair));
        const auto inventory = TRY(inventory_of(root, repair));
        TRY(mend_disk(root, inventory, true, repair));
        for (const auto& action : TRY(settle(options, root, inventory))) repair.mended.push_back(text_of(action));
        return name_the_rest(options, root, inventory, repair);
    }
    const auto recovery = options.undo ? cdsl::Recovery::undo : cdsl::Recovery::complete;
    const auto change = TRY(cdsl::Change::begin(seen.shared.path(), seen.holder("pando cdsl repair"), {}, recovery));
    repair.mended = change.recovered();
    const auto root = TRY(CdslRoot::open(options.root));  // as whoever was waited for left it
    cdsl::Intent intent;
    intent.inventory = TRY(inventory_of(root, repair));
    intent.actions = TRY(settle(options, root, intent.inventory));
    for (const auto& action : intent.actions) repair.mended.push_back(text_of(action));
    TRY(mend_disk(root, intent.inventory, false, repair));
    const auto written = cdsl::read_inventory(root.shared.bare());
    if (!written || !*written || **written != intent.inventory || !intent.actions.empty()) {
        intent.actions.push_back({Kind::commit, {}, {}, {}});
        TRY(change.carry_out(intent));
    }
    return name_the_rest(options, root, intent.inventory, repair);
}

Result<int> run(const RepairOptions& options) {
    const auto root = TRY(CdslRoot::open(options.root));
    TRY(check_range(options, root));
    Repair repair;
    TRY(repair_all(options, root, repair));
    Live live;
    if (!options.dry_run) live = TRY(follow(root));
    if (options.json) {
        fmt::print(
            "{}\n",
            nlohmann::ordered_json{{"mended", repair.mended}, {"open", repair.open}, {"node", live.json()}}.dump(2));
    } else {
        for (const std::string& line : repair.mended) fmt::print("{}{}\n", options.dry_run ? "would " : "", line);
        for (const std::string& line : repair.open) fmt::print("to decide: {}\n", line);
        if (repair.mended.empty() && repair.open.empty()) fmt::print("nothing to repair\n");
    }
    live.print();
    return repair.open.empty() && live.trouble.empty() ? 0 : 1;
}

}  // namespace

Action declare_cdsl_repair(CLI::App& app) {
    auto options = std::make_shared<RepairOptions>();
    app.add_option("--retire", options->retire, "a node that the cluster no longer has: its tree is kept aside");
    app.add_option("--set-aside", options->set_aside,
                   "content that no rule names: kept aside in every tree that has it, or in those of --node");
    app.add_option(
        "--node", options->range,
        "look through the trees of these nodes only, n1,n3 or n[1-8,12]; what is everybody's is mended always");
    app.add_flag("--undo", options->undo,
                 "an interrupted change is undone and not completed, which is possible until its commit");
    app.add_flag("--dry-run", options->dry_run, "say what would be done, change nothing");
    app.add_flag("--json", options->json, "for programs");
    add_options(app, options->root);
    return [options] { return run(*options); };
}

}  // namespace pando::cli
