// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl prepare: makes a root tree shareable by the nodes of a cluster.
#include "cdsl/apply.h"
#include "cli/command.h"
#include "config/load.h"

#include <memory>

namespace pando::cli {

namespace {

struct PrepareOptions {
    std::string root;
    std::string cluster;
    bool dry_run = false;
};

}  // namespace

Action declare_cdsl_prepare(CLI::App& app) {
    auto options = std::make_shared<PrepareOptions>();
    app.add_option("--root", options->root, "the tree: a directory, or where the shared root is mounted")->required();
    app.add_option("--cluster", options->cluster, "cluster.yaml")->required();
    app.add_flag("--dry-run", options->dry_run, "say what would be done, change nothing");
    return [options]() -> Result<int> {
        const auto cluster = TRY(config::load_file(options->cluster));
        const auto policy = TRY(cdsl::policy_for_root(cluster));
        TRY(cdsl::prepare(options->root, policy).execute(options->dry_run ? Plan::Mode::print : Plan::Mode::apply));
        return 0;
    };
}

}  // namespace pando::cli
