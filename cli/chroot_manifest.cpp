// SPDX-License-Identifier: GPL-2.0-or-later
// pando chroot manifest: what would go into the fencing chroot, how large it is, and why each file is there.
#include "base/printable.h"
#include "cli/chroot_source.h"
#include "cli/command.h"

#include <fmt/format.h>
#include <algorithm>
#include <memory>

namespace pando::cli {
namespace {

struct ManifestOptions {
    ChrootSource source;
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
    for (const auto& [path, entry] : manifest.entries) width = std::max(width, printable(path.native()).size());
    fmt::print("{:>9}  {:{}}  {}\n", "BYTES", "PATH", width, "WHY");
    for (const auto& [path, entry] : manifest.entries)
        fmt::print("{:>9}  {:{}}  {}\n", what(entry), printable(path.native()), width, printable(entry.why()));
    fmt::print("{}\n", sizes_of(manifest));
}

}  // namespace

Action declare_chroot_manifest(CLI::App& app) {
    auto options = std::make_shared<ManifestOptions>();
    add_options(app, options->source);
    app.add_flag("--json", options->json, "as the image carries it");
    return [options]() -> Result<int> {
        const auto manifest = TRY(resolve(options->source)).manifest;
        if (options->json)
            fmt::print("{}", manifest.to_json());
        else
            print_table(manifest);
        return 0;
    };
}

}  // namespace pando::cli
