// SPDX-License-Identifier: GPL-2.0-or-later
// Journals of the mounted root: one for every node that mounts it. They can be added while all run, never taken away.
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>

namespace pando::nodes {

// As the filesystem's own index has them; `root` is where it is mounted on this node.
Result<uint32_t> count_journals(const std::filesystem::path& root, Deadline deadline);

Result<> add_journals(const std::filesystem::path& root, uint32_t count, Deadline deadline);

}  // namespace pando::nodes
