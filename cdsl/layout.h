// SPDX-License-Identifier: GPL-2.0-or-later
// The names below /.pando on a shared root, and what both prepare() and map() ask of a link's path.
#pragma once

#include "base/result.h"
#include "cdsl/policy.h"

#include <string>

namespace pando::cdsl {

constexpr const char* pando_directory = ".pando";
constexpr const char* nodes_directory = ".pando/nodes";  // the nodes' trees, the template, work in progress
constexpr const char* template_tree = ".template";
constexpr const char* local_directory = ".pando/local";    // the node's own tree is bound here
constexpr const char* shared_directory = ".pando/shared";  // the root without the private mounts, bound at boot
constexpr const char* journal_directory = ".pando/journal";
constexpr const char* displaced_directory = ".pando/displaced";  // files that stood where a link belongs
constexpr const char* kept_directory = ".pando/kept";            // copies of CDSLs that were deleted
constexpr const char* inventory_name = "cdsl.yaml";
constexpr const char* inventory_path = ".pando/cdsl.yaml";
constexpr const char* additions_name = "policy.yaml";
constexpr const char* additions_path = ".pando/policy.yaml";

constexpr const char* workplace = ".prepare";  // in /.pando/nodes, of who holds the lock; no node has such a name
constexpr const char* parent_mark = "trusted.pando.parent";  // an extended attribute: the directory is no content

// "../.pando/local/etc/hostname" for /etc/hostname: relative, so that it also holds below /sysroot or in a chroot.
std::string target_of_link(const std::filesystem::path& path);

// "etc_hostname" for /etc/hostname: a path as one name, short enough to have something added.
std::string flat_name(const std::filesystem::path& path);

enum class LinkState { absent, ours, other };

// What stands at a link's path; `other` is a file or somebody else's symlink. A directory is an Error.
Result<LinkState> link_state(int root, const std::filesystem::path& path);

}  // namespace pando::cdsl
