// SPDX-License-Identifier: GPL-2.0-or-later
// pando lab describe: writes the cluster.yaml of a lab, to build its image from before it is up.
#include "cli/command.h"
#include "cli/lab_options.h"
#include "lab/description.h"
#include "lab/ssh.h"

#include <memory>

namespace pando::cli {

namespace {

struct DescribeOptions {
    std::string name = "lab";
    uint32_t blades = 2;
    std::string output;
};

}  // namespace

Action declare_lab_describe(CLI::App& app) {
    auto options = std::make_shared<DescribeOptions>();
    app.add_option("--name", options->name, "name of the lab")->envname("PANDO_LAB")->capture_default_str();
    app.add_option("--blades", options->blades, "how many")->capture_default_str();
    app.add_option("--output", options->output, "directory for cluster.yaml and authkey")->required();
    return [options]() -> Result<int> {
        TRY(lab::write_description(options->output, {options->name, options->blades, {TRY(lab::ensure_key())}}));
        return 0;
    };
}

}  // namespace pando::cli
