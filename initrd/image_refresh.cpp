// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/image_refresh.h"

#include "base/file.h"
#include "base/sha256.h"
#include "base/sysroot.h"
#include "config/load.h"
#include "initrd/image_drivers.h"

#include <nlohmann/json.hpp>

namespace pando::initrd {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* record_name = "image.json";
// Of what dpkg has installed. More changes with it than an image needs to follow; it costs a build too many.
constexpr const char* packages_file = "/var/lib/dpkg/status";

}  // namespace

Result<std::string> ingredients(const ImageOptions& options) {
    const auto cluster = TRY(config::load_file(options.cluster_yaml));
    const auto tree = TRY(Sysroot::open(options.root));
    Sha256 hash;
    hash.add(tree.exists(packages_file) ? TRY(tree.read(packages_file)) : std::string());
    hash.add(TRY(read_file(options.cluster_yaml)));
    for (const auto& machine : TRY(recorded_machines(tree, cluster, options.machines)))
        hash.add(machine.name + "\n" + machine.inventory);
    for (const auto& kernel : TRY(kernels(options.root))) hash.add(kernel + "\n");
    return hash.hex();
}

Result<RecordedBuild> recorded_build(const fs::path& output) {
    const fs::path file = output / record_name;
    if (!fs::exists(file))
        return bad_input("no boot files were made in {}", output.string())
            .advise(
                fmt::format("pando bundle get --output DIR; pando image build --cluster DIR/cluster.yaml --output {}",
                            output.string()));
    const std::string text = TRY(read_file(file));
    try {
        const json in = json::parse(text);
        RecordedBuild build;
        build.kernel = in.at("kernel").get<std::string>();
        build.any_machine = in.at("any_machine").get<bool>();
        for (const auto& machine : in.at("machines")) build.machines.emplace_back(machine.get<std::string>());
        build.made_of = in.at("made_of").get<std::string>();
        build.built_kernel = in.at("built_kernel").get<std::string>();
        return build;
    } catch (const json::exception& error) {
        return fail("{} does not tell how the boot files were made: {}", file.string(), error.what())
            .advise("make them again: pando image build");
    }
}

Result<> record_build(const ImageOptions& options, const Image& image, const std::string& made_of) {
    std::vector<std::string> machines;
    for (const auto& machine : options.machines) machines.push_back(fs::absolute(machine).string());
    const json out = {{"kernel", options.kernel},
                      {"any_machine", options.any_machine},
                      {"machines", machines},
                      {"made_of", made_of},
                      {"built_kernel", image.kernel}};
    return write_file_atomic(options.output / record_name, out.dump(1) + "\n", 0644);
}

Result<std::optional<Image>> refresh_image(const fs::path& root, const fs::path& output, const fs::path& cluster_yaml) {
    const auto build = TRY(recorded_build(output));
    ImageOptions options{.root = root, .cluster_yaml = cluster_yaml, .output = output};
    options.kernel = build.kernel;
    options.any_machine = build.any_machine;
    options.machines = build.machines;
    if (TRY(ingredients(options)) == build.made_of) return std::optional<Image>();
    return std::optional(TRY(build_image(options)));
}

}  // namespace pando::initrd
