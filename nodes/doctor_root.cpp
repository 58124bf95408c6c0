// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/doctor_root.h"

#include "initrd/image.h"

#include <fmt/ranges.h>
#include <sys/statvfs.h>

namespace pando::nodes {
namespace {

// GFS2 needs room for what is written between the resource groups of several nodes.
constexpr uint64_t little = 10, very_little = 3;  // percent
constexpr size_t shown = 3;                       // paths; the command named with them has all

void look_at_room(const RootFacts& facts, std::vector<Finding>& findings) {
    const uint64_t percent = facts.bytes == 0 ? 100 : facts.free * 100 / facts.bytes;
    const std::string says = fmt::format("{:.1f} GB of {:.1f} are free ({} %)", static_cast<double>(facts.free) / 1e9,
                                         static_cast<double>(facts.bytes) / 1e9, percent);
    if (percent >= little) return findings.push_back({Grade::good, "room", says, {}});
    findings.push_back({percent < very_little ? Grade::fault : Grade::warning, "room", says,
                        "a full root stops every node's logs and packages: du --one-file-system / | sort -n"});
}

void look_at_cdsl(const RootFacts& facts, std::vector<Finding>& findings) {
    if (!facts.cdsl)
        return findings.push_back({Grade::warning, "cdsl", facts.cdsl.error().what, facts.cdsl.error().advice});
    const size_t drifts = facts.cdsl->drifts();
    if (drifts == 0)
        return findings.push_back(
            {Grade::good,
             "cdsl",
             fmt::format("{} paths in {} trees are as the policy says", facts.cdsl->rules, facts.cdsl->trees),
             {}});
    std::vector<std::string> paths;
    for (const cdsl::Finding& one : facts.cdsl->findings)
        if (one.counts && paths.size() < shown)
            paths.push_back(one.path.string() + (one.node.empty() ? "" : " of " + one.node));
    findings.push_back({Grade::warning, "cdsl",
                        fmt::format("{} differences from the policy: {}{}", drifts, fmt::join(paths, ", "),
                                    drifts > paths.size() ? ", …" : ""),
                        "pando cdsl check has each with its remedy; pando cdsl repair mends what is safe"});
}

void look_at_node(const RootFacts& facts, const RootFacts::Node& node, std::vector<Finding>& findings) {
    if (!node.member || !node.followed) return;  // it follows by its next boot
    const auto warn = [&](std::string says, std::string advice) {
        findings.push_back({Grade::warning, "updates", node.name + ": " + std::move(says), std::move(advice)});
    };
    using State = updates::Record::State;
    const bool running = !facts.changes.empty() && (facts.changes.back().state == State::running ||
                                                    facts.changes.back().state == State::interrupted);
    const unsigned newest = facts.changes.empty() ? 0 : facts.changes.back().number;
    if (!running && node.followed->change < newest)
        warn(fmt::format("has followed change {} of {}", node.followed->change, newest),
             "systemctl status pando-updates.service there");
    for (const std::string& one : node.followed->failed)
        warn("did not restart " + one, "systemctl status there: it runs old code, or not at all");
    if (!node.followed->left.empty())
        warn(fmt::format("old code until its next boot: {}", fmt::join(node.followed->left, ", ")),
             "reboot it in order when it suits");
    if (!facts.kernel.empty() && node.followed->kernel != facts.kernel)
        warn(fmt::format("runs kernel {}, the root has {}", node.followed->kernel, facts.kernel),
             "build the image anew and copy it to the boot server, then reboot one node after the other");
}

void look_at_updates(const RootFacts& facts, std::vector<Finding>& findings) {
    const size_t before = findings.size();
    if (!facts.changes.empty() && facts.changes.back().state == updates::Record::State::interrupted) {
        const updates::Record& last = facts.changes.back();
        findings.push_back({Grade::warning, "updates",
                            fmt::format("change {} ({} on {}) was cut off", last.number, last.command, last.node),
                            "pando root shell dpkg --configure -a"});
    }
    for (const RootFacts::Node& node : facts.nodes) look_at_node(facts, node, findings);
    if (findings.size() == before)
        findings.push_back({Grade::good, "updates", "every member runs what the root has", {}});
}

}  // namespace

Result<RootFacts> look_at_root(const CheckUp& cluster, Result<cdsl::Checked> checked,
                               const std::filesystem::path& root) {
    struct statvfs room {};
    if (statvfs(root.c_str(), &room) < 0) return fail_errno(errno, "looking at {}", root.string());
    RootFacts facts{.bytes = uint64_t{room.f_blocks} * room.f_frsize,
                    .free = uint64_t{room.f_bavail} * room.f_frsize,
                    .cdsl = std::move(checked),
                    .changes = TRY(updates::read_records(root)),
                    .kernel = {},
                    .nodes = {}};
    const auto kernels = TRY(initrd::kernels(root));
    if (!kernels.empty()) facts.kernel = kernels.back();
    for (const config::Node& node : cluster.cluster.nodes)
        facts.nodes.push_back(
            {node.name, cluster.live && cluster.live->now.is_member(node), updates::followed_by(root, node.name)});
    return facts;
}

std::vector<Finding> examine(const RootFacts& facts) {
    std::vector<Finding> findings;
    look_at_room(facts, findings);
    look_at_cdsl(facts, findings);
    look_at_updates(facts, findings);
    return findings;
}

}  // namespace pando::nodes
