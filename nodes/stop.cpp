// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/stop.h"

#include "base/node_range.h"
#include "report/view.h"

#include <algorithm>

namespace pando::nodes {

Result<StopPlan> plan_stop(const Now& now, const Stop& stop) {
    StopPlan plan;
    std::vector<std::string> up;
    for (const std::string& name : stop.nodes) {
        const config::Node* const node = now.cluster.find_node(name);
        if (node == nullptr) return bad_input("there is no node {}", name).advise("pando node list names them");
        (now.is_member(*node) ? up : plan.not_up).push_back(name);
    }
    if (stop.reboot && !plan.not_up.empty())
        return bad_input("{} {} not up: nothing was done", folded(plan.not_up), plan.not_up.size() == 1 ? "is" : "are")
            .advise(fmt::format("pando node on {}; or name the others", folded(plan.not_up)));
    // Whoever gives the command must be there to the end.
    std::stable_partition(up.begin(), up.end(), [&](const std::string& name) { return name != stop.here; });
    if (stop.rolling)
        for (const std::string& name : up) plan.batches.push_back({name});
    else if (!up.empty())
        plan.batches.push_back(up);
    // Those that are switched off one after the other are all off in the end.
    const bool one_at_a_time = stop.rolling && stop.reboot;
    plan.votes = votes_without(now, one_at_a_time && !up.empty() ? std::vector<std::string>{up.front()} : up);
    if (up.empty() || stop.lose_quorum || plan.votes.enough()) return plan;
    const std::string what = one_at_a_time ? "any of them" : folded(up);
    return bad_input("without {} the rest would freeze: {}", what, plan.votes.text())
        .advise(stop.reboot && !stop.rolling && up.size() > 1
                    ? "--rolling reboots one after the other; --lose-quorum does it all the same"
                    : "first start nodes that are off (pando node list); --lose-quorum does it all the same");
}

Back is_back(const report::Snapshot& snapshot, const std::string& node, Milliseconds ordered, Milliseconds up,
             const std::string& boot) {
    const auto view = report::view_of(snapshot, {up, boot});
    const auto line =
        std::find_if(view.lines.begin(), view.lines.end(), [&](const report::Line& one) { return one.node == node; });
    const auto heard = snapshot.heard.find(node);
    if (line == view.lines.end() || heard == snapshot.heard.end()) return {false, "nothing is heard of it"};
    std::string says = line->state;
    if (!line->remarks.empty()) says += ": " + line->remarks.front();
    // A report of before the reboot tells of a kernel that is older than the order.
    const bool anew = heard->second.last - std::chrono::seconds(heard->second.report.up) > ordered;
    return {anew && line->well, std::move(says)};
}

}  // namespace pando::nodes
