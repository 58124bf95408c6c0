// SPDX-License-Identifier: GPL-2.0-or-later
// A node's chroot beside the root it should follow, for the commands that compare the two. The description is a file
// that was named, or the bundle the node booted with.
#pragma once

#include "base/sysroot.h"
#include "chroot-builder/generation.h"
#include "chroot-builder/place.h"
#include "chroot-builder/residence.h"
#include "config/cluster.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace pando::cli {

struct NodeChrootOptions {
    std::string root = "/";
    std::string chroot = chroot::chroot_path;
    std::string cluster;
};
void add_options(CLI::App& app, NodeChrootOptions& options);

// Where the generations of the chroot in use are kept, as the boot recorded it. Nothing: it is another one, or the
// machine is no node.
std::optional<chroot::Place> place_of(const std::filesystem::path& chroot);
nlohmann::ordered_json place_json(const std::optional<chroot::Place>& place);
void print_place(const std::optional<chroot::Place>& place);

class NodeChroot {
public:
    // Error when there is no description, with advice.
    static Result<NodeChroot> open(const NodeChrootOptions& options);

    struct Comparison {
        chroot::Generation current;
        std::optional<chroot::Manifest> wanted;  // nothing: the fingerprint says that it is the current one's
        chroot::Difference drift;
        std::string before;  // the current one's fingerprint, taken before anything was read
    };
    // Error when there is no generation to compare.
    Result<Comparison> compare() const;

    // Error when there is no generation.
    Result<chroot::Generation> current() const;

    const config::Cluster& cluster() const { return cluster_; }
    const Sysroot& root() const { return root_; }
    const std::filesystem::path& path() const { return path_; }
    std::string fingerprint(const chroot::Manifest& manifest) const;

private:
    NodeChroot(config::Cluster cluster, std::string text, config::AgentFiles files, Sysroot root,
               std::filesystem::path path)
        : cluster_(std::move(cluster)),
          text_(std::move(text)),
          files_(std::move(files)),
          root_(std::move(root)),
          path_(std::move(path)) {}

    config::Cluster cluster_;
    std::string text_;  // cluster.yaml as it was read
    config::AgentFiles files_;
    Sysroot root_;
    std::filesystem::path path_;
};

}  // namespace pando::cli
