// SPDX-License-Identifier: GPL-2.0-or-later
// pando root build: the tree that all nodes will share, as an archive and unpacked.
#include "cli/command.h"
#include "rootfs/build.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {
namespace {

struct Options {
    std::filesystem::path profile = "/usr/share/pando/profiles/debian.yaml";
    rootfs::PandoFiles pando;
    std::filesystem::path cache = "/var/cache/pando";
};

}  // namespace

Action declare_root_build(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("--profile", options->profile, "what goes in: packages, units")->capture_default_str();
    auto* pando = app.add_option_group("Pando's own files")->require_option(1);
    pando->add_option("--pando-packages", options->pando.packages, "the packages pando and pando-node in DIR")
        ->type_name("DIR");
    pando->add_option("--pando-tree", options->pando.tree, "what was installed with prefix /usr below DIR")
        ->type_name("DIR");
    app.add_option("--cache", options->cache, "where results are kept, by their content")->capture_default_str();
    return [options]() -> Result<int> {
        const auto profile = TRY(rootfs::load_profile(options->profile));
        const auto root = TRY(rootfs::build(profile, options->pando, options->cache));
        fmt::print("archive {}\ntree {}\nkey {}\n", root.archive.string(), root.tree.string(), root.key);
        return 0;
    };
}

}  // namespace pando::cli
