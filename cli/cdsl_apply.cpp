// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl plan and apply: the difference between policy and disk, and making it none.
#include "base/log.h"
#include "base/printable.h"
#include "cdsl/live.h"
#include "cdsl/node_plan.h"
#include "cli/cdsl_root.h"
#include "cli/command.h"

#include <algorithm>
#include <memory>

namespace pando::cli {

namespace {

struct ApplyOptions {
    CdslRootOptions root;
    std::string range;  // of a plan: what is done for these nodes
    bool dry_run = false;
    bool json = false;
    bool here = false;
};

// What apply would do now.
struct Difference {
    std::vector<std::string> steps;      // on the root
    std::vector<std::string> mounts;     // on this node
    std::vector<std::string> leftovers;  // of the inventory; apply leaves them
    std::vector<cdsl::Refusal> refused;  // of the policy; apply does all but them
    std::filesystem::path below;         // where the filesystem is that all this is about

    nlohmann::ordered_json json() const;
};

nlohmann::ordered_json json_of(const std::vector<cdsl::Rule>& rules) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& rule : rules)
        list.push_back({{"mode", cdsl::name_of(rule.mode)}, {"scope", rule.scope}, {"declared", rule.declared}});
    return list;
}

nlohmann::ordered_json Difference::json() const {
    auto refusals = nlohmann::ordered_json::array();
    for (const auto& refusal : refused)
        refusals.push_back({{"path", refusal.path.string()},
                            {"on_disk", json_of(refusal.on_disk)},
                            {"wanted", json_of(refusal.wanted)},
                            {"trees", refusal.trees},
                            {"text", refusal.text()},
                            {"advice", refusal.advice(below)}});
    return {{"steps", steps}, {"mounts", mounts}, {"leftovers", leftovers}, {"refused", refusals}};
}

Result<Difference> difference(const CdslRoot& root) {
    Difference found;
    if (!root.inventory.below.empty() && !TRY(cdsl::read_inventory(root.shared.bare())))
        found.steps.push_back(fmt::format("make {} a filesystem with CDSLs of its own", root.inventory.below.string()));
    const Plan plan = cdsl::prepare(root.shared.path(), root.policy);
    for (const Step& step : plan.steps())
        if (!TRY(step.done())) found.steps.push_back(step.text);
    const cdsl::Inventory& before = root.inventory;
    found.refused = root.refused;
    found.below = before.below;
    for (const auto& rule : cdsl::leftovers(root.policy, before))
        found.leftovers.push_back(fmt::format("{} ({}, {})", rule.path.string(), cdsl::name_of(rule.mode), rule.scope));
    const auto& name = root.node;
    const auto* node = name ? root.cluster.find_node(*name) : nullptr;
    if (node == nullptr) return found;
    const auto rules = cdsl::rules_of_node(cdsl::inventory_for(root.policy, before).rules, *name, node->profile);
    for (const auto& path : TRY(cdsl::not_mounted(root.shared, rules)))
        found.mounts.push_back(fmt::format("mount {} on {}", path.string(), *name));
    for (const auto& path : TRY(cdsl::stray_mounts(root.shared, rules)))
        found.mounts.push_back(fmt::format("unmount {} on {}", path.string(), *name));
    return found;
}

void print(const Difference& found) {
    for (const auto& step : found.steps) fmt::print("{}\n", step);
    for (const auto& mount : found.mounts) fmt::print("{}\n", mount);
    for (const auto& refusal : found.refused)
        fmt::print("refused: {} {}\n  -> {}\n", printable(refusal.path.native()), printable(refusal.text()),
                   printable(refusal.advice(found.below)));
    if (found.steps.empty() && found.mounts.empty() && found.refused.empty())
        fmt::print("nothing to do: the root is as the policy has it\n");
    for (const auto& left : found.leftovers)
        fmt::print("left as it is: {}, which no policy names; pando cdsl delete makes it every node's again\n", left);
}

// What another node wrote before this one had the lock is kept: `edit` is given what is on disk then.
template <typename Edit>
Result<> rewrite_inventory(const std::filesystem::path& root, const cdsl::Holder& who, Edit edit) {
    const auto change = TRY(cdsl::Change::begin(root, who));
    tell(change.recovered());
    const auto before = TRY(cdsl::read_inventory(change.shared().bare()));
    cdsl::Intent intent;
    intent.inventory = TRY(edit(before));
    if (before == intent.inventory) return {};
    intent.actions = {{cdsl::Action::Kind::commit, {}, {}, {}}};
    TRY(change.carry_out(intent));
    return {};
}

// The filesystem gets an inventory that says what it is, and the root's one names it. In this order: what the root
// names is there.
Result<> introduce(const CdslRoot& root, const CdslRootOptions& options, const cdsl::Holder& who) {
    using Known = std::optional<cdsl::Inventory>;
    const auto top = TRY(cdsl::SharedRoot::open_to_look(options.root));
    const auto& below = root.inventory.below;
    const auto named = [&](const Known& known) -> Result<cdsl::Inventory> {
        if (!known)
            return fail("{} is no root that was prepared", options.root).advise("pando cdsl apply does that, first");
        cdsl::Inventory inventory = *known;
        auto& all = inventory.filesystems;
        if (std::find(all.begin(), all.end(), below) == all.end()) all.push_back(below);
        std::sort(all.begin(), all.end());
        return inventory;
    };
    const Known known = TRY(cdsl::read_inventory(top.bare()));
    const cdsl::Inventory wanted = TRY(named(known));
    if (!TRY(cdsl::is_mounted_filesystem(top, below)))
        return bad_input("{}: no filesystem of its own is mounted there", below.string())
            .advise("mount the shared filesystem first, on every node at the same place");
    // One that cannot be read is repair's to mend: it says where the filesystem belongs.
    if (!TRY(cdsl::read_inventory(root.shared.bare())))
        TRY(rewrite_inventory(root.shared.path(), who, [&](const Known& there) -> Result<cdsl::Inventory> {
            return there.value_or(root.inventory);
        }));
    if (known == wanted) return {};
    return rewrite_inventory(top.path(), who, named);
}

struct Applied {
    Difference before;
    Live live;
};

// Under the lock the policy is read again: whoever was waited for may have changed it.
Result<> make_it_so(const CdslRoot& root, const CdslRootOptions& options) {
    const auto who = root.holder("pando cdsl apply");
    auto change = TRY(cdsl::Change::begin(root.shared.path(), who));
    tell(change.recovered());
    const auto now = TRY(CdslRoot::open(options));
    return cdsl::prepare(std::move(change), now.policy, {}, who).execute(Plan::Mode::apply);
}

Result<Applied> apply_on(const CdslRootOptions& options) {
    const auto root = TRY(CdslRoot::open(options));
    Applied done;
    done.before = TRY(difference(root));
    if (!root.inventory.below.empty()) TRY(introduce(root, options, root.holder("pando cdsl apply")));
    if (!done.before.steps.empty()) TRY(make_it_so(root, options));
    const auto now = TRY(CdslRoot::open(options));
    done.before.refused = now.refused;
    done.live = TRY(follow(now));
    return done;
}

Result<int> apply(const ApplyOptions& options) {
    std::vector<CdslRootOptions> all = {options.root};
    std::vector<std::string> away;
    if (options.root.filesystem.empty()) {
        const auto top = TRY(cdsl::SharedRoot::open_to_look(options.root.root));
        const auto inventory = cdsl::read_inventory(top.bare());
        for (const auto& path :
             inventory&&* inventory ? (*inventory)->filesystems : decltype((*inventory)->filesystems){}) {
            if (TRY(cdsl::is_mounted_filesystem(top, path)))
                all.push_back({options.root.root, options.root.cluster, path.string()});
            else
                away.push_back(path.string());
        }
    }
    auto report = nlohmann::ordered_json::array();
    bool trouble = false;
    for (const auto& one : all) {
        const Applied done = options.here ? Applied{{}, TRY(follow(TRY(CdslRoot::open(one))))} : TRY(apply_on(one));
        auto entry = done.before.json();
        entry["filesystem"] = one.filesystem.empty() ? "/" : one.filesystem;
        entry["node"] = done.live.json();
        report.push_back(std::move(entry));
        done.live.print();
        for (const auto& left : done.before.leftovers)
            log::warning("{} is left as it is: no policy names it (pando cdsl delete makes it every node's again)",
                         left);
        for (const auto& refusal : done.before.refused)
            log::error("{} {}: left as it is; {}", refusal.path.string(), refusal.text(),
                       refusal.advice(done.before.below));
        trouble = trouble || !done.live.trouble.empty() || !done.before.refused.empty();
    }
    for (const auto& path : away) log::info("{} is not mounted here", path);
    if (options.json) fmt::print("{}\n", report.dump(2));
    return trouble ? 1 : 0;
}

// When a change in a node's mounts takes effect.
std::string moment_of(const cdsl::Rule& rule, const CdslRoot& root, const std::string& node) {
    if (rule.mode == cdsl::Mode::link) return "at once";
    return root.node == node ? "by apply here" : "at its next boot, or by apply there";
}

std::vector<std::string> lines_of(const cdsl::NodePlan& plan, const CdslRoot& root) {
    std::vector<std::string> lines;
    if (!plan.has_tree) lines.emplace_back("make its tree from the template, at its first boot");
    for (const auto& path : plan.copies) lines.push_back(fmt::format("copy {} to its tree", path.string()));
    for (const auto& rule : plan.gains)
        lines.push_back(fmt::format("{} {} ({}), {}", rule.mode == cdsl::Mode::link ? "link" : "mount",
                                    rule.path.string(), cdsl::name_of(rule.mode), moment_of(rule, root, plan.node)));
    for (const auto& rule : plan.loses)
        lines.push_back(fmt::format("{} is no longer {} there, {}", rule.path.string(), cdsl::name_of(rule.mode),
                                    moment_of(rule, root, plan.node)));
    return lines;
}

nlohmann::ordered_json json_of(const cdsl::NodePlan& plan, const CdslRoot& root) {
    const auto rules = [](const std::vector<cdsl::Rule>& list) {
        auto all = nlohmann::ordered_json::array();
        for (const auto& rule : list)
            all.push_back({{"path", rule.path.string()}, {"mode", cdsl::name_of(rule.mode)}, {"scope", rule.scope}});
        return all;
    };
    auto copies = nlohmann::ordered_json::array();
    for (const auto& path : plan.copies) copies.push_back(path.string());
    return {{"node", plan.node},          {"has_tree", plan.has_tree},  {"copies", copies},
            {"gains", rules(plan.gains)}, {"loses", rules(plan.loses)}, {"runs_here", root.node == plan.node}};
}

// What is done for the nodes of a range, without the steps on the root, which are everybody's.
Result<int> show_plan_of(const ApplyOptions& options) {
    const auto root = TRY(CdslRoot::open(options.root));
    const auto after = cdsl::inventory_for(root.policy, root.inventory);
    auto report = nlohmann::ordered_json::array();
    std::vector<std::pair<std::string, std::vector<std::string>>> said;  // nodes by line
    for (const std::string& name : TRY(nodes_in(root, options.range))) {
        const auto plan = TRY(cdsl::node_plan(root.shared, root.inventory, after, *root.cluster.find_node(name)));
        report.push_back(json_of(plan, root));
        for (const std::string& line : lines_of(plan, root)) {
            auto at = std::find_if(said.begin(), said.end(), [&](const auto& row) { return row.first == line; });
            if (at == said.end()) at = said.insert(said.end(), {line, {}});
            at->second.push_back(name);
        }
    }
    if (options.json) {
        fmt::print("{}\n", report.dump(2));
        return 0;
    }
    for (const auto& [line, names] : said) fmt::print("{}: {}\n", fmt::join(names, ", "), printable(line));
    if (said.empty()) fmt::print("nothing to do for these nodes\n");
    return 0;
}

Result<int> show_plan(const ApplyOptions& options) {
    if (!options.range.empty()) return show_plan_of(options);
    const Difference found = TRY(difference(TRY(CdslRoot::open(options.root))));
    if (options.json)
        fmt::print("{}\n", found.json().dump(2));
    else
        print(found);
    return 0;
}

}  // namespace

Action declare_cdsl_apply(CLI::App& app) {
    auto options = std::make_shared<ApplyOptions>();
    add_options(app, options->root);
    app.add_flag("--here", options->here, "map on this node what is on disk, as at boot: no policy is applied");
    app.add_flag("--dry-run", options->dry_run, "say what would be done, change nothing: as pando cdsl plan");
    app.add_flag("--json", options->json, "for programs");
    app.footer(
        "Exit status 1: something is not as the policy says. A rule that would take content of nodes out of their "
        "sight "
        "is refused, with the words that settle it; the rest is applied.");
    return [options] { return options->dry_run ? show_plan(*options) : apply(*options); };
}

Action declare_cdsl_plan(CLI::App& app) {
    auto options = std::make_shared<ApplyOptions>();
    add_options(app, options->root);
    app.add_option("--node", options->range,
                   "what is done for these nodes only, n1,n3 or n[1-8,12]: copies, mounts and links");
    app.add_flag("--json", options->json, "for programs");
    return [options] { return show_plan(*options); };
}

}  // namespace pando::cli
