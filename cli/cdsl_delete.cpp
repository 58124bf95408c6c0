// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl delete: a path becomes every node's again. Copies that lose their place are kept and named.
#include "base/log.h"
#include "cdsl/actions.h"
#include "cdsl/declare.h"
#include "cdsl/live.h"
#include "cli/cdsl_root.h"
#include "cli/command.h"

#include <algorithm>
#include <memory>

namespace pando::cli {

namespace {

struct DeleteOptions {
    CdslRootOptions root;
    std::string path;
    std::string keep;
    std::vector<std::string> destroy;
    bool dry_run = false;
    bool json = false;
};

// Where copies are now that were not asked to be destroyed.
std::vector<std::string> kept_by(const cdsl::Intent& intent) {
    using Kind = cdsl::Action::Kind;
    std::vector<std::string> kept;
    for (const auto& action : intent.actions) {
        if (action.kind == Kind::keep || action.kind == Kind::empty) kept.push_back("/" + action.to.string());
        if (action.kind == Kind::destroy) std::erase(kept, "/" + action.from.string());
    }
    return kept;
}

nlohmann::ordered_json report(const cdsl::Intent& intent) {
    auto steps = nlohmann::ordered_json::array();
    for (const auto& action : intent.actions) steps.push_back(cdsl::text_of(action));
    return {{"steps", steps}, {"kept", kept_by(intent)}};
}

Result<int> dry_run(const DeleteOptions& options, const CdslRoot& root, const cdsl::Deletion& wanted) {
    const auto intent = TRY(cdsl::plan_deletion(root.shared, root.cluster, wanted));
    if (options.json) fmt::print("{}\n", report(intent).dump(2));
    for (const auto& action : intent.actions) log::info("would {}", cdsl::text_of(action));
    return 0;
}

bool has_mode(const std::optional<cdsl::Inventory>& inventory, const std::filesystem::path& path, cdsl::Mode mode) {
    return inventory && std::any_of(inventory->rules.begin(), inventory->rules.end(),
                                    [&](const cdsl::Rule& rule) { return rule.path == path && rule.mode == mode; });
}

// Another node's content has left its directory, which that node still has mounted if it runs.
void warn_of_another(const CdslRoot& root, const cdsl::Deletion& done, const std::optional<cdsl::Inventory>& before) {
    if (!has_mode(before, done.path, cdsl::Mode::bind) || done.keep.empty() || done.keep == root.node) return;
    if (done.keep == cdsl::keep_template || done.keep == cdsl::keep_shared) return;
    log::warning("{} has an empty {} if it runs: run pando cdsl apply there, or boot it", done.keep,
                 done.path.string());
}

Result<int> remove(DeleteOptions options) {
    const std::string given = options.path;
    const auto root = TRY(CdslRoot::open(options.root, &options.path));
    std::replace(options.destroy.begin(), options.destroy.end(), given, options.path);
    const cdsl::Deletion wanted{options.path, options.keep, options.destroy};
    if (options.dry_run) return dry_run(options, root, wanted);
    std::optional<cdsl::Inventory> before;
    cdsl::Intent intent;
    Result<std::vector<std::string>> done;
    Result<> unmapped;
    {
        const auto change =
            TRY(cdsl::Change::begin(root.shared.path(), root.holder("pando cdsl delete " + options.path)));
        tell(change.recovered());
        before = TRY(cdsl::read_inventory(change.shared().bare()));
        intent = TRY(cdsl::plan_deletion(change.shared(), root.cluster, wanted));
        for (const auto& action : intent.actions) log::info("{}", cdsl::text_of(action));
        done = change.carry_out(intent);
        // What this node has mounted stays in sight until the change is committed: whatever ends it before has changed
        // nothing here.
        const auto committed = cdsl::is_committed(change.shared(), intent);
        if (root.node && committed && *committed) unmapped = cdsl::unmap(change.shared(), options.path);
    }
    if (!done) {
        (void)follow(root);  // what still holds is mounted again; the error says what to do
        return Failure(done.error());
    }
    const std::vector<std::string> problems = std::move(*done);
    TRY(std::move(unmapped));
    const Live live = TRY(follow(root));
    if (options.json) {
        auto all = report(intent);
        all["problems"] = problems;
        all["node"] = live.json();
        fmt::print("{}\n", all.dump(2));
    }
    for (const std::string& problem : problems) log::warning("{}", problem);
    live.print();
    for (const std::string& path : kept_by(intent)) log::info("kept: {}", path);
    const auto is_it = [&](const cdsl::Rule& rule) { return rule.path == wanted.path; };
    if (before && std::any_of(before->rules.begin(), before->rules.end(),
                              [&](const cdsl::Rule& rule) { return is_it(rule) && rule.mode != cdsl::Mode::link; }))
        log::info(
            "on other nodes that run it stays as it is, with the copies where they are now, until their next boot "
            "or until pando cdsl apply is run there");
    warn_of_another(root, wanted, before);
    return live.trouble.empty() && problems.empty() ? 0 : 1;
}

}  // namespace

Action declare_cdsl_delete(CLI::App& app) {
    auto options = std::make_shared<DeleteOptions>();
    app.add_option("PATH", options->path, "the CDSL")->required();
    app.add_option("--keep", options->keep,
                   "whose content becomes everybody's: a node, template or shared (what lies below a directory); else "
                   "this node's for a file and shared for a directory");
    app.add_option("--destroy", options->destroy,
                   "whose content is destroyed and not kept: a node, template, or PATH again for all; with --keep also "
                   "shared");
    app.add_flag("--dry-run", options->dry_run, "say what would be done, change nothing");
    app.add_flag("--json", options->json, "for programs");
    add_options(app, options->root);
    return [options] { return remove(*options); };
}

}  // namespace pando::cli
