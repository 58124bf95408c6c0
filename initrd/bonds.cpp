// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/bonds.h"

#include "base/number.h"

#include <fmt/format.h>
#include <filesystem>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

std::string first_line(const Sysroot& root, const fs::path& path) {
    const std::string text = root.read(path).value_or("");
    return text.substr(0, text.find('\n'));
}

void look_at_lacp(const Sysroot& root, const fs::path& bond, size_t linked, std::vector<std::string>& troubles) {
    const std::string name = bond.filename();
    const size_t used = whole_number<size_t>(first_line(root, bond / "bonding/ad_num_ports")).value_or(0);
    if (first_line(root, bond / "bonding/ad_partner_mac") == "00:00:00:00:00:00")
        troubles.push_back(
            fmt::format("{}: nobody answers by LACP: has the switch a LACP group of these ports?", name));
    else if (used < linked)
        troubles.push_back(
            fmt::format("{}: LACP uses {} of {} ports that have a link: do all go to one LACP group, at one speed?",
                        name, used, linked));
}

}  // namespace

std::vector<std::string> check_bonds(const Sysroot& root, const config::Node& self) {
    std::vector<std::string> troubles;
    const fs::path net = "/sys/class/net";
    for (const config::Nic& nic : self.nics) {
        const std::string mode = first_line(root, net / nic.name / "bonding/mode");
        if (!nic.bond || mode.empty()) continue;
        size_t linked = 0;
        for (const std::string& port : nic.bond->members) {
            if (first_line(root, net / port / "bonding_slave/mii_status") == "up")
                ++linked;
            else
                troubles.push_back(fmt::format("{}: its port {} has no link", nic.name, port));
        }
        if (mode.starts_with("802.3ad ")) look_at_lacp(root, net / nic.name, linked, troubles);
    }
    return troubles;
}

}  // namespace pando::initrd
