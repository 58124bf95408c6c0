// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/votes.h"

#include "config/render.h"

#include <fmt/ranges.h>
#include <algorithm>

namespace pando::nodes {
namespace {

Result<> require_quorum(const Now& now) {
    if (!now.quorum)
        return fail("corosync does not answer on this node: {}", now.quorum_trouble)
            .advise("pando status; the command can be given on another node");
    if (!now.quorum->quorate)
        return fail("this part of the cluster has no quorum: nothing is changed here")
            .advise("pando status tells who is missing");
    return {};
}

}  // namespace

Result<> check_quorum_with(const Now& now, const config::Cluster& next) {
    TRY(require_quorum(now));
    const size_t nodes = next.nodes.size();
    const auto members = static_cast<size_t>(std::count_if(
        next.nodes.begin(), next.nodes.end(), [&](const config::Node& node) { return now.is_member(node); }));
    if (members >= config::votes_needed(nodes)) return {};
    const size_t most = members == 1 ? 2 : 2 * members - 1;
    return bad_input("with {} nodes the cluster needs {} votes, and {} node{} up: it would freeze", nodes,
                     config::votes_needed(nodes), members, members == 1 ? " is" : "s are")
        .advise(
            fmt::format("a node that is described counts, whether its machine is there or not. For now {} nodes are "
                        "the most: switch on those that are off, or add as many as are racked, start them, and then "
                        "the next",
                        most));
}

Result<> check_quorum_after(const Now& now, const std::vector<std::string>& gone) {
    TRY(require_quorum(now));
    size_t nodes = 0, members = 0;
    std::vector<std::string> away;
    for (const config::Node& node : now.cluster.nodes) {
        if (std::find(gone.begin(), gone.end(), node.name) != gone.end()) continue;
        ++nodes;
        if (now.is_member(node))
            ++members;
        else
            away.push_back(node.name);
    }
    const size_t needed = config::votes_needed(nodes);
    if (members >= needed) return {};
    return bad_input("without {} the cluster has {} nodes and needs {} votes, but only {} would be up",
                     fmt::join(gone, " "), nodes, needed, members)
        .advise(fmt::format("the rest would freeze. First start {}, or remove them too", fmt::join(away, " ")));
}

std::string VotesWithout::text() const {
    return fmt::format("{} of {} votes now, {} after, {} needed", now, expected, after, needed);
}

VotesWithout votes_without(const Now& now, const std::vector<std::string>& off) {
    VotesWithout votes;
    votes.expected = now.cluster.nodes.size();
    votes.needed = config::votes_needed(votes.expected);
    for (const config::Node& node : now.cluster.nodes) {
        if (!now.is_member(node)) continue;
        ++votes.now;
        if (std::find(off.begin(), off.end(), node.name) == off.end()) ++votes.after;
    }
    return votes;
}

Result<> check_quorum_while_off(const Now& now, const std::vector<std::string>& off) {
    TRY(require_quorum(now));
    const auto votes = votes_without(now, off);
    const size_t left = votes.after, needed = votes.needed;
    if (votes.enough()) return {};
    return bad_input(
               "with {} switched off, {} of {} votes would be left until the description has changed, and {} are "
               "needed: the rest would freeze",
               fmt::join(off, " "), left, now.cluster.nodes.size(), needed)
        .advise("remove first the nodes that are off already, then one of the others at a time");
}

}  // namespace pando::nodes
