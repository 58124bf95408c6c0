// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/corosync_reload.h"

#include "base/file.h"
#include "base/procfs.h"
#include "chroot-builder/residence.h"
#include "chroot-builder/survival_namespace.h"
#include "config/render.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace pando::initrd {
namespace {

// "nodelist.node.0.nodeid (u32) = 1": by key.
std::map<std::string, std::string> keys_of(std::string_view cmap) {
    std::map<std::string, std::string> keys;
    while (!cmap.empty()) {
        const std::string_view line = cmap.substr(0, cmap.find('\n'));
        cmap.remove_prefix(std::min(cmap.size(), line.size() + 1));
        const size_t type = line.find(" ("), value = line.find(") = ");
        if (type == std::string_view::npos || value == std::string_view::npos || value < type) continue;
        keys[std::string(line.substr(0, type))] = std::string(line.substr(value + 4));
    }
    return keys;
}

using Member = std::array<std::string, 3>;  // id, name, address

std::set<Member> running_members(const std::map<std::string, std::string>& keys) {
    constexpr std::string_view prefix = "nodelist.node.";
    std::map<std::string, Member> by_place;
    for (const auto& [key, value] : keys) {
        if (!key.starts_with(prefix)) continue;
        const size_t dot = key.find('.', prefix.size());
        if (dot == std::string::npos) continue;
        Member& member = by_place[key.substr(prefix.size(), dot - prefix.size())];
        const std::string_view what = std::string_view(key).substr(dot + 1);
        if (what == "nodeid") member[0] = value;
        if (what == "name") member[1] = value;
        if (what == "ring0_addr") member[2] = value;
    }
    std::set<Member> members;
    for (auto& [place, member] : by_place) members.insert(std::move(member));
    return members;
}

// "pando { fingerprint: 0123 }". Empty: a file of an older Pando, which has none.
std::string fingerprint_in(std::string_view file) {
    constexpr std::string_view key = config::corosync_fingerprint;
    const size_t dot = key.find('.');
    const size_t section = file.rfind(fmt::format("\n{} {{", key.substr(0, dot)));
    if (section == std::string_view::npos) return {};
    const std::string line = fmt::format("\n    {}: ", key.substr(dot + 1));
    const size_t at = file.find(line, section);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = file.substr(at + line.size());
    return std::string(rest.substr(0, rest.find('\n')));
}

std::string value_of(const std::map<std::string, std::string>& keys, std::string_view key) {
    const auto found = keys.find(std::string(key));
    return found == keys.end() ? std::string() : found->second;
}

Result<std::string> run_beside_corosync(const std::vector<std::string>& argv, Deadline deadline) {
    const auto daemons = TRY(processes_named("@corosync"));
    if (daemons.empty())
        return fail("no @corosync runs on this machine").advise("is it a node that is up? pando status --here tells");
    const auto survival = TRY(chroot::SurvivalNamespace::of(daemons.front()));
    auto done = TRY(survival.run(argv, "", deadline));
    if (!done.ok()) return fail("{}: status {}, {}", shown(argv), done.status, done.last_words());
    return std::move(done.out);
}

}  // namespace

bool goes_by(const config::Cluster& cluster, std::string_view cmap, std::string_view file) {
    const auto keys = keys_of(cmap);
    std::set<Member> wanted;
    for (const config::Node& node : cluster.nodes)
        wanted.insert({std::to_string(node.id), node.name, node.cluster_address()});
    return running_members(keys) == wanted && value_of(keys, config::corosync_fingerprint) == fingerprint_in(file);
}

Result<std::string> read_cmap(Deadline deadline) {
    return run_beside_corosync({"/usr/sbin/corosync-cmapctl"}, deadline);
}

Result<std::string> read_corosync_conf() {
    return read_file(std::filesystem::path(chroot::chroot_path) / "etc/corosync/corosync.conf");
}

Result<bool> corosync_goes_by(const config::Cluster& cluster, Deadline deadline) {
    return goes_by(cluster, TRY(read_cmap(deadline)), TRY(read_corosync_conf()));
}

Result<> check_votes(const config::Cluster& next, const Quorum& now) {
    const size_t needed = config::votes_needed(next.nodes.size());
    const auto here = static_cast<size_t>(std::count_if(next.nodes.begin(), next.nodes.end(),
                                                        [&](const config::Node& node) { return now.has(node.id); }));
    if (here >= needed) return {};
    return fail("corosync goes by the node list before: with {} nodes {} votes are needed, and {} {} there",
                next.nodes.size(), needed, here, here == 1 ? "is" : "are")
        .advise("it follows by itself as soon as enough nodes are up; pando node list tells who is not");
}

Result<> reload_corosync(const config::Cluster& next, Deadline deadline) {
    TRY(check_votes(next, TRY(read_quorum())));
    const auto done = run_beside_corosync({"/usr/sbin/corosync-cfgtool", "-R"}, deadline);
    if (!done)
        return Failure(done.error().context("telling corosync of the new node list"))
            .advise(
                "the description is written and the nodes go by it; the next change tells corosync again, or now: "
                "pando chroot status, then corosync-cfgtool -R");
    return {};
}

}  // namespace pando::initrd
