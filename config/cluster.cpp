// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/cluster.h"

#include <algorithm>

namespace pando::config {

const std::vector<std::string>& boot_stage_names() {
    static const std::vector<std::string> names = {"hardware", "network", "storage", "bundle", "identity", "preflight",
                                                   "chroot",   "join",    "root",    "cdsl",   "handover", "install"};
    return names;
}

const Nic* Node::cluster_nic() const {
    const auto it = std::find_if(nics.begin(), nics.end(), [](const Nic& nic) { return nic.cluster; });
    return it == nics.end() ? nullptr : &*it;
}

std::string Node::cluster_address() const {
    const Nic* nic = cluster_nic();
    if (nic == nullptr || !nic->address) return {};
    return nic->address->substr(0, nic->address->find('/'));
}

const Node* Cluster::find_node(std::string_view wanted) const {
    const auto it = std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) { return node.name == wanted; });
    return it == nodes.end() ? nullptr : &*it;
}

std::string Cluster::lock_table() const { return name + ":" + root.name; }

ChrootPlace Cluster::chroot_place(const Node& node) const {
    return parse_chroot_place(node.chroot_path.value_or(chroot.path)).value_or(ChrootPlace());  // checked when loaded
}

uint32_t Cluster::journals() const { return std::max(root.journals, static_cast<uint32_t>(nodes.size())); }

}  // namespace pando::config
