// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/running.h"

#include "config/sbd.h"

#include <fmt/ranges.h>
#include <algorithm>

namespace pando::nodes {
namespace {

struct Complaint {
    std::string what, advice;
};

std::optional<Complaint> judge(const config::Node& node, const config::Cluster& next) {
    const std::string off = fmt::format("shut {} down, then: ", node.name);
    const config::Node* after = next.find_node(node.name);
    if (after == nullptr) {
        const auto same_id = [&](const config::Node& other) { return other.id == node.id; };
        const auto renamed = std::find_if(next.nodes.begin(), next.nodes.end(), same_id);
        if (renamed != next.nodes.end())
            return Complaint{fmt::format("{} would be renamed to {}", node.name, renamed->name),
                             fmt::format("{}pando node rename {} {}", off, node.name, renamed->name)};
        return Complaint{fmt::format("{} would be removed", node.name),
                         fmt::format("{}pando node remove {}", off, node.name)};
    }
    if (after->id != node.id)
        return Complaint{
            fmt::format("{} would get the id {}, it has {}", node.name, after->id, node.id),
            fmt::format("{}pando node remove {}, and pando node add {} --id {}", off, node.name, node.name, after->id)};
    if (after->cluster_address() != node.cluster_address())
        return Complaint{fmt::format("{} would get the address {}, it has {}", node.name, after->cluster_address(),
                                     node.cluster_address()),
                         fmt::format("{}pando bundle write again", off)};
    return std::nullopt;
}

}  // namespace

Result<> refuse_change_of_running(const Now& now, const config::Cluster& next) {
    std::vector<std::string> whats, advices;
    bool some = false;
    for (const config::Node& node : now.cluster.nodes) {
        if (!now.is_member(node) && !now.beats(node)) continue;
        some = true;
        const auto complaint = judge(node, next);
        if (!complaint) continue;
        whats.push_back(complaint->what);
        advices.push_back(complaint->advice);
    }
    if (whats.empty()) return some ? refuse_change_of_sbd(now.cluster, next) : Result<>();
    return bad_input("nodes that run cannot be changed so: {}", fmt::join(whats, "; "))
        .advise(fmt::format("{}", fmt::join(advices, "; ")));
}

Result<> refuse_change_of_sbd(const config::Cluster& before, const config::Cluster& next) {
    if (!config::changes_sbd(before, next)) return {};
    // The image carries sbd for those that are fenced by it, and no other.
    const std::string image = config::uses_sbd(before) ? "" : "make the boot files anew (pando image build), ";
    return bad_input("nodes run that would be fenced by sbd in another way than they were started for")
        .advise(fmt::format("stop all nodes, write it from outside (pando bundle write --lun DEVICE), {}and start them "
                            "again",
                            image));
}

}  // namespace pando::nodes
