// SPDX-License-Identifier: GPL-2.0-or-later
// pando bundle make: what a booting blade needs to know, in one file, for `pando bundle write`.
#include "base/file.h"
#include "cli/command.h"
#include "config/bundle.h"

#include <fmt/format.h>
#include <filesystem>
#include <memory>

namespace pando::cli {

namespace {

struct MakeOptions {
    std::string file = "cluster.yaml";
    uint64_t generation = 1;
    std::string bundle;
};

}  // namespace

Action declare_bundle_make(CLI::App& app) {
    auto options = std::make_shared<MakeOptions>();
    app.add_option("FILE", options->file, "cluster.yaml; the key it names lies beside it")->capture_default_str();
    app.add_option("--generation", options->generation, "a newer description has a higher one")->capture_default_str();
    app.add_option("--output", options->bundle, "write the bundle here")->required();
    return [options]() -> Result<int> {
        const auto bundle = TRY(config::make_bundle(options->file, options->generation));
        const std::string blob = config::encode(bundle);
        // It holds the key and the passwords of the fence devices.
        TRY(write_file_atomic(options->bundle, blob, 0600));
        fmt::print("bundle of {}, generation {}, {} bytes; it holds the cluster's key and passwords\n", bundle.cluster,
                   bundle.generation, blob.size());
        return 0;
    };
}

}  // namespace pando::cli
