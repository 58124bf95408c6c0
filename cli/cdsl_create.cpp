// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl create: a path becomes each node's own, on a live root.
#include "base/log.h"
#include "base/number.h"
#include "cdsl/beneath.h"
#include "cdsl/declare.h"
#include "cli/cdsl_root.h"
#include "cli/command.h"

#include <sys/stat.h>
#include <algorithm>
#include <memory>

namespace pando::cli {

namespace {

struct CreateOptions {
    CdslRootOptions root;
    std::string path;
    std::string mode;
    std::string scope;
    std::string range;
    std::string seed;
    std::string why;
    std::string permissions;
    std::string keep;
    bool shared = false;
    bool required = false;
    bool dry_run = false;
    bool json = false;
};

// What is not said follows from what is there.
Result<cdsl::Rule> rule_from(const CreateOptions& options, const cdsl::SharedRoot& shared) {
    cdsl::Rule rule;
    rule.path = TRY(cdsl::checked_path(options.path));
    const auto there = TRY(cdsl::stat_beneath(shared.bare(), rule.path));
    const bool single_file = there && !S_ISDIR(there->st_mode);
    const std::string mode = options.shared          ? "shared"
                             : !options.mode.empty() ? options.mode
                             : single_file           ? "link"
                                                     : "bind";
    if (options.shared && !options.mode.empty() && options.mode != "shared")
        return bad_input("--shared and --mode {} exclude each other", options.mode);
    rule.mode = cdsl::mode_named(mode).value();
    const bool has_content = rule.mode == cdsl::Mode::bind || rule.mode == cdsl::Mode::link;
    rule.seed = has_content && there ? cdsl::Seed::copy : cdsl::Seed::empty;
    if (!options.seed.empty()) rule.seed = cdsl::seed_named(options.seed).value();
    if (!there && has_content && options.seed == "copy")
        return bad_input("{} is not there, a copy of it cannot be made", options.path).advise("use --seed empty");
    rule.permissions = rule.mode == cdsl::Mode::link ? 0644 : 0755;
    if (!options.permissions.empty()) {
        const auto permissions = whole_number<uint32_t>(options.permissions, 8);
        if (!permissions || *permissions > 07777) return bad_input("{} are no octal permissions", options.permissions);
        rule.permissions = *permissions;
    }
    rule.scope = options.scope.empty() ? "all" : options.scope;
    rule.why = options.why;
    rule.required = options.required;
    return rule;
}

// A rule has one scope: several nodes are several rules, one for each.
Result<std::vector<CreateOptions>> one_for_each_scope(const CreateOptions& options, const CdslRoot& root) {
    if (options.range.empty()) return std::vector{options};
    if (!options.scope.empty()) return bad_input("--node and --scope exclude each other");
    std::vector<CreateOptions> all;
    for (const std::string& name : TRY(nodes_in(root, options.range))) {
        all.push_back(options);
        all.back().scope = "node:" + name;
    }
    return all;
}

nlohmann::ordered_json texts(const cdsl::Intent& intent) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& action : intent.actions) list.push_back(cdsl::text_of(action));
    return list;
}

Result<int> dry_run(const CreateOptions& options, const CdslRoot& root) {
    auto steps = nlohmann::ordered_json::array();
    for (const auto& one : TRY(one_for_each_scope(options, root))) {
        const cdsl::Creation wanted{TRY(rule_from(one, root.shared)), one.keep};
        const auto intent = TRY(cdsl::plan_creation(root.shared, root.cluster, wanted));
        for (const auto& action : intent.actions)
            if (const auto text = cdsl::text_of(action); std::find(steps.begin(), steps.end(), text) == steps.end())
                steps.push_back(text);
    }
    if (options.json) fmt::print("{}\n", nlohmann::ordered_json{{"steps", steps}}.dump(2));
    for (const auto& step : steps) log::info("would {}", step.get<std::string>());
    return 0;
}

struct Made {
    cdsl::Rule rule;
    nlohmann::ordered_json steps = nlohmann::ordered_json::array();
    std::vector<std::string> problems;
};

// All under one lock. One that is refused ends it; those before it are complete, and said again they are so already.
Result<Made> make(const CreateOptions& options, const CdslRoot& root) {
    const auto change = TRY(cdsl::Change::begin(root.shared.path(), root.holder("pando cdsl create " + options.path)));
    tell(change.recovered());
    Made made;
    for (const auto& one : TRY(one_for_each_scope(options, root))) {
        const cdsl::Creation wanted{TRY(rule_from(one, change.shared())), one.keep};
        made.rule = wanted.rule;
        const auto intent = TRY(cdsl::plan_creation(change.shared(), root.cluster, wanted));
        if (intent.actions.empty()) continue;
        for (const auto& action : intent.actions) log::info("{}", cdsl::text_of(action));
        for (auto& step : texts(intent)) made.steps.push_back(std::move(step));
        for (std::string& problem : TRY(change.carry_out(intent))) made.problems.push_back(std::move(problem));
    }
    return made;
}

// Another node's content has left its directory, which that node still sees if it runs.
void warn_of_another(const CdslRoot& root, const cdsl::Rule& rule, const std::string& keep) {
    if (rule.mode != cdsl::Mode::shared || keep.empty() || keep == root.node) return;
    if (keep == cdsl::keep_template || keep == cdsl::keep_shared) return;
    log::warning(
        "{} has an empty {} if it runs, and what it writes there is not everybody's: run pando cdsl apply there, or "
        "boot it",
        keep, rule.path.string());
}

Result<int> create(CreateOptions options) {
    const auto root = TRY(CdslRoot::open(options.root, &options.path));
    if (options.dry_run) return dry_run(options, root);
    const Made made = TRY(make(options, root));
    for (const std::string& problem : made.problems) log::warning("{}", problem);
    const Live live = TRY(follow(root));
    if (options.json)
        fmt::print("{}\n", nlohmann::ordered_json{{"path", made.rule.path.string()},
                                                  {"mode", cdsl::name_of(made.rule.mode)},
                                                  {"steps", made.steps},
                                                  {"problems", made.problems},
                                                  {"node", live.json()}}
                               .dump(2));
    else if (made.steps.empty())
        log::info("{} is so already", made.rule.path.string());
    live.print();
    if (made.steps.empty()) return live.trouble.empty() ? 0 : 1;
    warn_of_another(root, made.rule, options.keep);
    if (made.rule.mode == cdsl::Mode::link)
        log::info("{} is a link now: each node has its own from this moment", made.rule.path.string());
    else
        log::info(
            "other nodes that run have it from their next boot, or when pando cdsl apply is run there, with what it "
            "held now: what they write until then is everybody's");
    return live.trouble.empty() && made.problems.empty() ? 0 : 1;
}

}  // namespace

Action declare_cdsl_create(CLI::App& app) {
    auto options = std::make_shared<CreateOptions>();
    app.add_option("PATH", options->path, "on the shared root")->required();
    app.add_option("--mode", options->mode,
                   "bind (a directory), link (a single file), tmpfs, shared; else by what is there")
        ->check(CLI::IsMember({"bind", "link", "tmpfs", "shared"}));
    app.add_flag("--shared", options->shared,
                 "a directory inside a private one that becomes every node's: mode shared");
    app.add_option("--scope", options->scope, "all (as without it), profile:NAME or node:NAME");
    app.add_option("--node", options->range, "for these nodes, n1,n3 or n[1-8,12]: a rule of scope node:NAME for each");
    app.add_option("--seed", options->seed, "what each node's copy starts from: copy (what is there) or empty")
        ->check(CLI::IsMember({"copy", "empty"}));
    app.add_option("--permissions", options->permissions, "octal, of a path that is not there yet");
    app.add_option(
        "--keep", options->keep,
        "with --shared: whose content becomes everybody's: a node, template or shared; else this node's. Another "
        "node that runs has an empty directory until pando cdsl apply is run there");
    app.add_option("--why", options->why, "shown by list and explain");
    app.add_flag("--required", options->required, "a node where it cannot be mapped does not boot");
    app.add_flag("--dry-run", options->dry_run, "say what would be done, change nothing");
    app.add_flag("--json", options->json, "for programs");
    add_options(app, options->root);
    return [options] { return create(*options); };
}

}  // namespace pando::cli
