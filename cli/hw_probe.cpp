// SPDX-License-Identifier: GPL-2.0-or-later
// pando hw probe: what this machine is, as a booting node would see it.
#include "cli/command.h"
#include "hwdetect/machine.h"

#include <memory>

namespace pando::cli {
namespace {

struct Options {
    bool json = false;
    std::string root = "/";
};

std::string or_unknown(std::optional<unsigned> value) { return value ? fmt::format("{}", *value) : "?"; }

void print(const hwdetect::Machine& machine) {
    fmt::print("{}\n", hwdetect::describe(machine));
    for (const auto& nic : machine.nics)
        fmt::print("NIC {}: {}, {} at {}, {}\n", nic.name, nic.mac, nic.driver.empty() ? "no driver" : nic.driver,
                   nic.device, nic.carrier ? "link" : "no link");
    for (const auto& card : machine.watchdogs)
        fmt::print("watchdog {}: {}, {} s, takes {}..{} s\n", card.device, card.identity, or_unknown(card.timeout),
                   or_unknown(card.min_timeout), or_unknown(card.max_timeout));
    if (machine.bmc) fmt::print("BMC {}: {}\n", machine.bmc->device, machine.bmc->type);
}

}  // namespace

Action declare_hw_probe(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_flag("--json", options->json, "print one JSON object");
    app.add_option("--root", options->root, "read the sysfs of this tree: a recorded machine")
        ->check(CLI::ExistingDirectory);
    return [options]() -> Result<int> {
        const auto machine = TRY(hwdetect::read_machine(TRY(Sysroot::open(options->root))));
        if (options->json)
            fmt::print("{}\n", hwdetect::to_json(machine));
        else
            print(machine);
        return 0;
    };
}

}  // namespace pando::cli
