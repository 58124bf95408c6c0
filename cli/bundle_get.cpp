// SPDX-License-Identifier: GPL-2.0-or-later
// pando bundle get: the newest bundle as the files it was made of, to be edited and written again.
#include "base/file.h"
#include "cli/bundle_base.h"
#include "cli/bundle_files.h"
#include "cli/bundle_lun.h"
#include "cli/command.h"
#include "config/render.h"
#include "config/site_templates.h"
#include "config/slots.h"

#include <fmt/format.h>
#include <unistd.h>
#include <cerrno>

namespace pando::cli {
namespace {

namespace fs = std::filesystem;

struct GetOptions {
    std::string lun;
    std::string output = ".";
};

// The key lies where cluster.yaml says; what leads out of the directory is not followed.
Result<fs::path> key_path(const fs::path& directory, const config::Cluster& cluster) {
    const fs::path named = fs::path(cluster.authkey_file).lexically_normal();
    if (named.is_absolute() || named.begin()->string() == "..")
        return bad_input("cluster.yaml has its authkey in {}, outside of its own directory", named.string())
            .advise("let authkey_file: name a file beside cluster.yaml");
    return directory / named;
}

}  // namespace

namespace {

// Those of the bundle, and no others: one left from before would come back with the next write. What has no template's
// name is somebody's own.
Result<> write_templates(const config::Cluster& cluster, const fs::path& directory) {
    bool removed = false;
    for (const std::string& name : config::template_names()) {
        const fs::path file = directory / (name + ".in");
        const auto ours = cluster.templates.find(name);
        if (ours != cluster.templates.end()) {
            TRY(make_directories(directory, 0700));
            TRY(write_file_atomic(file, ours->second, 0600));
        } else if (unlink(file.c_str()) == 0) {
            removed = true;
        } else if (errno != ENOENT && errno != ENOTDIR) {
            return fail_errno(errno, "removing {}, which the bundle does not have", file.string());
        }
    }
    return removed ? sync_directory(directory) : Result<>();
}

}  // namespace

Result<> write_bundle_files(const config::Bundle& bundle, const fs::path& directory) {
    const auto cluster = TRY(config::check_bundle(bundle));
    const fs::path key = TRY(key_path(directory, cluster));
    TRY(make_directories(directory, 0700));
    TRY(remove_base(directory));
    TRY(make_directories(key.parent_path(), 0700));
    for (const config::AgentFile& file : config::agent_files(cluster))
        TRY(write_file_atomic(directory / fs::path(file.path).filename(),
                              bundle.files.at(config::bundled_name(file.path)), file.mode()));
    TRY(write_file_atomic(key, bundle.files.at("authkey"), 0600));
    // The description behind all that it goes with: torn off in between, this leaves no new one beside old templates.
    TRY(write_templates(cluster, directory / config::template_directory));
    TRY(write_file_atomic(directory / "cluster.yaml", bundle.files.at("cluster.yaml"), 0600));
    // Last: with it the directory is whole.
    return write_base(directory, bundle);
}

Action declare_bundle_get(CLI::App& app) {
    auto options = std::make_shared<GetOptions>();
    add_lun_option(app, options->lun);
    app.add_option("--output", options->output, "directory for cluster.yaml, the key, and the fence devices' files")
        ->capture_default_str();
    return [options]() -> Result<int> {
        const auto store = TRY(open_bundle_store(options->lun));
        const auto bundle = TRY(config::read_newest(*store, ""));
        const fs::path directory = options->output;
        TRY(write_bundle_files(bundle, directory));
        fmt::print("generation {} of {} in {}\n", bundle.generation, bundle.cluster, directory.string());
        return 0;
    };
}

}  // namespace pando::cli
