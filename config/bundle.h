// SPDX-License-Identifier: GPL-2.0-or-later
// The bundle: the cluster's description as one checksummed, versioned blob; all a blade needs before it can mount.
// Layout: one header line of ASCII, then a JSON payload whose files are base64:
//   PANDO-BUNDLE 1 cluster=grove generation=7 bytes=12345 sha256=<64 hex digits of the payload>\n
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
    std::string cluster;                       // its name
    uint64_t generation = 0;                   // grows with every write
    std::map<std::string, std::string> files;  // cluster.yaml, authkey, what fence devices name (agent_files.h)

    Result<Cluster> description() const;  // cluster.yaml of it, loaded
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

// The first line of a blob, which need not be there as a whole. What it says is not covered by the checksum.
struct BundleHeader {
    std::string cluster;
    uint64_t generation = 0;
    uint64_t bytes = 0;  // of the payload
    std::string sha256;
    size_t length = 0;  // of the line, its end included
};
Result<BundleHeader> read_header(std::string_view blob);
bool is_bundle(std::string_view blob);            // by how it begins
bool is_from_newer_pando(std::string_view blob);  // of a version that this Pando cannot read

// The bundle this node goes by: the one it booted with, or a newer one that it has taken over since.
constexpr const char* live_bundle_path = "/run/pando/bundle";
Result<Bundle> read_live_bundle();

// The blob as a small cpio archive (newc) to be loaded after the image: it appears as baked_bundle_path.
constexpr const char* baked_bundle_path = "/etc/pando/cluster.bundle";
std::string bundle_archive(std::string_view blob);

// The archive's, wherever it is written: boot servers read it as a user of their own. It has the cluster's secrets in
// it, and goes over the boot network in the clear; whom that does not suit closes the directory to all but the server.
constexpr mode_t bundle_archive_mode = 0644;

}  // namespace pando::config
