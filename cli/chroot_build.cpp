// SPDX-License-Identifier: GPL-2.0-or-later
// pando chroot build: the fencing chroot of a root tree in any directory, to look at, to measure and to try.
#include "base/printable.h"
#include "chroot-builder/generation.h"
#include "cli/chroot_source.h"
#include "cli/command.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {
namespace {

struct BuildOptions {
    ChrootSource source;
    std::string output;
    bool dry_run = false;
};

Result<int> build(const BuildOptions& options) {
    const auto [root, manifest] = TRY(resolve(options.source));
    if (options.dry_run) {
        for (const auto& [path, entry] : manifest.entries)
            fmt::print("install {} ({})\n", printable(path.native()), printable(entry.why()));
        fmt::print("{}\n", sizes_of(manifest));
        return 0;
    }
    const unsigned number = TRY(chroot::install_generation(manifest, root, options.output));
    fmt::print("{}: generation {}, {}\n", options.output, number, sizes_of(manifest));
    return 0;
}

}  // namespace

Action declare_chroot_build(CLI::App& app) {
    auto options = std::make_shared<BuildOptions>();
    add_options(app, options->source);
    app.add_option("--output", options->output, "directory: a new one, or one with generations")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_flag("--dry-run", options->dry_run, "say what would go in, and what it takes, and change nothing");
    return [options] { return build(*options); };
}

}  // namespace pando::cli
