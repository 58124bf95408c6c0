// SPDX-License-Identifier: GPL-2.0-or-later
// pando hw probe: everything worth knowing of this machine, or of a recorded one.
#include "base/log.h"
#include "cli/command.h"
#include "hwdetect/inventory.h"
#include "initrd/bmc_device.h"
#include "initrd/bmc_lan.h"

#include <memory>

namespace pando::cli {
namespace {

struct Options {
    bool json = false;
    bool yaml = false;
    std::string root = "/";
};

constexpr Milliseconds bmc_patience{2000};

// Of this machine, by its own BMC; where that tells nothing, what the firmware says of it stays.
void ask_bmc(hwdetect::BmcInfo& info) {
    auto bmc = initrd::BmcDevice::open();
    if (!bmc || !*bmc) return;
    const auto address = initrd::read_bmc_address(
        [&](const initrd::BmcRequest& request, Deadline until) { return (*bmc)->ask(request, until); },
        Deadline::after(bmc_patience));
    if (!address)
        log::warning("the BMC's address: {}", address.error().what);
    else if (!address->empty())
        info.address = *address;
}

}  // namespace

Action declare_hw_probe(CLI::App& app) {
    auto options = std::make_shared<Options>();
    auto* json = app.add_flag("--json", options->json, "for programs");
    app.add_flag("--yaml", options->yaml, "the same as YAML")->excludes(json);
    app.add_option("--root", options->root, "read /sys and /proc of this tree: a recorded machine")
        ->check(CLI::ExistingDirectory);
    return [options]() -> Result<int> {
        auto inventory = TRY(hwdetect::read_inventory(TRY(Sysroot::open(options->root))));
        if (inventory.bmc && options->root == "/") ask_bmc(*inventory.bmc);
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
