// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/cluster.h"

#include "config/sbd.h"

#include <algorithm>

namespace pando::config {

const std::vector<std::string>& boot_stage_names() {
    static const std::vector<std::string> names = {"hardware", "bootstrap", "bundle", "identity", "network",
                                                   "storage",  "preflight", "chroot", "join",     "root",
                                                   "cdsl",     "handover",  "install"};
    return names;
}

const std::vector<std::string>& Nic::members() const {
    static const std::vector<std::string> none;
    return bond ? bond->members : bridge ? bridge->members : none;
}

std::vector<std::string> Nic::below() const {
    auto names = members();
    if (vlan) names.push_back(vlan->link);
    return names;
}

const Nic* Node::find_nic(std::string_view interface) const {
    const auto it = std::find_if(nics.begin(), nics.end(), [&](const Nic& nic) { return nic.name == interface; });
    return it == nics.end() ? nullptr : &*it;
}

const Nic* Node::master_of(std::string_view interface) const {
    for (const Nic& nic : nics)
        if (std::find(nic.members().begin(), nic.members().end(), interface) != nic.members().end()) return &nic;
    return nullptr;
}

const Nic* Node::hardware_of(const Nic& nic) const {
    const Nic* at = &nic;
    for (size_t depth = 0; at != nullptr && depth <= nics.size(); ++depth) {
        const auto names = at->below();
        if (names.empty()) return at->mac ? at : nullptr;
        at = find_nic(names.front());
    }
    return nullptr;  // it stands on nothing, or on itself
}

const Nic* Node::cluster_nic() const {
    const auto it = std::find_if(nics.begin(), nics.end(), [](const Nic& nic) { return nic.cluster; });
    return it == nics.end() ? nullptr : &*it;
}

std::string Node::cluster_address() const {
    const Nic* nic = cluster_nic();
    if (nic == nullptr || nic->addresses.empty()) return {};
    return nic->addresses.front().substr(0, nic->addresses.front().find('/'));
}

const Node* Cluster::find_node(std::string_view wanted) const {
    const auto it = std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) { return node.name == wanted; });
    return it == nodes.end() ? nullptr : &*it;
}

std::string Cluster::lock_table() const { return name + ":" + root.name; }

ChrootPlace Cluster::chroot_place(const Node& node) const {
    return parse_chroot_place(node.chroot_path.value_or(chroot.path)).value_or(ChrootPlace());  // checked when loaded
}

Watchdog Cluster::watchdog_of(const Node& node) const {
    Watchdog merged = watchdog;
    if (!node.watchdog) return merged;
    const NodeWatchdog& own = *node.watchdog;
    merged.mode = own.mode.value_or(merged.mode);
    merged.timeout = own.timeout.value_or(merged.timeout);
    if (own.device) merged.device = own.device;
    merged.shutdown = own.shutdown.value_or(merged.shutdown);
    return merged;
}

Milliseconds Cluster::token() const {
    constexpr Milliseconds coefficient{650};  // corosync's token_coefficient
    const auto beyond_two = static_cast<int64_t>(std::max<size_t>(nodes.size(), 2) - 2);
    return corosync.token + coefficient * beyond_two;
}

Milliseconds Cluster::storage_patience() const {
    constexpr Milliseconds usual{60000};
    if (storage.patience.count() > 0) return storage.patience;
    // sbd's watchdog is not fed either while the LUN is silent: what resets the node shall be what can say why.
    return uses_sbd(*this) ? std::min<Milliseconds>(usual, std::chrono::seconds(sbd_times(*this).watchdog)) : usual;
}

uint32_t Cluster::journals() const { return std::max(root.journals, static_cast<uint32_t>(nodes.size())); }

}  // namespace pando::config
