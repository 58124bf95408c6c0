// SPDX-License-Identifier: GPL-2.0-or-later
// What pando doctor looks at, on a node that is up.
#include "base/file.h"
#include "chroot-builder/residence.h"
#include "config/slots.h"
#include "initrd/blockdev.h"
#include "initrd/bonds.h"
#include "initrd/cluster_link.h"
#include "initrd/corosync_reload.h"
#include "initrd/node_state.h"
#include "nodes/doctor.h"
#include "nodes/lost_newest.h"

#include <ctime>

namespace pando::nodes {
namespace {

Result<std::vector<std::string>> bad_slots(Store& store, const std::string& cluster) {
    std::vector<std::string> bad;
    const auto slots = TRY(config::read_slots(store, cluster));
    for (size_t i = 0; i < slots.slots.size(); ++i) {
        const config::Slot& slot = slots.slots[i];
        // The second is written by the second change of the description.
        if (slot.state != config::SlotState::valid && slot.state != config::SlotState::empty)
            bad.push_back(fmt::format("slot {} of {}: {}", i, store.name(), slot.says));
    }
    return bad;
}

Result<std::string> lock_table(const initrd::NodeState& state) {
    if (!state.root) return fail("nothing is mounted at /");
    const auto disk = TRY(open_store(state.root->source));
    return TRY(initrd::parse_gfs2(TRY(disk->read(initrd::gfs2_superblock_offset, Store::block)))).lock_table;
}

std::vector<std::string> full_packets(const Now& now, const std::string& here, Deadline deadline) {
    const config::Node* self = now.cluster.find_node(here);
    if (self == nullptr) return {};
    std::vector<config::Node> peers;
    for (const config::Node& node : now.cluster.nodes)
        if (node.name != here && now.is_member(node)) peers.push_back(node);
    return initrd::check_cluster_link(*self, peers, deadline);
}

std::vector<std::string> idle_ports(const Now& now, const std::string& here) {
    const config::Node* self = now.cluster.find_node(here);
    const auto root = Sysroot::open("/");
    return self != nullptr && root ? initrd::check_bonds(*root, *self) : std::vector<std::string>();
}

}  // namespace

Result<CheckUp> look_at_this_cluster(const Means& means, Deadline deadline) {
    Now now = TRY(means.now());
    const int64_t time = std::time(nullptr);
    const auto state = TRY(initrd::read_node_state());
    CheckUp facts;
    facts.cluster = now.cluster;
    facts.fence = fencing::ask_fence_devices(now.cluster, means.agents, deadline);
    auto slots = TRY(bad_slots(*means.store, now.cluster.name));
    auto newest = refuse_lost_newest(*means.store, now.bundle, now.claims);
    auto link = full_packets(now, means.here, deadline);
    auto bonds = idle_ports(now, means.here);
    facts.live = CheckUp::Live{
        .now = std::move(now),
        .here = means.here,
        .slots = std::move(slots),
        .newest = std::move(newest),
        .cmap = initrd::read_cmap(deadline),
        .corosync = initrd::read_corosync_conf(),
        .authkey = read_file(std::filesystem::path(chroot::chroot_path) / "etc/corosync/authkey"),
        .journals = means.journals(),
        .lock_table = lock_table(state),
        .link = std::move(link),
        .bonds = std::move(bonds),
        .time = time,
        .faults = state.faults,
    };
    return facts;
}

}  // namespace pando::nodes
