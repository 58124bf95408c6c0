// SPDX-License-Identifier: GPL-2.0-or-later
// pando bundle write: the description on the LUN's slots. On a node it is changed for the live cluster; with --lun it
// is written for a cluster of which no node is up.
#include "base/file.h"
#include "base/log.h"
#include "base/text_diff.h"
#include "cli/bundle_base.h"
#include "cli/bundle_files.h"
#include "cli/bundle_lun.h"
#include "cli/command.h"
#include "config/bundle_header.h"
#include "config/secrets.h"
#include "config/site_templates.h"
#include "config/slots.h"
#include "nodes/lost_newest.h"
#include "nodes/lun_bundle.h"
#include "nodes/publish.h"
#include "nodes/rescue.h"
#include "nodes/running.h"
#include "nodes/votes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

namespace pando::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto lock_patience = std::chrono::minutes(2);
constexpr auto publish_patience = std::chrono::minutes(1);
constexpr auto prepare_patience = std::chrono::minutes(10);

struct WriteOptions {
    std::string source;
    nodes::LunWriteOptions lun;
    std::string lun_path;
    bool dry_run = false;
    bool undo_newer = false;
    bool rescue = false;
    std::optional<config::Bundle> base;  // what SOURCE was made from, when it was fetched
};

fs::path directory_of(const fs::path& source) {
    std::error_code ec;
    if (fs::is_directory(source, ec)) return source;
    return source.has_parent_path() ? source.parent_path() : fs::path(".");
}

// A description with what lies beside it, or what `bundle make` has packed.
Result<config::Bundle> read_source(const fs::path& source) {
    std::error_code ec;
    if (fs::is_directory(source, ec)) return config::make_bundle(source / "cluster.yaml", 1);
    const auto content = read_file(source, config::bundle_limit);
    if (content && config::is_bundle(*content)) {
        auto packed = TRY(config::decode(*content));
        TRY(config::check_site_templates(TRY(packed.description()),
                                         source.string() + ":" + config::template_directory));
        return packed;
    }
    return config::make_bundle(source, 1);
}

const std::string& yaml_of(const config::Bundle& bundle) {
    static const std::string none;
    const auto file = bundle.files.find("cluster.yaml");
    return file == bundle.files.end() ? none : file->second;
}

// Of cluster.yaml line by line; of the secrets only that they differ.
void show_difference(const config::Bundle& before, const config::Bundle& next) {
    if (before.files.empty()) {
        fmt::print("nothing to compare with: it is the first description\n");
        return;
    }
    const auto [old_yaml, new_yaml] = config::without_secrets(yaml_of(before), yaml_of(next));
    fmt::print("{}", unified_diff(old_yaml, new_yaml, "cluster.yaml"));
    auto names = before.files;
    names.insert(next.files.begin(), next.files.end());
    for (const auto& [name, content] : names) {
        if (name == "cluster.yaml") continue;
        const auto old_one = before.files.find(name), new_one = next.files.find(name);
        if (old_one == before.files.end())
            fmt::print("new: {}\n", name);
        else if (new_one == next.files.end())
            fmt::print("gone: {}\n", name);
        else if (old_one->second != new_one->second)
            fmt::print("changed: {}\n", name);
    }
}

// Was it made from what is there? What somebody else changed meanwhile is shown.
Result<> check_base(const WriteOptions& options, const config::Bundle& newest) {
    if (!options.base || options.undo_newer || newest.files.empty()) return {};
    const auto fresh = refuse_if_stale(*options.base, newest);
    if (fresh) return {};
    fmt::print("what was changed meanwhile:\n");
    show_difference(*options.base, newest);
    return Failure(fresh.error());
}

// So that the same directory can be edited on.
Result<> renew_base(const WriteOptions& options, config::Bundle written, uint64_t generation) {
    if (!options.base) return {};
    written.generation = generation;
    return write_base(directory_of(options.source), written);
}

Result<int> write_on_node(const config::Bundle& next, const WriteOptions& options) {
    const auto description = TRY(next.description());
    if (options.dry_run) {
        const auto store = TRY(open_bundle_store(""));
        const auto now = TRY(nodes::read_now(*store, TRY(config::read_newest(*store, next.cluster))));
        TRY(nodes::refuse_lost_newest(*store, now.bundle, now.claims));
        TRY(check_base(options, now.bundle));
        show_difference(now.bundle, next);
        TRY(nodes::refuse_change_of_running(now, description));
        TRY(nodes::check_quorum_with(now, description));
        return 0;
    }
    auto change = TRY(nodes::BundleChange::begin("pando bundle write", Deadline::after(lock_patience)));
    if (change.before().files == next.files) {
        fmt::print("generation {} of {} holds this already\n", change.before().generation, next.cluster);
        TRY(renew_base(options, next, change.before().generation));
        return 0;
    }
    TRY(check_base(options, change.before()));
    show_difference(change.before(), next);
    const auto now = TRY(nodes::read_now(change.store(), change.before()));
    TRY(nodes::refuse_change_of_running(now, description));
    TRY(nodes::check_quorum_with(now, description));
    const auto published = TRY(change.publish(next, Deadline::after(publish_patience)));
    fmt::print("generation {} of {} is written\n", published.generation, next.cluster);
    TRY(renew_base(options, next, published.generation));
    if (!published.behind.empty())
        log::warning("not yet going by it: {}; pando status there tells why", fmt::join(published.behind, ", "));
    return 0;
}

Result<int> rescue() {
    fmt::print("generation {} is written, from what this node goes by\n",
               TRY(nodes::rescue_bundle(Deadline::after(lock_patience))));
    return 0;
}

// What is there to compare with; nothing on a LUN that has no bundle that can be read.
config::Bundle on_lun(const std::string& lun, const std::string& cluster) {
    const auto store = nodes::open_bundle_of_lun(lun);
    if (!store) return {};
    auto newest = config::read_newest(**store, cluster);
    return newest ? std::move(*newest) : config::Bundle{};
}

Result<int> write_to_lun(const config::Bundle& next, const WriteOptions& options) {
    const auto newest = on_lun(options.lun_path, next.cluster);
    TRY(check_base(options, newest));
    show_difference(newest, next);
    if (options.dry_run) {
        TRY(nodes::may_write_bundle_to_lun(next, options.lun));
        return 0;
    }
    const auto generation = TRY(nodes::write_bundle_to_lun(next, options.lun, Deadline::after(prepare_patience)));
    fmt::print("{} holds generation {} of {}\n", options.lun_path, generation, next.cluster);
    TRY(renew_base(options, next, generation));
    return 0;
}

}  // namespace

Result<int> write_bundle_on_node(const fs::path& source) {
    WriteOptions options;
    options.source = source.string();
    const auto bundle = TRY(read_source(source));
    (void)TRY(config::check_bundle(bundle));
    options.base = TRY(read_base(directory_of(source)));
    return write_on_node(bundle, options);
}

Action declare_bundle_write(CLI::App& app) {
    auto options = std::make_shared<WriteOptions>();
    app.add_option("SOURCE", options->source, "cluster.yaml, its directory, or what `bundle make` wrote");
    auto* lun = app.add_option("--lun", options->lun_path,
                               "write to this LUN (/dev/sda, or a file that is one) of a cluster that is down");
    app.add_flag("--initial", options->lun.initial, "the LUN's first bundle: a blank LUN is partitioned")->needs(lun);
    app.add_option("--overwrite", options->lun.overwrite,
                   "a cluster whose bundle may be lost, or a name of the LUN (serial, WWN, UUID) that may be")
        ->needs(lun);
    auto* dry_run = app.add_flag("--dry-run", options->dry_run, "show the difference, change nothing");
    app.add_flag("--rescue", options->rescue,
                 "the LUN lost the newest description while the cluster runs: write what this node goes by again")
        ->excludes(lun)
        ->excludes(dry_run);
    app.add_flag("--undo-newer", options->undo_newer,
                 "write it even if somebody changed the description since `bundle get`; that change is lost");
    return [options]() -> Result<int> {
        if (options->source.empty() != options->rescue)
            return bad_input("either a description, or --rescue").advise("pando bundle write cluster.yaml");
        if (options->rescue) return rescue();
        const auto bundle = TRY(read_source(options->source));
        (void)TRY(config::check_bundle(bundle));
        options->lun.lun = options->lun_path;
        options->base = TRY(read_base(directory_of(options->source)));
        return options->lun_path.empty() ? write_on_node(bundle, *options) : write_to_lun(bundle, *options);
    };
}

}  // namespace pando::cli
