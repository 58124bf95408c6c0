// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/chroot_source.h"

#include "base/log.h"
#include "config/load.h"

namespace pando::cli {

void add_options(CLI::App& app, ChrootSource& source) {
    app.add_option("--root", source.root, "tree it is taken from")->capture_default_str();
    app.add_option("--cluster", source.cluster, "cluster.yaml: its fence agents and further programs")->required();
}

Result<Resolved> resolve(const ChrootSource& source) {
    const auto cluster = TRY(config::load_file(source.cluster));
    const auto files = TRY(config::read_agent_files(source.cluster, cluster));
    auto root = TRY(Sysroot::open(source.root));
    auto manifest = TRY(chroot::resolve(root, chroot::request_for(cluster, files)));
    for (const std::string& warning : manifest.warnings) log::warning("{}", warning);
    return Resolved{std::move(root), std::move(manifest)};
}

std::string sizes_of(const chroot::Manifest& manifest) {
    return fmt::format("{} entries, {:.1f} MB, {:.1f} MB resident on a tmpfs", manifest.entries.size(),
                       static_cast<double>(manifest.bytes()) / 1e6,
                       static_cast<double>(manifest.resident_bytes()) / 1e6);
}

}  // namespace pando::cli
