// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/sbd.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace pando::config {
namespace {

// sbd's own: it reads once a second and takes a read of three seconds for a failed one. The last feeding of the
// watchdog may be so much later than the last look at the slot, rounding to whole seconds included.
constexpr unsigned longest_look = 5;

// Beyond msgwait: starting an interpreter and sbd on a machine that has just lost a neighbour.
constexpr unsigned agent_start = 10;

bool is_sbd(const FenceDevice& device) { return std::filesystem::path(device.agent).filename() == "fence_sbd"; }

bool has_any(const FenceDevice& device, std::initializer_list<const char*> options) {
    return std::any_of(options.begin(), options.end(),
                       [&](const char* option) { return device.options.contains(option); });
}

}  // namespace

const FenceDevice* sbd_device(const Node& node) {
    const auto found = std::find_if(node.fence.begin(), node.fence.end(), is_sbd);
    return found == node.fence.end() ? nullptr : &*found;
}

bool uses_sbd(const Cluster& cluster) {
    return std::any_of(cluster.nodes.begin(), cluster.nodes.end(),
                       [](const Node& node) { return sbd_device(node) != nullptr; });
}

std::string sbd_slot(const FenceDevice& device) {
    for (const char* option : {"plug", "port"})
        if (const auto found = device.options.find(option); found != device.options.end()) return found->second;
    return {};
}

std::vector<std::string> sbd_disks(const FenceDevice& device) {
    std::vector<std::string> disks;
    const auto given = device.options.find("devices");
    std::istringstream words(given == device.options.end() ? std::string() : given->second);
    for (std::string disk; std::getline(words, disk, ',');)
        if (!disk.empty()) disks.push_back(disk);
    return disks;
}

SbdTimes sbd_times(const Cluster& cluster) {
    Milliseconds longest{0};
    for (const Node& node : cluster.nodes)
        if (sbd_device(node) != nullptr) longest = std::max(longest, cluster.watchdog_of(node).timeout);
    if (longest.count() == 0) longest = cluster.watchdog.timeout;
    const auto watchdog = static_cast<unsigned>(longest.count() / 1000);
    return {watchdog, watchdog + std::max(watchdog, 2 * longest_look)};
}

void complete_sbd(Cluster& cluster) {
    for (Node& node : cluster.nodes) {
        if (!cluster.storage.sbd || sbd_device(node) != nullptr) continue;
        FenceDevice device;
        device.name = node.name + "-sbd";
        device.agent = "fence_sbd";
        node.fence.push_back(std::move(device));
    }
    const unsigned patience = sbd_times(cluster).msgwait + agent_start;
    for (Node& node : cluster.nodes) {
        for (FenceDevice& device : node.fence) {
            if (!is_sbd(device)) continue;
            if (!has_any(device, {"devices"})) device.options["devices"] = sbd_partition_link;
            if (!has_any(device, {"plug", "port"})) device.options["plug"] = node.name;
            // The agent ends sbd after power_timeout, of 30 s if nobody says otherwise; sbd sleeps for all of msgwait.
            if (!has_any(device, {"power_timeout"})) device.options["power_timeout"] = std::to_string(patience);
            device.timeout = std::max(device.timeout, Milliseconds(std::chrono::seconds(patience + agent_start)));
        }
    }
}

Cluster without_sbd(Cluster cluster) {
    for (Node& node : cluster.nodes) std::erase_if(node.fence, is_sbd);
    return cluster;
}

bool changes_sbd(const Cluster& before, const Cluster& after) {
    if (uses_sbd(before) && uses_sbd(after) && !(sbd_times(before) == sbd_times(after))) return true;
    for (const Node& node : after.nodes) {
        const Node* old = before.find_node(node.name);
        const FenceDevice* device = sbd_device(node);
        const FenceDevice* was = old != nullptr ? sbd_device(*old) : nullptr;
        if (old == nullptr || device == nullptr) continue;  // a node that is new has not booted yet
        if (was == nullptr || sbd_disks(*was) != sbd_disks(*device) || sbd_slot(*was) != sbd_slot(*device)) return true;
    }
    return false;
}

}  // namespace pando::config
