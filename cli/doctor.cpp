// SPDX-License-Identifier: GPL-2.0-or-later
// pando doctor: would the cluster survive the next death?
#include "nodes/doctor.h"
#include "cli/command.h"
#include "config/load.h"
#include "config/sbd.h"
#include "nodes/bundle_partition.h"

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

Result<int> examine(const DoctorOptions& options) {
    const auto facts = TRY(options.cluster.empty() ? look_at_live_cluster() : look_at_description(options.cluster));
    const auto findings = nodes::examine(facts);
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
