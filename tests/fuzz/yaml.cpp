// SPDX-License-Identifier: GPL-2.0-or-later
// cluster.yaml with anything in it. Whatever is accepted must mean the same when it is shown and loaded again, and
// nothing in it may break a line of a rendered file.
#include "base/file.h"
#include "config/load.h"
#include "config/networkd.h"
#include "config/render.h"
#include "config/show.h"
#include "tests/fuzz/driver.h"

#include <fmt/format.h>
#include <algorithm>
#include <stdexcept>

namespace pando::fuzz {

std::vector<std::string> seeds() {
    std::vector<std::string> texts;
    for (const char* file : {"docs/examples/cluster.yaml", "tests/data/cluster/everything.yaml"})
        if (auto text = read_file(std::string(TEST_SOURCE "/") + file)) texts.push_back(std::move(*text));
    if (texts.size() != 2) throw std::runtime_error("the seeds are missing");
    return texts;
}

std::vector<std::string> words() {
    return {"cluster",  "name",         "nodes",     "profiles",  "profile", "nics",        "fence",        "options",
            "boot",     "{name}",       "{id}",      "{id+1}",    "{id+",    "auto",        "true",         "0",
            "-1",       "4294967296",   "99999999s", "1.2.3.4",   "::/0",    "/24",         "\"",           "'",
            "\\n",      "\"a\\n}\"",    "{",         "}",         "[",       "]",           "- ",           "? ",
            ": ",       "&a ",          "*a",        "!!str ",    "|\n",     ">\n",         "---\n",        "...\n",
            "#",        "\t",           "\r\n",      "~",         "<<: ",    "%YAML 1.2\n", "\xef\xbb\xbf", "\xff",
            "\xc3\x28", "\xe2\x80\xa8", "${x}",      "/bin/true", "../..",   "id: 1"};
}

namespace {

size_t lines(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }

// How many lines the rendered files have is decided by how much there is, never by what it says.
std::string check_rendered(const config::Cluster& cluster) {
    size_t with_devices = 0;
    for (const auto& node : cluster.nodes) with_devices += node.fence.empty() ? 0 : 1;
    const std::string corosync = config::corosync_conf(cluster);
    const size_t optional = (cluster.corosync.consensus.count() != 0 ? 1 : 0) + (cluster.corosync.mtu != 0 ? 1 : 0);
    if (lines(corosync) != 36 + optional + 5 * cluster.nodes.size())
        return fmt::format("corosync.conf has {} lines:\n{}", lines(corosync), corosync);
    if (const std::string dlm = config::dlm_conf(cluster); lines(dlm) != 6 + 3 * with_devices)
        return fmt::format("dlm.conf has {} lines:\n{}", lines(dlm), dlm);
    const std::string ipxe = config::ipxe_script(cluster, "");
    if (!ipxe.starts_with("#!ipxe\n")) return "boot.ipxe is no script";
    for (const auto& node : cluster.nodes) {
        size_t more = 0;  // lines beside those every resolv.conf has
        for (const auto& nic : node.nics) more += nic.dns.size();
        const bool search =
            std::any_of(node.nics.begin(), node.nics.end(), [](const config::Nic& nic) { return !nic.search.empty(); });
        if (lines(config::resolv_conf(node)) != 1 + more + (search ? 1 : 0))
            return fmt::format("resolv.conf of {}:\n{}", node.name, config::resolv_conf(node));
        config::networkd_files(cluster, node);
    }
    config::hosts(cluster);
    config::dnsmasq_conf(cluster, {"/srv", "/var"});
    return {};
}

}  // namespace

std::string look_at(std::string_view input) {
    const auto cluster = config::load_text(input, "cluster.yaml");
    if (!cluster) {
        const Error& error = cluster.error();
        if (error.kind != ErrorKind::bad_input) return "a refusal that is not the user's mistake";
        if (error.what.empty() || error.advice.empty()) return "a refusal without a word";
        if (error.what.size() > 100'000) return fmt::format("a message of {} bytes", error.what.size());
        if (error.what.find('\x1b') != std::string::npos) return "terminal control in a message";
        return {};
    }
    const std::string shown = config::show_yaml(*cluster);
    const auto again = config::load_text(shown, "shown");
    if (!again) return fmt::format("what was shown is refused: {}\n{}", again.error().what, shown);
    if (config::show_json(*again) != config::show_json(*cluster)) return "what was shown means something else";
    return check_rendered(*cluster);
}

}  // namespace pando::fuzz
