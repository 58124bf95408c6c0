// SPDX-License-Identifier: GPL-2.0-or-later
// pando image fetch: on the boot server, the boot files that the nodes have made (pando-image-fetch.timer).
#include "initrd/image_fetch.h"

#include "cli/command.h"
#include "config/load.h"
#include "initrd/image_refresh.h"

#include <fmt/format.h>
#include <algorithm>
#include <memory>

namespace pando::cli {
namespace {

struct Options {
    std::filesystem::path cluster = "/etc/pando/cluster.yaml";
    std::vector<std::string> nodes;
    initrd::FetchOptions fetch{.sources = {}, .there = initrd::image_home, .output = initrd::image_home};
};

Result<int> fetch(Options options) {
    const auto cluster = TRY(config::load_file(options.cluster));
    for (const auto& node : cluster.nodes)
        if (options.nodes.empty() ||
            std::find(options.nodes.begin(), options.nodes.end(), node.name) != options.nodes.end())
            options.fetch.sources.push_back({node.name, node.cluster_address()});
    for (const auto& name : options.nodes)
        if (std::none_of(cluster.nodes.begin(), cluster.nodes.end(),
                         [&](const auto& node) { return node.name == name; }))
            return bad_input("no node {} in {}", name, options.cluster.string()).advise("pando node list names them");
    const auto fetched = TRY(initrd::fetch_image(options.fetch));
    if (fetched.fresh)
        fmt::print("{}: {} of {} is what blades boot from now on\n", options.fetch.output.string(), fetched.set,
                   fetched.node);
    else
        fmt::print("{}: {} is what {} has\n", options.fetch.output.string(), fetched.set, fetched.node);
    return 0;
}

}  // namespace

Action declare_image_fetch(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("NODE", options->nodes, "ask these, in the description's order; else all, until one answers");
    app.add_option("--cluster", options->cluster, "cluster.yaml")->capture_default_str();
    app.add_option("--from", options->fetch.there, "the directory on the nodes")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_option("--output", options->fetch.output, "the directory here")->type_name("DIR")->capture_default_str();
    app.add_option("--ssh-option", options->fetch.ssh_options, "for ssh and scp, as after -o: IdentityFile=FILE")
        ->type_name("OPTION");
    return [options] { return fetch(*options); };
}

}  // namespace pando::cli
