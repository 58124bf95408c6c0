// SPDX-License-Identifier: GPL-2.0-or-later
// pando hw probe: everything worth knowing of this machine, or of a recorded one.
#include "cli/command.h"
#include "hwdetect/inventory.h"

#include <memory>

namespace pando::cli {
namespace {

struct Options {
    bool json = false;
    bool yaml = false;
    std::string root = "/";
};

}  // namespace

Action declare_hw_probe(CLI::App& app) {
    auto options = std::make_shared<Options>();
    auto* json = app.add_flag("--json", options->json, "for programs");
    app.add_flag("--yaml", options->yaml, "the same as YAML")->excludes(json);
    app.add_option("--root", options->root, "read /sys and /proc of this tree: a recorded machine")
        ->check(CLI::ExistingDirectory);
    return [options]() -> Result<int> {
        const auto inventory = TRY(hwdetect::read_inventory(TRY(Sysroot::open(options->root))));
        if (options->json)
            fmt::print("{}\n", hwdetect::to_json(inventory));
        else if (options->yaml)
            fmt::print("{}\n", hwdetect::to_yaml(inventory));
        else
            fmt::print("{}", hwdetect::to_text(inventory));
        return 0;
    };
}

}  // namespace pando::cli
