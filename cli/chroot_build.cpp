// SPDX-License-Identifier: GPL-2.0-or-later
// pando chroot build: the fencing chroot of a root tree in any directory, to look at, to measure and to try.
#include "chroot-builder/generation.h"
#include "cli/command.h"
#include "config/load.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {
namespace {

struct BuildOptions {
    std::string root = "/";
    std::string cluster;
    std::string output;
    bool dry_run = false;
};

Result<int> build(const BuildOptions& options) {
    const auto cluster = TRY(config::load_file(options.cluster));
    const auto root = TRY(Sysroot::open(options.root));
    const auto manifest = TRY(chroot::resolve(root, chroot::request_for(cluster)));
    const auto sizes =
        fmt::format("{} entries, {:.1f} MB, {:.1f} MB resident on a tmpfs", manifest.entries.size(),
                    static_cast<double>(manifest.bytes()) / 1e6, static_cast<double>(manifest.resident_bytes()) / 1e6);
    if (options.dry_run) {
        for (const auto& [path, entry] : manifest.entries) fmt::print("install {} ({})\n", path.string(), entry.why());
        fmt::print("{}\n", sizes);
        return 0;
    }
    const unsigned number = TRY(chroot::install_generation(manifest, root, options.output));
    fmt::print("{}: generation {}, {}\n", options.output, number, sizes);
    return 0;
}

}  // namespace

Action declare_chroot_build(CLI::App& app) {
    auto options = std::make_shared<BuildOptions>();
    app.add_option("--root", options->root, "tree it is taken from")->capture_default_str();
    app.add_option("--cluster", options->cluster, "cluster.yaml: its fence agents and further programs")->required();
    app.add_option("--output", options->output, "directory: a new one, or one with generations")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_flag("--dry-run", options->dry_run, "say what would go in, and what it takes, and change nothing");
    return [options] { return build(*options); };
}

}  // namespace pando::cli
