// SPDX-License-Identifier: GPL-2.0-or-later
// Stage cdsl: the node's own logs and host configuration appear on the shared root.
#include "base/file.h"
#include "base/log.h"
#include "cdsl/additions.h"
#include "cdsl/apply.h"
#include "cdsl/inventory.h"
#include "config/render.h"
#include "initrd/boot.h"
#include "initrd/iscsi.h"
#include "initrd/stage_functions.h"

#include <algorithm>

namespace pando::initrd {
namespace {

// 32 hex digits, as systemd wants them: made once for a node and kept in its tree.
Result<std::string> new_machine_id() {
    std::string uuid = TRY(read_line("/proc/sys/kernel/random/uuid"));
    std::erase(uuid, '-');
    return uuid + "\n";
}

// Without the rules for filesystems that are mounted later, below the root.
config::Cluster cluster_of_root(const config::Cluster& cluster) {
    const auto inventory = cdsl::read_inventory_of(sysroot_path);
    return cdsl::cluster_on(cluster, inventory && *inventory ? **inventory : cdsl::Inventory{});
}

// A broken file of additions keeps no node from booting: what they made is in the inventory.
std::vector<cdsl::Rule> additions() {
    auto rules = cdsl::read_additions_of(sysroot_path);
    if (rules) return std::move(*rules);
    log::warning("cdsl: {}", rules.error().what);
    return {};
}

}  // namespace

Result<std::string> run_cdsl(Boot& boot, Deadline) {
    // With an inventory a node boots whatever the policy is like.
    const auto policy = cdsl::policy_for(cluster_of_root(*boot.cluster), boot.node(), additions());
    if (!policy) log::warning("cdsl: {}", policy.error().what);
    cdsl::NodeFacts facts;
    facts.name = boot.node().name;
    facts.profile = boot.node().profile;
    facts.files["/etc/hostname"] = {boot.node().name + "\n"};
    facts.files["/etc/hosts"] = {config::hosts(*boot.cluster)};
    facts.files["/etc/machine-id"] = {.content = TRY(new_machine_id()), .keep_existing = true};
    if (const auto& iscsi = boot.cluster->storage.iscsi)
        facts.files["/etc/iscsi/initiatorname.iscsi"] = {"InitiatorName=" + initiator_name(*iscsi, boot.node()) + "\n"};
    const auto mapped = TRY(cdsl::map(sysroot_path, policy.value_or(std::vector<cdsl::Rule>{}), facts));
    for (const std::string& repair : mapped.repaired) log::info("cdsl: {}", repair);
    for (const std::string& failure : mapped.failures) log::warning("cdsl: {}", failure);
    if (!mapped.required_failures.empty()) {
        return fail("{} cannot be this node's own, and shared with the others they would be damaged:\n  {}",
                    mapped.required_failures.size() == 1 ? "a path" : "paths",
                    fmt::join(mapped.required_failures, "\n  "));
    }
    return fmt::format(
        "{} binds, {} links, {} tmpfs for {}{}", mapped.binds, mapped.links, mapped.tmpfs, boot.node().name,
        mapped.failures.empty() ? "" : fmt::format("; {} not mapped, see above", mapped.failures.size()));
}

}  // namespace pando::initrd
