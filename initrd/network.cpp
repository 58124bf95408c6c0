// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/network.h"

#include "base/process.h"
#include "initrd/ip_batch.h"
#include "initrd/links.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <set>

namespace pando::initrd {
namespace {

// How long one NIC is asked for before the next one gets its turn.
constexpr Milliseconds bootstrap_turn{10000};
// Between two rounds over the NICs when asking failed at once.
constexpr Milliseconds bootstrap_pause{1000};

// Bonds, VLANs and bridges of an earlier attempt: made anew rather than compared, so that what is there is what the
// plan says. Those above go first, since a VLAN goes by itself with its link.
std::vector<std::string> removals(const config::Node& node) {
    std::vector<std::string> lines;
    std::set<std::string> gone;
    const std::function<void(const config::Nic&)> remove = [&](const config::Nic& nic) {
        if (nic.mac || !gone.insert(nic.name).second) return;
        for (const config::Nic& above : node.nics) {
            const auto below = above.below();
            if (std::find(below.begin(), below.end(), nic.name) != below.end()) remove(above);
        }
        if (interface_exists(nic.name)) lines.push_back("link delete dev " + nic.name);
    };
    for (const config::Nic& nic : node.nics) remove(nic);
    return lines;
}

bool is_ready(const config::Nic& nic) { return interface_running(nic.name) && !address_check(nic.name).pending; }

std::string not_ready(const config::Node& node) {
    std::string text;
    for (const config::Nic& nic : node.nics) {
        if (nic.addresses.empty() || is_ready(nic)) continue;
        text += fmt::format("{}{} ({}) {}", text.empty() ? "" : ", ", nic.name, nic.mac.value_or("no MAC of its own"),
                            interface_running(nic.name) ? "is still testing its IPv6 address" : "has no link");
    }
    return text;
}

Result<> wait_for_links(LinkEvents& events, const config::Node& node, Deadline deadline) {
    const auto ready = [](const config::Nic& nic) { return nic.addresses.empty() || is_ready(nic); };
    const bool all =
        TRY(events.until([&] { return std::all_of(node.nics.begin(), node.nics.end(), ready); }, deadline));
    if (!all)
        return fail("node {}: {}", node.name, not_ready(node))
            .kind(ErrorKind::timeout)
            .advise("check the cable, the switch port and, for a bond, that the switch runs the same mode");
    for (const config::Nic& nic : node.nics)
        if (const auto check = address_check(nic.name); !nic.addresses.empty() && !check.duplicate.empty())
            return fail("node {}: an address of {} ({}) is in use by another machine", node.name, nic.name,
                        fmt::join(nic.addresses, ", "))
                .advise("find the other machine (ip -6 neigh on a live node), or correct address: in cluster.yaml");
    return {};
}

Failure no_lease(const std::vector<hwdetect::NetworkInterface>& nics, const std::map<std::string, Error>& last) {
    std::string text;
    bool any_link = false;
    for (const auto& nic : nics) {
        const auto failed = last.find(nic.name);
        const bool link = interface_running(nic.name);
        any_link = any_link || link;
        text += fmt::format("{}{} ({}): {}", text.empty() ? "" : "; ", nic.name, nic.mac,
                            failed != last.end() ? failed->second.what
                            : link               ? "not asked yet"
                                                 : "no link");
    }
    auto failure = fail("no address by DHCP: {}", text);
    failure.kind(ErrorKind::timeout);
    return any_link ? failure.advise(
                          "there is a link: does the boot server's DHCP run, and is this NIC in its network "
                          "(VLAN of the switch port)?")
                    : failure.advise("no NIC has a link: check cables and switch ports");
}

}  // namespace

Result<> apply_plan(const config::Node& node, const hwdetect::Machine& machine, Deadline deadline) {
    auto lines = TRY(ip_commands(node, machine));
    auto first = removals(node);
    lines.insert(lines.begin(), first.begin(), first.end());
    auto events = TRY(LinkEvents::listen());
    auto applied = ip_batch(lines, deadline);
    if (!applied) return Failure(applied.error().context("node " + node.name));
    TRY(wait_for_links(events, node, deadline));
    for (const config::Nic& nic : node.nics)
        if (nic.dhcp) (void)TRY(dhcp(nic.name, deadline));
    return {};
}

Result<> adopt_address(const std::string& interface, const BootAddress& address, Deadline deadline) {
    auto events = TRY(LinkEvents::listen());
    std::vector<std::string> lines = {
        "link set dev lo up", fmt::format("link set dev {} up", interface),
        fmt::format("address replace {} dev {} valid_lft forever preferred_lft forever", address.address, interface)};
    if (address.gateway)
        lines.push_back(fmt::format("route replace default via {} dev {}", *address.gateway, interface));
    TRY(ip_batch(lines, deadline));
    if (!TRY(events.until([&] { return interface_running(interface); }, deadline)))
        return fail("{} has no link, though this machine was booted over it", interface)
            .kind(ErrorKind::timeout)
            .advise("check the cable and the switch port");
    return {};
}

Result<Lease> bootstrap(const hwdetect::Machine& machine, std::string_view boot_mac, Deadline deadline) {
    auto nics = machine.nics;
    if (nics.empty())
        return fail("this machine has no NIC with a driver")
            .advise("add its driver to the image (pando hw probe on a running system names it)");
    std::stable_partition(nics.begin(), nics.end(), [&](const auto& nic) { return nic.mac == boot_mac; });

    // All links up at once: they negotiate at the same time.
    std::vector<std::string> lines = {"link set dev lo up"};
    for (const auto& nic : nics) lines.push_back(fmt::format("link set dev {} up", nic.name));
    auto events = TRY(LinkEvents::listen());
    TRY(ip_batch(lines, deadline));

    const auto any_link = [&] {
        return std::any_of(nics.begin(), nics.end(), [](const auto& nic) { return interface_running(nic.name); });
    };
    std::map<std::string, Error> last;
    while (TRY(events.until(any_link, deadline)) && !deadline.passed()) {
        for (const auto& nic : nics) {
            if (!interface_running(nic.name) || deadline.passed()) continue;
            auto lease = dhcp(nic.name, deadline.capped(bootstrap_turn));
            if (lease) return lease;
            last[nic.name] = lease.error();
        }
        if (!deadline.passed()) (void)TRY(events.until([] { return false; }, deadline.capped(bootstrap_pause)));
    }
    return no_lease(nics, last);
}

}  // namespace pando::initrd
