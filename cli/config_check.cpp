// SPDX-License-Identifier: GPL-2.0-or-later
// pando config check: is this cluster.yaml right? Every mistake is named with its line.
#include "cli/command.h"
#include "config/load.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {

Action declare_config_check(CLI::App& app) {
    auto file = std::make_shared<std::string>("cluster.yaml");
    app.add_option("FILE", *file, "cluster.yaml")->capture_default_str();
    return [file]() -> Result<int> {
        const auto cluster = TRY(config::load_file(*file));
        size_t devices = 0;
        for (const auto& node : cluster.nodes) devices += node.fence.size();
        fmt::print("{}: cluster {}, {} nodes, {} fence devices, lock table {}, {} journals: good\n", *file,
                   cluster.name, cluster.nodes.size(), devices, cluster.lock_table(), cluster.journals());
        return 0;
    };
}

}  // namespace pando::cli
