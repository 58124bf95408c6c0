// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/plan.h"

#include "base/file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::report {
namespace {

using nlohmann::json;

Plan plan_of(const json& from) {
    Plan plan;
    plan.cluster = from.at("cluster");
    from.at("secret").get_to(plan.key.secret);
    from.at("mark").get_to(plan.key.mark);
    plan.port = from.at("port");
    plan.generation = from.at("generation");
    plan.server = from.at("server");
    plan.reboot_keys = from.at("reboot_keys");
    for (const json& node : from.at("nodes"))
        plan.nodes.push_back({node.at("name"), node.at("id"), node.at("address"), node.at("serial")});
    return plan;
}

}  // namespace

const Member* Plan::find(std::string_view node) const {
    const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const Member& one) { return one.name == node; });
    return found == nodes.end() ? nullptr : &*found;
}

std::vector<std::string> Plan::receivers(std::string_view self) const {
    std::vector<std::string> addresses = {server};
    for (const Member& node : nodes)
        if (node.name != self && node.address != server) addresses.push_back(node.address);
    return addresses;
}

Result<Plan> make_plan(const config::Cluster& cluster, std::string_view authkey, uint64_t generation) {
    Plan plan;
    plan.cluster = cluster.name;
    plan.key = TRY(report_key(authkey, cluster.name));
    plan.generation = generation;
    plan.server = cluster.boot.server;
    for (const config::Node& node : cluster.nodes)
        plan.nodes.push_back({node.name, node.id, node.cluster_address(), node.machine.serial.value_or("")});
    return plan;
}

Result<> save(const Plan& plan, const std::filesystem::path& file) {
    json nodes = json::array();
    for (const Member& node : plan.nodes)
        nodes.push_back({{"name", node.name}, {"id", node.id}, {"address", node.address}, {"serial", node.serial}});
    const json out = {{"cluster", plan.cluster},         {"secret", plan.key.secret},
                      {"mark", plan.key.mark},           {"port", plan.port},
                      {"generation", plan.generation},   {"server", plan.server},
                      {"reboot_keys", plan.reboot_keys}, {"nodes", nodes}};
    return write_file_atomic(file, out.dump() + "\n", 0600);
}

Result<Plan> load_plan(const std::filesystem::path& file) {
    const std::string text = TRY(read_file(file));
    try {
        return plan_of(json::parse(text));
    } catch (const json::exception& error) {
        return fail("{} is no plan of reports: {}", file.string(), error.what());
    }
}

}  // namespace pando::report
