// SPDX-License-Identifier: GPL-2.0-or-later
// The key with which the lab's operator is root on the blades, and the command line that uses it.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::lab {

inline const std::filesystem::path default_key = "/var/cache/pando/lab-key";

// Makes the pair (KEY and KEY.pub) on first use; safe against two at once. Returns the public key's line.
Result<std::string> ensure_key(const std::filesystem::path& key = default_key);

// Never asks, never remembers host keys: blades come and go.
std::vector<std::string> ssh_argv(const std::filesystem::path& key, const std::string& address,
                                  const std::vector<std::string>& command);

}  // namespace pando::lab
