// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/node_chroot.h"

#include "base/file.h"
#include "config/bundle.h"
#include "config/load.h"

namespace pando::cli {
namespace {

constexpr const char* booted_with = "/run/pando/bundle";

struct Description {
    config::Cluster cluster;
    std::string text;
    config::AgentFiles files;
};

Result<Description> read_description(const std::string& file) {
    if (!file.empty()) {
        auto cluster = TRY(config::load_file(file));
        auto files = TRY(config::read_agent_files(file, cluster));
        return Description{std::move(cluster), TRY(read_file(file)), std::move(files)};
    }
    const auto blob = read_file(booted_with, config::bundle_limit);
    if (!blob)
        return bad_input("this machine is no node that pando-boot started: {}", blob.error().what)
            .advise("name a description: --cluster cluster.yaml");
    const auto bundle = TRY(config::decode(*blob));
    const auto yaml = bundle.files.find("cluster.yaml");
    auto cluster = TRY(bundle.description());
    auto files = TRY(bundle.agent_files(cluster));
    return Description{std::move(cluster), yaml == bundle.files.end() ? std::string() : yaml->second, std::move(files)};
}

}  // namespace

void add_options(CLI::App& app, NodeChrootOptions& options) {
    app.add_option("--root", options.root, "tree it is compared with")->capture_default_str();
    app.add_option("--chroot", options.chroot, "the chroot")->capture_default_str();
    app.add_option("--cluster", options.cluster, "cluster.yaml; else what this node booted with");
}

std::optional<chroot::Place> place_of(const std::filesystem::path& chroot) {
    if (chroot != chroot::chroot_path) return std::nullopt;
    auto place = chroot::Place::load();
    return place ? std::optional(std::move(*place)) : std::nullopt;
}

nlohmann::ordered_json place_json(const std::optional<chroot::Place>& place) {
    if (!place) return nullptr;
    return {{"wanted", place->wanted},         {"on_disk", place->on_disk()},   {"device", place->device},
            {"filesystem", place->filesystem}, {"directory", place->directory}, {"reason", place->reason}};
}

void print_place(const std::optional<chroot::Place>& place) {
    if (!place) return;
    fmt::print("its programs are {}\n", place->text());
    if (!place->reason.empty()) fmt::print("and not at {}: {}\n", place->wanted, place->reason);
    if (!place->advice.empty()) fmt::print("  -> {}\n", place->advice);
}

Result<NodeChroot> NodeChroot::open(const NodeChrootOptions& options) {
    auto description = TRY(read_description(options.cluster));
    return NodeChroot(std::move(description.cluster), std::move(description.text), std::move(description.files),
                      TRY(Sysroot::open(options.root)), options.chroot);
}

std::string NodeChroot::fingerprint(const chroot::Manifest& manifest) const {
    std::string request = text_;
    for (const auto& [path, content] : files_) request += "\n" + path + "\n" + content;
    return chroot::fingerprint(manifest, root_, request);
}

Result<chroot::Generation> NodeChroot::current() const {
    auto current = TRY(chroot::current_generation(path_));
    if (!current)
        return fail("no chroot with generations at {}", path_.string())
            .advise("the initramfs makes it: was this node booted by this version of pando?");
    return std::move(*current);
}

Result<NodeChroot::Comparison> NodeChroot::compare() const {
    Comparison found;
    found.current = TRY(current());
    found.before = fingerprint(found.current.manifest);
    if (found.before == chroot::kept_fingerprint(path_, found.current.number)) return found;
    found.wanted = TRY(chroot::resolve(root_, chroot::request_for(cluster_, files_)));
    found.drift = chroot::compare(found.current.manifest, *found.wanted);
    return found;
}

}  // namespace pando::cli
