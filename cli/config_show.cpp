// SPDX-License-Identifier: GPL-2.0-or-later
// pando config show: the description as Pando takes it, with profiles and defaults filled in.
#include "cli/command.h"
#include "config/load.h"
#include "config/show.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {

namespace {

struct ShowOptions {
    std::string file = "cluster.yaml";
    bool json = false;
};

}  // namespace

Action declare_config_show(CLI::App& app) {
    auto options = std::make_shared<ShowOptions>();
    app.add_option("FILE", options->file, "cluster.yaml")->capture_default_str();
    app.add_flag("--json", options->json, "for programs");
    return [options]() -> Result<int> {
        const auto cluster = TRY(config::load_file(options->file));
        if (options->json)
            fmt::print("{}\n", config::show_json(cluster).dump(2));
        else
            fmt::print("{}", config::show_yaml(cluster));
        return 0;
    };
}

}  // namespace pando::cli
