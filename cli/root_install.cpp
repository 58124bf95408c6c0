// SPDX-License-Identifier: GPL-2.0-or-later
// pando root install: an empty LUN becomes the cluster's storage.
#include "cli/command.h"
#include "config/load.h"
#include "rootfs/install.h"

#include <memory>

namespace pando::cli {
namespace {

constexpr auto longest = std::chrono::hours(2);  // a full root over a slow network

struct Options {
    std::filesystem::path cluster_yaml;
    rootfs::InstallOptions install;
    bool dry_run = false;
};

}  // namespace

Action declare_root_install(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("--cluster", options->cluster_yaml, "cluster.yaml: lock table, number of journals")->required();
    app.add_option("--device", options->install.device, "the whole LUN, as in /dev/sda")->required();
    app.add_option("--archive", options->install.archive, "what `root build` made: a file or an http:// URL")
        ->required();
    app.add_option("--overwrite", options->install.overwrite,
                   "name of a LUN (serial, WWN or a UUID on it) whose content may be lost");
    app.add_flag("--dry-run", options->dry_run, "say what would be done, change nothing");
    return [options]() -> Result<int> {
        const auto cluster = TRY(config::load_file(options->cluster_yaml));
        const auto mode = options->dry_run ? Plan::Mode::print : Plan::Mode::apply;
        TRY(rootfs::install(cluster, options->install, mode, Deadline::after(longest)));
        return 0;
    };
}

}  // namespace pando::cli
