// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/doctor.h"

#include "initrd/cluster_link.h"
#include "initrd/corosync_reload.h"
#include "nodes/roster.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <functional>
#include <optional>
#include <set>

namespace pando::nodes {
namespace {

class Findings {
public:
    void add(Grade grade, std::string subject, std::string says, std::string advice = {}) {
        list_.push_back({grade, std::move(subject), std::move(says), std::move(advice)});
        bad_ = bad_ || grade != Grade::good;
    }
    // Says that a subject is in order unless something was found since the last one.
    void close(std::string subject, std::string says) {
        if (!bad_) list_.push_back({Grade::good, std::move(subject), std::move(says), {}});
        bad_ = false;
    }
    std::vector<Finding> take() { return std::move(list_); }

private:
    std::vector<Finding> list_;
    bool bad_ = false;
};

// A device that says "off" of a node that runs is the one mistake that lets two nodes write: its fencing would succeed,
// and hit nobody, or another.
void look_at_answer(const CheckUp& facts, const fencing::FenceAnswer& answer, Findings& findings) {
    const std::string device = fmt::format("{} of node {}: {}", answer.device, answer.node, answer.says);
    const config::Node* node = facts.cluster.find_node(answer.node);
    const bool member = facts.live && node != nullptr && facts.live->now.is_member(*node);
    if (!answer.answered && facts.live && answer.node == facts.live->here)
        return findings.add(Grade::warning, "fencing", device,
                            "this node's own device; a BMC that shares a port with its host does not answer that. Do "
                            "the other nodes reach it? pando doctor there");
    if (!answer.answered)
        return findings.add(Grade::fault, "fencing", device,
                            fmt::format("when {} dies, all nodes freeze until this works: check address, user, "
                                        "password and cable of the device",
                                        answer.node));
    if (member && answer.says == "off")
        findings.add(Grade::fault, "fencing", fmt::format("{}, and {} is up", device, answer.node),
                     "it is the device of another machine: fencing would say that it is off while it writes. Compare "
                     "the device's address with the machine's BMC");
}

void look_at_fencing(const CheckUp& facts, Findings& findings) {
    for (const config::Node& node : facts.cluster.nodes)
        if (node.fence.empty())
            findings.add(Grade::fault, "fencing", fmt::format("node {} has no fence device", node.name),
                         "its death would freeze all nodes for good: describe its BMC in cluster.yaml");
    for (const auto& answer : facts.fence) look_at_answer(facts, answer, findings);
    findings.close("fencing", fmt::format("{} devices of {} nodes answer, and say what the cluster knows",
                                          facts.fence.size(), facts.cluster.nodes.size()));
}

void look_at_quorum(const CheckUp::Live& live, Findings& findings) {
    if (!live.now.quorum)
        return findings.add(Grade::fault, "quorum", "corosync does not answer on this node", "pando status --here");
    const initrd::Quorum& quorum = *live.now.quorum;
    const size_t nodes = live.now.cluster.nodes.size();
    if (!quorum.quorate)
        findings.add(Grade::fault, "quorum",
                     fmt::format("{} of {} votes, {} needed", quorum.votes, quorum.expected, quorum.needed),
                     "the root is frozen until more nodes are there: pando node list");
    if (quorum.expected != nodes)
        findings.add(Grade::fault, "quorum",
                     fmt::format("corosync expects {} votes, the description has {} nodes", quorum.expected, nodes),
                     "corosync goes by an older description: pando status");
    if (!live.cmap)
        findings.add(Grade::fault, "quorum", live.cmap.error().what, "pando status --here");
    else if (!live.corosync)
        findings.add(Grade::fault, "quorum", live.corosync.error().what, "pando chroot status");
    else if (!initrd::goes_by(live.now.cluster, *live.cmap, *live.corosync))
        findings.add(Grade::fault, "quorum",
                     "corosync goes by another node list than the description, or has not read its file",
                     "on this node: systemctl start pando-refresh, then look again");
    // With one vote to spare the next death leaves a quorum.
    if (quorum.quorate && quorum.votes > 2 && quorum.votes - 1 < quorum.needed)
        findings.add(Grade::warning, "quorum",
                     fmt::format("{} of {} votes, {} needed: the next death freezes the rest", quorum.votes,
                                 quorum.expected, quorum.needed),
                     "switch on the nodes that are off, or remove them: pando node list");
    findings.close("quorum", fmt::format("{} of {} votes, {} needed; corosync goes by the description", quorum.votes,
                                         quorum.expected, quorum.needed));
}

void look_at_description(const CheckUp::Live& live, Findings& findings) {
    if (!live.newest) findings.add(Grade::fault, "description", live.newest.error().what, live.newest.error().advice);
    for (const std::string& slot : live.slots)
        findings.add(Grade::warning, "description", slot,
                     live.newest
                         ? "the other copy is the newest, and counts; the next pando bundle write makes this one anew"
                         : "the other copy is older than what the nodes go by: pando bundle write --rescue, see above");
    for (const config::Node& node : live.now.cluster.nodes) {
        const uint64_t newest = live.now.bundle.generation;
        if (const uint64_t behind = roster_line(live.now, node).behind; behind > 0)
            findings.add(Grade::warning, "description",
                         fmt::format("{} goes by generation {}, the newest is {}", node.name, newest - behind, newest),
                         fmt::format("on {}: journalctl -u pando-refresh", node.name));
    }
    const auto& files = live.now.bundle.files;
    const auto key = files.find("authkey");
    if (!live.authkey)
        findings.add(Grade::fault, "description", live.authkey.error().what, "pando status --here");
    else if (key != files.end() && key->second != *live.authkey)
        findings.add(
            Grade::warning, "description", "corosync here has another key than the description",
            "nodes that boot from now on do not reach those that run: boot all nodes anew, or write the old key "
            "back");
    findings.close("description", fmt::format("generation {}, both copies on the LUN are good, all nodes go by it",
                                              live.now.bundle.generation));
}

void look_at_root(const CheckUp::Live& live, Findings& findings) {
    const std::string wanted = live.now.cluster.name + ":" + live.now.cluster.root.name;
    if (!live.lock_table)
        findings.add(Grade::fault, "root", live.lock_table.error().what);
    else if (*live.lock_table != wanted)
        findings.add(Grade::fault, "root", fmt::format("its lock table is {}, not {}", *live.lock_table, wanted),
                     "no node can mount it from now on: tunegfs2 -o locktable, with all nodes down");
    const size_t nodes = live.now.cluster.nodes.size();
    if (!live.journals)
        findings.add(Grade::fault, "root", live.journals.error().what, live.journals.error().advice);
    else if (*live.journals < nodes)
        findings.add(Grade::fault, "root",
                     fmt::format("{} journals for {} nodes: the last to come cannot mount", *live.journals, nodes),
                     fmt::format("gfs2_jadd -j {} /", nodes - *live.journals));
    findings.close("root", fmt::format("lock table {}, a journal for every node", wanted));
}

void look_at_link(const CheckUp::Live& live, Findings& findings) {
    for (const std::string& line : live.link)
        findings.add(Grade::fault, "link", line,
                     "locks of the root hang on it: give the switches that MTU, or the nodes' NICs a smaller one");
    for (const std::string& line : live.bonds)
        findings.add(Grade::warning, "link", line,
                     "the other ports carry on; the next that fails takes the node along: networkctl status");
    std::vector<config::Claim> beating;
    for (const config::Node& node : live.now.cluster.nodes)
        if (node.name != live.here && live.now.beats(node)) beating.push_back(*live.now.claim_of(node));
    for (const std::string& line : initrd::check_clocks(beating, live.time))
        findings.add(Grade::warning, "link", line,
                     "is NTP configured on both? dates of files and certificates go by it");
    findings.close("link", "packets of full size reach every member, and the clocks agree");
}

// "", when all nodes have it so; " on n2, n3" else. Nothing: none has.
std::optional<std::string> whose(const config::Cluster& cluster,
                                 const std::function<bool(const config::Watchdog&)>& so) {
    std::vector<std::string> names;
    for (const config::Node& node : cluster.nodes)
        if (so(cluster.watchdog_of(node))) names.push_back(node.name);
    if (names.empty()) return std::nullopt;
    if (names.size() == cluster.nodes.size()) return "";
    return fmt::format(" on {}", fmt::join(names, ", "));
}

// Whether this node has one that is fed, and long enough, is among its faults.
void look_at_watchdog(const CheckUp& facts, Findings& findings) {
    const auto with_mode = [&](std::string_view mode) {
        return whose(facts.cluster, [&](const config::Watchdog& watchdog) { return watchdog.mode == mode; });
    };
    if (const auto on = with_mode("off"))
        findings.add(Grade::warning, "watchdog",
                     fmt::format("watchdog.mode is off{}: a kernel that hangs is reset by fencing alone", *on),
                     "watchdog.mode: if-present, or required where every machine has a card");
    if (const auto on = with_mode("softdog"))
        findings.add(Grade::warning, "watchdog",
                     fmt::format("watchdog.mode is softdog{}, which dies with the kernel it should reset", *on),
                     "watchdog.mode: required, where every machine has a card: pando hw probe");
    std::set<std::string> kinds;
    for (const config::Node& node : facts.cluster.nodes) {
        const config::Watchdog watchdog = facts.cluster.watchdog_of(node);
        kinds.emplace(fmt::format("mode {}, {} s", watchdog.mode, watchdog.timeout.count() / 1000));
    }
    std::string said;
    for (const std::string& kind : kinds) said += (said.empty() ? "" : " or ") + kind;
    findings.close("watchdog", fmt::format("{}, longer than corosync's token; {} s for lost storage", said,
                                           facts.cluster.storage_patience().count() / 1000));
}

}  // namespace

std::vector<Finding> examine(const CheckUp& facts) {
    Findings findings;
    look_at_fencing(facts, findings);
    look_at_watchdog(facts, findings);
    if (facts.live) {
        look_at_quorum(*facts.live, findings);
        look_at_description(*facts.live, findings);
        look_at_root(*facts.live, findings);
        look_at_link(*facts.live, findings);
        for (const std::string& fault : facts.live->faults)
            findings.add(Grade::fault, "node", fmt::format("{}: {}", facts.live->here, fault), "pando status --here");
        findings.close("node",
                       fmt::format("{}: nothing that keeps it in the cluster stands on the root", facts.live->here));
    }
    return findings.take();
}

std::string_view name_of(Grade grade) {
    switch (grade) {
        case Grade::good:
            return "ok";
        case Grade::warning:
            return "warning";
        case Grade::fault:
            break;
    }
    return "FAULT";
}

std::string to_text(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) {
        text += fmt::format("{:<8} {:<12} {}\n", name_of(finding.grade), finding.subject, finding.says);
        if (!finding.advice.empty()) text += fmt::format("{:<21} -> {}\n", "", finding.advice);
    }
    return text;
}

nlohmann::ordered_json to_json(const std::vector<Finding>& findings) {
    auto list = nlohmann::ordered_json::array();
    for (const Finding& finding : findings)
        list.push_back({{"grade", name_of(finding.grade)},
                        {"subject", finding.subject},
                        {"says", finding.says},
                        {"advice", finding.advice}});
    return list;
}

}  // namespace pando::nodes
