// SPDX-License-Identifier: GPL-2.0-or-later
// pando why NODE: the story of its last outage, from what this node's corosync has seen and what all have kept on the
// root.
#include "base/file.h"
#include "base/log.h"
#include "chroot-builder/residence.h"
#include "cli/command.h"
#include "cli/description.h"
#include "cli/fence_inside.h"
#include "nodes/kept_traces.h"
#include "nodes/outage.h"

#include <chrono>
#include <ctime>
#include <memory>

namespace pando::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t log_limit = 16U << 20U;  // bytes
constexpr unsigned last_words = 5;

struct Options {
    std::string node;
    unsigned last = 1;
    bool json = false;
};

Result<std::vector<nodes::MembershipChange>> changes_seen_here() {
    const auto text = read_file(fs::path(chroot::chroot_path) / "var/log/corosync.log", log_limit);
    if (!text)
        return fail("what this machine's corosync has seen cannot be read: {}", text.error().what)
            .advise("give the command on a node that is up; pando status tells which are");
    const std::time_t now = std::time(nullptr);  // corosync writes on: its last line is of this year
    std::tm parts{};
    gmtime_r(&now, &parts);
    return nodes::read_membership_log(*text, parts.tm_year + 1900);
}

Result<nodes::Seen> gather(const config::Node& node) {
    nodes::Seen seen{.node = node.name, .id = node.id, .here = booted_node().value_or("")};
    seen.now = std::chrono::duration_cast<Milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    seen.changes = TRY(changes_seen_here());
    if (const auto kept = keep_fence_history(); !kept) log::write(kept.error());
    for (const std::string& line : TRY(nodes::fence_history_of_all("/")))
        if (auto record = fencing::record_of(line)) seen.fencings.push_back(std::move(*record));
    seen.left_logs = nodes::left_logs_of("/", node.name);
    return seen;
}

Result<int> tell(const Options& options) {
    const auto description = TRY(read_description(""));
    const config::Node* node = description.cluster.find_node(options.node);
    if (node == nullptr)
        return bad_input("cluster {} has no node {}", description.cluster.name, options.node)
            .advise("pando node list names them");
    auto outages = nodes::find_outages(TRY(gather(*node)));
    if (outages.size() > options.last) outages.erase(outages.begin(), outages.end() - options.last);
    for (nodes::Outage& outage : outages)
        nodes::add_sights(outage, nodes::last_words_of("/", node->name, outage.begin, last_words));
    if (options.json) {
        fmt::print("{}\n", to_json(outages));
        return 0;
    }
    if (outages.empty())
        fmt::print(
            "{}: no outage is known. This node's corosync.log begins with its own last boot; ask on a node that "
            "was up then\n",
            node->name);
    for (const nodes::Outage& outage : outages) fmt::print("{}", to_text(outage));
    return 0;
}

}  // namespace

Action declare_why(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("NODE", options->node, "whose outage")->required();
    app.add_option("--last", options->last, "so many of them, the last at the end")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_flag("--json", options->json, "for programs");
    return [options] { return tell(*options); };
}

}  // namespace pando::cli
