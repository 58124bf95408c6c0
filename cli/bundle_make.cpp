// SPDX-License-Identifier: GPL-2.0-or-later
// pando bundle make: what a booting blade needs to know, in one file.
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
    std::string archive;
};

// Beside the boot files of `image build`, bundle.cpio is a link into the current set: the file in the set is replaced,
// or blades would go on getting the old one.
Result<std::filesystem::path> behind_link(const std::filesystem::path& file) {
    std::error_code ec;
    if (!std::filesystem::is_symlink(file, ec)) return file;
    const auto target = std::filesystem::canonical(file, ec);
    if (ec)
        return bad_input("{} is a link that leads nowhere: {}", file.string(), ec.message())
            .advise("remove it, or build the boot files again: pando image build");
    return target;
}

}  // namespace

Action declare_bundle_make(CLI::App& app) {
    auto options = std::make_shared<MakeOptions>();
    app.add_option("FILE", options->file, "cluster.yaml; the key it names lies beside it")->capture_default_str();
    app.add_option("--generation", options->generation, "a newer description has a higher one")->capture_default_str();
    app.add_option("--output", options->bundle, "write the bundle here");
    app.add_option("--cpio", options->archive, "write it here as the archive that is loaded after the image");
    return [options]() -> Result<int> {
        if (options->bundle.empty() && options->archive.empty())
            return bad_input("nothing to write").advise("give --output FILE, --cpio FILE or both");
        const auto bundle = TRY(config::make_bundle(options->file, options->generation));
        const std::string blob = config::encode(bundle);
        // It holds the key and the passwords of the fence devices.
        if (!options->bundle.empty()) TRY(write_file_atomic(options->bundle, blob, 0600));
        if (!options->archive.empty())
            TRY(write_file_atomic(TRY(behind_link(options->archive)), config::bundle_archive(blob),
                                  config::bundle_archive_mode));
        fmt::print("bundle of {}, generation {}, {} bytes; it holds the cluster's key and passwords\n", bundle.cluster,
                   bundle.generation, blob.size());
        if (!options->archive.empty())
            fmt::print(
                "{} can be read by every user of this machine, as boot servers must: serve it on the boot network "
                "only\n",
                options->archive);
        return 0;
    };
}

}  // namespace pando::cli
