// SPDX-License-Identifier: GPL-2.0-or-later
// The mounts of a running node, with the mount table as the truth.
#pragma once

#include "cdsl/policy.h"
#include "cdsl/shared_root.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::cdsl {

// Rules of this node that are not mounted. `rules` are the node's.
Result<std::vector<std::filesystem::path>> not_mounted(const SharedRoot& shared, const std::vector<Rule>& rules);

// Mounts of nodes' trees, or of kept copies of them, that no rule of this node asks for any more.
Result<std::vector<std::filesystem::path>> stray_mounts(const SharedRoot& shared, const std::vector<Rule>& rules);

// Refuses a directory below which something is mounted that is of none of the rules: it would go out of sight with a
// mount over the directory, and with that mount when it is taken away.
Result<> check_nothing_else_below(const SharedRoot& shared, const std::filesystem::path& path,
                                  const std::vector<Rule>& rules);

// Is a filesystem other than the root's mounted at `path`?
Result<bool> is_mounted_filesystem(const SharedRoot& shared, const std::filesystem::path& path);

// Takes away what is mounted at `path`; nothing there is no error.
Result<> unmap(const SharedRoot& shared, const std::filesystem::path& path);

}  // namespace pando::cdsl
