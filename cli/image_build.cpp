// SPDX-License-Identifier: GPL-2.0-or-later
// pando image build: the files a boot server hands out.
#include "cli/command.h"
#include "initrd/image.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {

Action declare_image_build(CLI::App& app) {
    auto options = std::make_shared<initrd::ImageOptions>();
    app.add_option("--root", options->root, "tree whose kernel and programs go in")->capture_default_str();
    app.add_option("--cluster", options->cluster_yaml, "cluster.yaml")->required();
    app.add_option("--output", options->output, "directory for vmlinuz, pando.img, boot.ipxe")->required();
    app.add_option("--kernel", options->kernel, "version; the newest in the tree by default");
    auto* any = app.add_flag("--any-machine", options->any_machine, "all storage and network drivers");
    app.add_option("--machine", options->machines,
                   "inventory (pando hw probe --json) of a machine whose drivers go in, beside those of the nodes")
        ->check(CLI::ExistingFile)
        ->excludes(any);
    return [options]() -> Result<int> {
        const auto image = TRY(initrd::build_image(*options));
        fmt::print("{}: kernel {}, image {:.1f} MB with {} drivers\n", options->output.string(), image.kernel,
                   static_cast<double>(image.image_bytes) / 1e6, image.drivers);
        return 0;
    };
}

}  // namespace pando::cli
