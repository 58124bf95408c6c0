// SPDX-License-Identifier: GPL-2.0-or-later
// pando config render: a file of another program, as it follows from cluster.yaml.
#include "base/file.h"
#include "base/log.h"
#include "cli/command.h"
#include "config/document.h"
#include "config/load.h"
#include "config/networkd.h"
#include "config/render.h"
#include "config/site_templates.h"
#include "config/template.h"

#include <fmt/format.h>
#include <filesystem>
#include <memory>

namespace pando::cli {

namespace {

struct RenderOptions {
    std::string what;
    std::string file = "cluster.yaml";
    std::string node;
    config::NetbootPaths paths{"/srv/pando", "/var/lib/misc"};
    bool show_template = false;
};

// The template of WHAT; networkd's files have none.
std::string template_of(const std::string& what, const config::Cluster& cluster) {
    if (what == "dnsmasq") return config::dnsmasq_template(cluster);
    if (what == "ipxe") return "boot.ipxe";
    return what == "corosync" || what == "dlm" ? what + ".conf" : what == "hosts" ? what : "";
}

// To begin one of the site's own with. An empty one is what the shell has just made for `>templates/hosts.in`; and one
// with a mistake is shown as it is.
Result<int> show_template(const RenderOptions& options) {
    const auto cluster = TRY(config::load_text(TRY(read_file(options.file)), options.file));
    const std::string name = template_of(options.what, cluster);
    if (name.empty()) return bad_input("{}'s files have no template", options.what).advise("cluster.yaml says it all");
    const auto site = TRY(config::read_site_templates(options.file));
    const auto own = site.find(name);
    const bool is_own = own != site.end() && !own->second.empty();
    fmt::print("{}", is_own ? std::string_view(own->second) : *config::embedded_template(name));
    return 0;
}

// Not on the output, which is the file.
void say_template(const config::Cluster& cluster, const RenderOptions& options) {
    const std::string name = template_of(options.what, cluster);
    if (name.empty()) return;
    if (cluster.templates.contains(name))
        log::info(
            "by the site's template {}",
            (std::filesystem::path(options.file).parent_path() / config::template_directory / (name + ".in")).string());
    else
        log::info("by the built-in template {}.in", name);
}

// What the node finds in /run, each file behind its name.
Result<std::string> networkd(const config::Cluster& cluster, const std::string& name) {
    if (name.empty())
        return bad_input("networkd's files are a node's own").advise("say which: --node " + cluster.nodes[0].name);
    const config::Node* node = cluster.find_node(name);
    if (node == nullptr) {
        std::vector<std::string> names;
        for (const auto& known : cluster.nodes) names.push_back(known.name);
        return bad_input("cluster {} has no node \"{}\"", cluster.name, name).advise(config::suggestion(name, names));
    }
    std::string text;
    for (const auto& [file, content] : config::networkd_files(cluster, *node))
        text += fmt::format("## {}/{}\n{}\n", config::networkd_directory, file, content);
    return text + fmt::format("## {}\n{}", config::resolv_conf_file, config::resolv_conf(*node));
}

}  // namespace

Action declare_config_render(CLI::App& app) {
    auto options = std::make_shared<RenderOptions>();
    app.add_option("WHAT", options->what, "corosync, dlm, hosts, dnsmasq, ipxe or networkd")
        ->required()
        ->check(CLI::IsMember({"corosync", "dlm", "hosts", "dnsmasq", "ipxe", "networkd"}));
    app.add_option("FILE", options->file, "cluster.yaml")->capture_default_str();
    app.add_option("--node", options->node, "networkd: the node whose files they are");
    app.add_flag("--template", options->show_template, "show the template, not what follows from it");
    app.add_option("--tftp-root", options->paths.tftp_root, "dnsmasq: directory of the boot files")
        ->capture_default_str();
    app.add_option("--state", options->paths.state, "dnsmasq: directory of leases")->capture_default_str();
    return [options]() -> Result<int> {
        if (options->show_template) return show_template(*options);
        const auto cluster = TRY(config::load_file(options->file));
        for (const auto& path : {options->paths.tftp_root, options->paths.state})
            if (!path.is_absolute() || path.string().find_first_of("\n\"\\") != std::string::npos)
                return bad_input("\"{}\" is no directory for dnsmasq", path.string()).advise("an absolute path");
        say_template(cluster, *options);
        std::string text;
        if (options->what == "corosync") text = config::corosync_conf(cluster);
        if (options->what == "dlm") text = config::dlm_conf(cluster);
        if (options->what == "hosts") text = config::hosts(cluster);
        if (options->what == "dnsmasq") text = config::dnsmasq_conf(cluster, options->paths);
        if (options->what == "ipxe") text = config::ipxe_script(cluster, "");
        if (options->what == "networkd") text = TRY(networkd(cluster, options->node));
        fmt::print("{}", text);
        return 0;
    };
}

}  // namespace pando::cli
