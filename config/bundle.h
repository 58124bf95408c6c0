// SPDX-License-Identifier: GPL-2.0-or-later
// The bundle: the cluster's description as one checksummed, versioned blob; all a blade needs before it can mount.
// Layout: one header line (config/bundle_header.h), then a JSON payload whose files are base64.
#pragma once

#include "base/result.h"
#include "config/agent_files.h"
#include "config/cluster.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace pando::config {

constexpr size_t bundle_limit = 4U << 20U;  // bytes, header included

struct Bundle {
    std::string cluster;      // its name
    uint64_t generation = 0;  // grows with every write
    // cluster.yaml, authkey, what fence devices name (agent_files.h), the site's templates (site_templates.h)
    std::map<std::string, std::string> files;

    // cluster.yaml of it, loaded, with the site's templates as they are: another version may have checked them.
    Result<Cluster> description() const;
    Result<AgentFiles> agent_files(const Cluster& description) const;
};

// From cluster.yaml, and the authkey and the agents' files beside it, all checked.
Result<Bundle> make_bundle(const std::filesystem::path& cluster_yaml, uint64_t generation);
// What a bundle must be before it is written to a LUN: its description and what that names, complete and right. Returns
// the description.
Result<Cluster> check_bundle(const Bundle& bundle);
std::string encode(const Bundle& bundle);
// Torn, foreign, oversized and future-version blobs are told apart in the message.
Result<Bundle> decode(std::string_view blob);

// The bundle this node goes by: the one it booted with, or a newer one that it has taken over since.
constexpr const char* live_bundle_path = "/run/pando/bundle";
Result<Bundle> read_live_bundle();

}  // namespace pando::config
