// SPDX-License-Identifier: GPL-2.0-or-later
// pando config render: a file of another program, as it follows from cluster.yaml.
#include "cli/command.h"
#include "config/load.h"
#include "config/render.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {

namespace {

struct RenderOptions {
    std::string what;
    std::string file = "cluster.yaml";
    config::NetbootPaths paths{"/srv/pando", "/var/lib/misc"};
};

}  // namespace

Action declare_config_render(CLI::App& app) {
    auto options = std::make_shared<RenderOptions>();
    app.add_option("WHAT", options->what, "corosync, dlm, hosts, dnsmasq or ipxe")
        ->required()
        ->check(CLI::IsMember({"corosync", "dlm", "hosts", "dnsmasq", "ipxe"}));
    app.add_option("FILE", options->file, "cluster.yaml")->capture_default_str();
    app.add_option("--tftp-root", options->paths.tftp_root, "dnsmasq: directory of the boot files")
        ->capture_default_str();
    app.add_option("--state", options->paths.state, "dnsmasq: directory of leases and pid file")->capture_default_str();
    return [options]() -> Result<int> {
        const auto cluster = TRY(config::load_file(options->file));
        for (const auto& path : {options->paths.tftp_root, options->paths.state})
            if (!path.is_absolute() || path.string().find_first_of("\n\"\\") != std::string::npos)
                return bad_input("\"{}\" is no directory for dnsmasq", path.string()).advise("an absolute path");
        std::string text;
        if (options->what == "corosync") text = config::corosync_conf(cluster);
        if (options->what == "dlm") text = config::dlm_conf(cluster);
        if (options->what == "hosts") text = config::hosts(cluster);
        if (options->what == "dnsmasq") text = config::dnsmasq_conf(cluster, options->paths);
        if (options->what == "ipxe") text = config::ipxe_script(cluster, "");
        fmt::print("{}", text);
        return 0;
    };
}

}  // namespace pando::cli
