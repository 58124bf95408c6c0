// SPDX-License-Identifier: GPL-2.0-or-later
// Who reports what to whom in this cluster: what a reporter and a collector must know, and no more. A node's is kept
// in /run/pando, so that the reporter in the chroot reads no description; a boot server's is made from cluster.yaml.
//
//   const Plan plan = TRY(make_plan(cluster, authkey, generation));
#pragma once

#include "config/cluster.h"
#include "report/packet.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::report {

// UDP, on the boot server and on every node. Not corosync's 5405, and named in no registry.
constexpr uint16_t report_port = 5490;

constexpr const char* plan_file = "/run/pando/report-plan.json";  // 0600: the key is in it

struct Member {
    std::string name;
    uint32_t id = 0;
    std::string address;  // on the cluster's network
    std::string serial;   // of its machine; empty: the description does not say it
};

struct Plan {
    std::string cluster;
    Key key;
    uint16_t port = report_port;
    uint64_t generation = 0;  // of the description; 0: it is no node's
    std::string server;       // address of the boot server
    std::vector<Member> nodes;
    std::vector<std::string> reboot_keys;  // of the description, that this node's next boot takes over

    const Member* find(std::string_view node) const;
    // Where node `self` sends its reports: the boot server, and all other nodes.
    std::vector<std::string> receivers(std::string_view self) const;
};

Result<Plan> make_plan(const config::Cluster& cluster, std::string_view authkey, uint64_t generation);

Result<> save(const Plan& plan, const std::filesystem::path& file = plan_file);
Result<Plan> load_plan(const std::filesystem::path& file = plan_file);

}  // namespace pando::report
