// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl plan and apply: the difference between policy and disk, and making it none.
#include "base/log.h"
#include "cdsl/live.h"
#include "cli/cdsl_root.h"
#include "cli/command.h"

#include <memory>

namespace pando::cli {

namespace {

struct ApplyOptions {
    CdslRootOptions root;
    bool dry_run = false;
    bool json = false;
};

// What apply would do now.
struct Difference {
    std::vector<std::string> steps;      // on the root
    std::vector<std::string> mounts;     // on this node
    std::vector<std::string> leftovers;  // of the inventory; apply leaves them

    nlohmann::ordered_json json() const { return {{"steps", steps}, {"mounts", mounts}, {"leftovers", leftovers}}; }
};

Result<Difference> difference(const CdslRoot& root) {
    Difference found;
    const Plan plan = cdsl::prepare(root.shared.path(), root.policy);
    for (const Step& step : plan.steps())
        if (!TRY(step.done())) found.steps.push_back(step.text);
    const auto inventory = cdsl::read_inventory(root.shared.bare());
    const cdsl::Inventory before = inventory && *inventory ? **inventory : cdsl::Inventory{};
    for (const auto& rule : cdsl::leftovers(root.policy, before))
        found.leftovers.push_back(fmt::format("{} ({}, {})", rule.path.string(), cdsl::name_of(rule.mode), rule.scope));
    const auto name = TRY(root.shared.local_node());
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
    if (found.steps.empty() && found.mounts.empty()) fmt::print("nothing to do: the root is as the policy has it\n");
    for (const auto& left : found.leftovers)
        fmt::print("left as it is: {}, which no policy names; pando cdsl delete makes it every node's again\n", left);
}

Result<int> apply(const ApplyOptions& options) {
    const auto root = TRY(CdslRoot::open(options.root));
    const Difference before = TRY(difference(root));
    const auto plan = cdsl::prepare(root.shared.path(), root.policy, {}, root.holder("pando cdsl apply"));
    TRY(plan.execute(Plan::Mode::apply));
    const Live live = TRY(follow(root));
    if (options.json) {
        auto report = before.json();
        report["node"] = live.json();
        fmt::print("{}\n", report.dump(2));
    } else {
        live.print();
    }
    for (const auto& left : before.leftovers)
        log::warning("{} is left as it is: no policy names it (pando cdsl delete makes it every node's again)", left);
    return live.trouble.empty() ? 0 : 1;
}

Result<int> show_plan(const ApplyOptions& options) {
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
    app.add_flag("--dry-run", options->dry_run, "say what would be done, change nothing: as pando cdsl plan");
    app.add_flag("--json", options->json, "for programs");
    return [options] { return options->dry_run ? show_plan(*options) : apply(*options); };
}

Action declare_cdsl_plan(CLI::App& app) {
    auto options = std::make_shared<ApplyOptions>();
    add_options(app, options->root);
    app.add_flag("--json", options->json, "for programs");
    return [options] { return show_plan(*options); };
}

}  // namespace pando::cli
