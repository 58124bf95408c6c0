// SPDX-License-Identifier: GPL-2.0-or-later
// pando bundle write: the description on the LUN's slots. On a node it is changed for the live cluster; with --lun it
// is written for a cluster of which no node is up.
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "cli/bundle_lun.h"
#include "cli/command.h"
#include "config/bundle_header.h"
#include "config/slots.h"
#include "nodes/lun_bundle.h"
#include "nodes/publish.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

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
};

// A description with what lies beside it, or what `bundle make` has packed.
Result<config::Bundle> read_source(const fs::path& source) {
    std::error_code ec;
    if (fs::is_directory(source, ec)) return config::make_bundle(source / "cluster.yaml", 1);
    const auto content = read_file(source, config::bundle_limit);
    if (content && config::is_bundle(*content)) return config::decode(*content);
    return config::make_bundle(source, 1);
}

const std::string& yaml_of(const config::Bundle& bundle) {
    static const std::string none;
    const auto file = bundle.files.find("cluster.yaml");
    return file == bundle.files.end() ? none : file->second;
}

// Of cluster.yaml line by line; of the secrets only that they differ.
Result<> show_difference(const config::Bundle& before, const config::Bundle& next) {
    if (before.files.empty()) {
        fmt::print("nothing to compare with: it is the first description\n");
        return {};
    }
    const auto directory = TRY(TemporaryDirectory::create("/run", "pando-bundle"));
    TRY(write_file_atomic(directory.path() / "before", yaml_of(before), 0600));
    TRY(write_file_atomic(directory.path() / "after", yaml_of(next), 0600));
    const auto done = TRY(run({.argv = {"diff", "-u", "--label", "cluster.yaml as it is", "--label",
                                        "cluster.yaml as it will be", "before", "after"},
                               .directory = directory.path()}));
    if (done.status > 1) return fail("comparing: {}", done.last_words());
    fmt::print("{}", done.out);
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
    return {};
}

Result<int> write_on_node(const config::Bundle& next, bool dry_run) {
    if (dry_run) {
        const auto store = TRY(open_bundle_store(""));
        TRY(show_difference(TRY(config::read_newest(*store, next.cluster)), next));
        return 0;
    }
    auto change = TRY(nodes::BundleChange::begin("pando bundle write", Deadline::after(lock_patience)));
    if (change.before().files == next.files) {
        fmt::print("generation {} of {} holds this already\n", change.before().generation, next.cluster);
        return 0;
    }
    TRY(show_difference(change.before(), next));
    const auto published = TRY(change.publish(next, Deadline::after(publish_patience)));
    fmt::print("generation {} of {} is written\n", published.generation, next.cluster);
    if (!published.behind.empty())
        log::warning("not yet going by it: {}; pando status there tells why", fmt::join(published.behind, ", "));
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
    TRY(show_difference(on_lun(options.lun_path, next.cluster), next));
    if (options.dry_run) return 0;
    const auto generation = TRY(nodes::write_bundle_to_lun(next, options.lun, Deadline::after(prepare_patience)));
    fmt::print("{} holds generation {} of {}\n", options.lun_path, generation, next.cluster);
    return 0;
}

}  // namespace

Action declare_bundle_write(CLI::App& app) {
    auto options = std::make_shared<WriteOptions>();
    app.add_option("SOURCE", options->source, "cluster.yaml, its directory, or what `bundle make` wrote")->required();
    auto* lun = app.add_option("--lun", options->lun_path,
                               "write to this LUN (/dev/sda, or a file that is one) of a cluster that is down");
    app.add_flag("--initial", options->lun.initial, "the LUN's first bundle: a blank LUN is partitioned")->needs(lun);
    app.add_option("--overwrite", options->lun.overwrite,
                   "a cluster whose bundle may be lost, or a name of the LUN (serial, WWN, UUID) that may be")
        ->needs(lun);
    app.add_flag("--dry-run", options->dry_run, "show the difference, change nothing");
    return [options]() -> Result<int> {
        const auto bundle = TRY(read_source(options->source));
        (void)TRY(config::check_bundle(bundle));
        options->lun.lun = options->lun_path;
        return options->lun_path.empty() ? write_on_node(bundle, options->dry_run) : write_to_lun(bundle, *options);
    };
}

}  // namespace pando::cli
