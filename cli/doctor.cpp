// SPDX-License-Identifier: GPL-2.0-or-later
// pando doctor: would the cluster survive the next death?
#include "nodes/doctor.h"
#include "cli/cdsl_look.h"
#include "cli/command.h"
#include "cli/node_chroot.h"
#include "config/load.h"
#include "config/sbd.h"
#include "nodes/bundle_partition.h"
#include "nodes/doctor_root.h"

#include <algorithm>
#include <memory>

namespace pando::cli {
namespace {

constexpr Milliseconds patience{40000};  // a BMC may need half of it

struct DoctorOptions {
    std::string cluster;
    bool json = false;
};

// With the agents of this machine, which need not be a node.
Result<nodes::CheckUp> look_at_description(const std::string& file) {
    nodes::CheckUp facts;
    facts.cluster = TRY(config::load_file(file));
    const fencing::Runner here = [](const std::vector<std::string>& argv, const std::string& input, Deadline deadline) {
        return run({.argv = argv, .input = input, .deadline = deadline});
    };
    // The LUN is not here.
    facts.fence = fencing::ask_fence_devices(config::without_sbd(facts.cluster), here, Deadline::after(patience));
    return facts;
}

Result<nodes::CheckUp> look_at_live_cluster() {
    const auto store = TRY(nodes::open_bundle_partition());
    return nodes::look_at_this_cluster(TRY(nodes::means_of_this_node(*store)), Deadline::after(patience));
}

// What this node's chroot lacks of what the root holds by now.
nodes::Finding look_at_chroot() {
    using nodes::Grade;
    const auto node = NodeChroot::open({});
    const auto compared = node ? node->compare() : Result<NodeChroot::Comparison>(Failure(node.error()));
    if (!compared) return {Grade::warning, "chroot", compared.error().what, compared.error().advice};
    const auto old = chroot::old_code(node->path());
    if (!compared->drift.none())
        return {
            Grade::warning, "chroot",
            fmt::format("{} files are other on the root than in the chroot: a fencing runs the old ones",
                        compared->drift.added.size() + compared->drift.changed.size() + compared->drift.removed.size()),
            "a timer does this each ten minutes, or now: pando chroot update"};
    if (old && !old->empty())
        return {Grade::warning, "chroot", fmt::format("{} runs old code", old->front().process),
                "reboot this node in order when it suits"};
    return {Grade::good, "chroot", "it holds what the root holds, and its daemons run that", {}};
}

Result<cdsl::Checked> check_cdsl() {
    const auto survey = TRY(LookOptions().survey());
    return cdsl::check(survey, TRY(survey.nodes_of("")), {});
}

Result<int> examine(const DoctorOptions& options) {
    const auto facts = TRY(options.cluster.empty() ? look_at_live_cluster() : look_at_description(options.cluster));
    auto findings = nodes::examine(facts);
    if (facts.live) {
        for (auto& finding : nodes::examine(TRY(nodes::look_at_root(facts, check_cdsl(), "/"))))
            findings.push_back(std::move(finding));
        findings.push_back(look_at_chroot());
    }
    fmt::print("{}", options.json ? nodes::to_json(findings).dump(2) + "\n" : nodes::to_text(findings));
    const bool fault = std::any_of(findings.begin(), findings.end(),
                                   [](const auto& finding) { return finding.grade == nodes::Grade::fault; });
    return fault ? 1 : 0;
}

}  // namespace

Action declare_doctor(CLI::App& app) {
    auto options = std::make_shared<DoctorOptions>();
    app.add_option("--cluster", options->cluster,
                   "look at this description, not at the cluster that runs: do its fence devices answer from here?")
        ->check(CLI::ExistingFile);
    app.add_flag("--json", options->json, "for programs");
    return [options] { return examine(*options); };
}

}  // namespace pando::cli
