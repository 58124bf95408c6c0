// SPDX-License-Identifier: GPL-2.0-or-later
// pando chroot manifest: what would go into the fencing chroot, how large it is, and why each file is there.
#include "chroot-builder/manifest.h"
#include "cli/command.h"
#include "config/load.h"

#include <fmt/format.h>
#include <algorithm>
#include <memory>

namespace pando::cli {
namespace {

struct ManifestOptions {
    std::string root = "/";
    std::string cluster;
    bool json = false;
};

std::string what(const chroot::Entry& entry) {
    switch (entry.kind) {
        case chroot::Entry::Kind::directory:
            return "dir";
        case chroot::Entry::Kind::symlink:
            return "link";
        case chroot::Entry::Kind::file:
            return std::to_string(entry.size);
    }
    return "";
}

void print_table(const chroot::Manifest& manifest) {
    size_t width = 4;
    for (const auto& [path, entry] : manifest.entries) width = std::max(width, path.native().size());
    fmt::print("{:>9}  {:{}}  {}\n", "BYTES", "PATH", width, "WHY");
    for (const auto& [path, entry] : manifest.entries)
        fmt::print("{:>9}  {:{}}  {}\n", what(entry), path.string(), width, entry.why());
    fmt::print("{} entries, {:.1f} MB, {:.1f} MB resident on a tmpfs\n", manifest.entries.size(),
               static_cast<double>(manifest.bytes()) / 1e6, static_cast<double>(manifest.resident_bytes()) / 1e6);
}

}  // namespace

Action declare_chroot_manifest(CLI::App& app) {
    auto options = std::make_shared<ManifestOptions>();
    app.add_option("--root", options->root, "tree to take it from")->capture_default_str();
    app.add_option("--cluster", options->cluster, "cluster.yaml: its fence agents and further programs")->required();
    app.add_flag("--json", options->json, "as the image carries it");
    return [options]() -> Result<int> {
        const auto cluster = TRY(config::load_file(options->cluster));
        const auto root = TRY(Sysroot::open(options->root));
        const auto manifest = TRY(chroot::resolve(root, chroot::request_for(cluster)));
        if (options->json)
            fmt::print("{}", manifest.to_json());
        else
            print_table(manifest);
        return 0;
    };
}

}  // namespace pando::cli
