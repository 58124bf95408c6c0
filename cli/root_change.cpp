// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/root_change.h"

#include "base/interactive.h"
#include "base/log.h"
#include "cli/description.h"
#include "initrd/image.h"
#include "initrd/quorum.h"
#include "updates/followed.h"
#include "updates/root_change.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>
#include <algorithm>

namespace pando::cli {
namespace {

using updates::Record;

constexpr auto lock_patience = std::chrono::minutes(10);
// A node looks every half minute, and its services may take their time.
constexpr auto follow_patience = std::chrono::minutes(3);
constexpr Milliseconds look_interval{500};
constexpr size_t shown_files = 10;

void tell(const Record& record) {
    for (const auto& one : record.packages) fmt::print("{}\n", to_text(one));
    for (size_t i = 0; i < std::min(record.files.size(), shown_files); ++i) fmt::print("{} changed\n", record.files[i]);
    if (record.files.size() > shown_files)
        fmt::print("{} more files of /etc: pando root changes {}\n", record.files.size() - shown_files, record.number);
    if (record.packages.empty() && record.files.empty()) fmt::print("no package and no file of /etc was changed\n");
}

// Members of the cluster; the others follow by their next boot.
Result<std::vector<std::string>> members(const config::Cluster& cluster) {
    const auto quorum = TRY(initrd::read_quorum());
    std::vector<std::string> names;
    for (const config::Node& node : cluster.nodes)
        if (quorum.has(node.id)) names.push_back(node.name);
    return names;
}

std::vector<std::string> late(const std::vector<std::string>& nodes, unsigned change) {
    std::vector<std::string> names;
    for (const std::string& node : nodes) {
        const auto followed = updates::followed_by("/", node);
        if (!followed || followed->change < change) names.push_back(node);
    }
    return names;
}

// Other nodes write their files at any time, and nobody tells: they are looked at again.
std::vector<std::string> wait_for_nodes(const std::vector<std::string>& nodes, unsigned change) {
    const auto deadline = Deadline::after(follow_patience);
    auto behind = late(nodes, change);
    if (!behind.empty()) log::info("waiting for {} to follow", fmt::join(behind, ", "));
    while (!behind.empty() && !deadline.passed()) {
        (void)poll(nullptr, 0, deadline.capped(look_interval).poll_timeout());
        behind = late(nodes, change);
    }
    return behind;
}

Result<> require_whole_cluster() {
    if (!booted_node())
        return bad_input("this machine runs as no node of a cluster")
            .advise("packages of the shared root are changed on one of its nodes");
    const auto quorum = TRY(initrd::read_quorum());
    if (!quorum.quorate)
        return fail("this node has no quorum: {} votes of {} needed", quorum.votes, quorum.needed)
            .advise("a root that nobody may write to cannot be changed: pando status");
    return {};
}

std::string list_of(const std::vector<std::string>& words) {
    return words.empty() ? "-" : fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

Result<int> change_root(const std::vector<std::string>& argv, const std::string& shown,
                        const std::map<std::string, std::string>& environment) {
    TRY(require_whole_cluster());
    const auto description = TRY(read_description(""));
    int status = 0;
    unsigned number = 0;
    {
        auto change = TRY(updates::RootChange::begin("/", {*booted_node(), shown}, Deadline::after(lock_patience)));
        const auto ended = run_interactive(argv, environment, STDIN_FILENO);
        status = ended ? *ended : 127;
        const Record record = TRY(change.finish(status));
        if (!ended) return Failure(ended.error());
        tell(record);
        number = record.number;
        if (status != 0) {
            log::error("{} ended with status {}", shown, status);
            log::hint("what it has changed is in pando root changes {}; /etc as it was: {}/etc.tar.gz", number,
                      updates::directory_of("/", number).string());
        }
    }
    (void)TRY(updates::follow("/"));
    const auto behind = wait_for_nodes(TRY(members(description.cluster)), number);
    const bool whole = TRY(tell_nodes());
    if (!behind.empty()) {
        log::warning("{} did not follow in time", fmt::join(behind, ", "));
        log::hint("systemctl status pando-updates.service there; they go on trying");
    }
    if (status != 0) return status;
    return whole && behind.empty() ? 0 : 1;
}

Result<bool> tell_nodes() {
    const auto description = TRY(read_description(""));
    const auto records = TRY(updates::read_records("/"));
    const unsigned newest = records.empty() ? 0 : records.back().number;
    const auto kernels = TRY(initrd::kernels("/"));
    const std::string kernel = kernels.empty() ? "" : kernels.back();
    bool whole = true;
    for (const config::Node& node : description.cluster.nodes) {
        const auto followed = updates::followed_by("/", node.name);
        if (!followed) {
            fmt::print("{}: has not followed any change yet\n", node.name);
            whole = whole && newest == 0;
            continue;
        }
        fmt::print("{}: change {} of {}; restarted {}\n", node.name, followed->change, newest,
                   list_of(followed->restarted));
        for (const std::string& one : followed->stopped) fmt::print("  stopped {}: it is no longer installed\n", one);
        for (const std::string& one : followed->failed) fmt::print("  FAILED to restart {}\n", one);
        for (const std::string& one : followed->left) fmt::print("  old code until its next boot: {}\n", one);
        if (!kernel.empty() && followed->kernel != kernel)
            fmt::print("  runs the old kernel {}, the root has {}: build the image anew, then reboot it\n",
                       followed->kernel, kernel);
        whole = whole && followed->failed.empty() && followed->change == newest;
    }
    return whole;
}

}  // namespace pando::cli
