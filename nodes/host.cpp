// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/host.h"

#include "base/process.h"
#include "config/ssh_keys.h"
#include "config/values.h"
#include "hwdetect/inventory_json.h"
#include "hwdetect/sysfs.h"
#include "nodes/host_parts.h"

#include <sstream>

namespace pando::nodes {
namespace {

using namespace std::chrono_literals;
constexpr size_t answer_limit = 4U << 20U;

// Whatever the program says is only a hint, so that one that is missing or slow costs no more than that.
std::string answer(const std::vector<std::string>& argv, std::vector<std::string>& faults) {
    const auto done = run({.argv = argv, .env = {{"LC_ALL", "C"}}, .deadline = Deadline::after(10s)});
    if (done && done->ok()) return done->out;
    faults.push_back(fmt::format("{}: {}", shown(argv), done ? done->last_words() : done.error().what));
    return {};
}

// Without options in front, which may run programs, and nothing that is no key.
std::vector<std::string> root_keys(const Sysroot& root) {
    std::vector<std::string> keys;
    std::istringstream lines(root.read("root/.ssh/authorized_keys", 1U << 18U).value_or(""));
    for (std::string line; std::getline(lines, line);) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (line.empty() || line[0] == '#' || !config::plain_key_fault(line).empty()) continue;
        keys.push_back(line);
    }
    return keys;
}

}  // namespace

HostAnswers ask_host(const Sysroot& root) {
    HostAnswers out;
    if (root.directory() != "/") {
        const auto recorded = [&](const char* file) {
            return root.read(std::filesystem::path("recorded") / file, answer_limit).value_or("");
        };
        out.addresses = recorded("ip-address.json");
        out.routes = recorded("ip-route.json");
        out.bmc = recorded("ipmitool-lan");
        return out;
    }
    out.addresses = answer({"ip", "-json", "address", "show"}, out.faults);
    out.routes = answer({"ip", "-json", "route", "show", "default"}, out.faults);
    if (root.exists("dev/ipmi0") || root.exists("dev/ipmi/0"))
        out.bmc = answer({"ipmitool", "lan", "print"}, out.faults);
    return out;
}

Result<HostFacts> read_host(const Sysroot& root, const HostAnswers& answers) {
    const auto inventory = TRY(hwdetect::read_inventory(root));
    HostFacts facts;
    facts.faults = answers.faults;
    facts.name = hwdetect::line_or_empty(root, "etc/hostname");
    auto networks = host_networks(answers.addresses, answers.routes);
    if (networks)
        facts.networks = std::move(*networks);
    else
        facts.faults.push_back(networks.error().what);
    add_leases(root, facts.networks);
    facts.dhcp_here = dhcp_server_here(root);
    facts.targets = known_targets(root, inventory.storage);
    facts.luns = shareable_luns(root, inventory.storage);
    facts.bmc_address = bmc_address(answers.bmc);
    facts.keys = root_keys(root);
    facts.machine = hwdetect::as_json(inventory);
    for (const std::string& fault : inventory.faults) facts.faults.push_back(fault);
    return facts;
}

}  // namespace pando::nodes
