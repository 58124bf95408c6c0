// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/refresh.h"

#include "base/file.h"
#include "base/log.h"
#include "config/bundle.h"
#include "config/render.h"
#include "config/ssh_keys.h"
#include "initrd/bundle_disk.h"
#include "initrd/corosync_reload.h"
#include "initrd/late.h"
#include "initrd/take_over.h"

#include <fmt/ranges.h>
#include <poll.h>
#include <chrono>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

// The node's own file, behind the link that stands in its place on the shared root.
Result<> write_hosts(const config::Cluster& cluster) {
    std::error_code ec;
    const fs::path file = fs::canonical("/etc/hosts", ec);
    if (ec) return fail_errno(ec.value(), "finding this node's own /etc/hosts");
    const std::string hosts = config::hosts(cluster);
    if (read_file(file).value_or("") == hosts) return {};
    TRY(write_file_atomic(file, hosts));
    log::info("{} names the nodes of the newer description", file.string());
    return {};
}

// Who changed the description tells corosync, once all nodes go by it. A node that was late then, or a change whose
// author died, is completed here: by the last node that was late, as the others leave it to that one.
Result<> follow_with_corosync(Store& store, const config::Cluster& cluster, uint64_t generation) {
    const Deadline patience = Deadline::after(std::chrono::seconds(20));
    // A look has its own time: the last one begins when the patience is almost over.
    while (!TRY(corosync_goes_by(cluster, Deadline::after(std::chrono::seconds(10))))) {
        if (patience.passed()) {
            const auto late = TRY(look_who_is_late(store, cluster, generation));
            if (late.up.empty()) {
                log::info("corosync does not go by the newest description yet: telling it");
                return reload_corosync(cluster, Deadline::after(std::chrono::seconds(20)));
            }
            log::warning("corosync goes by the description before, until {} {} by generation {}",
                         fmt::join(late.up, ", "), late.up.size() == 1 ? "goes" : "go", generation);
            return {};
        }
        (void)poll(nullptr, 0, patience.capped(std::chrono::seconds(1)).poll_timeout());  // the cmap tells nobody
    }
    return {};
}

Result<> refresh() {
    auto bundle = TRY(config::read_live_bundle());
    auto cluster = TRY(bundle.description());
    const auto store = TRY(open_store(TRY(find_bundle_partition(cluster.storage))));
    if (auto newer = TRY(take_over_newer(*store, bundle, TRY(read_line("/run/pando/node"))))) {
        bundle = std::move(*newer);
        cluster = TRY(bundle.description());
    }
    TRY(write_authorized_keys(cluster, bundle.files.at("authkey")));
    TRY(write_hosts(cluster));
    return follow_with_corosync(*store, cluster, bundle.generation);
}

}  // namespace

Result<> write_authorized_keys(const config::Cluster& cluster, std::string_view authkey, const fs::path& file) {
    std::string keys;
    for (const std::string& key : cluster.access.authorized_keys) keys += key + "\n";
    std::vector<std::string> addresses;
    for (const config::Node& node : cluster.nodes) addresses.push_back(node.cluster_address());
    keys += fmt::format("from=\"{}\",restrict {} pando\n", fmt::join(addresses, ","),
                        TRY(config::node_ssh_key(authkey)).public_line);
    return write_file_atomic(file, keys, 0644);
}

int refresh_main() {
    const auto done = refresh();
    if (done) return 0;
    log::write(done.error());
    return 1;
}

}  // namespace pando::initrd
