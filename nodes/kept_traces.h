// SPDX-License-Identifier: GPL-2.0-or-later
// What the nodes have left on the shared root, of themselves and of each other: read on any node that has it mounted.
//
//   auto lines = TRY(fence_history_of_all("/"));
#pragma once

#include "base/result.h"
#include "nodes/outage.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::nodes {

// The lines of every node's fence.jsonl, oldest first.
Result<std::vector<std::string>> fence_history_of_all(const std::filesystem::path& root);

// The kernel's logs that a node left in pstore, oldest first.
std::vector<LeftLog> left_logs_of(const std::filesystem::path& root, const std::string& node);

// The last lines of the node's journal that were written before then: its last words, when it died. None when it keeps
// no journal on the root, or there is no journalctl.
std::vector<Sight> last_words_of(const std::filesystem::path& root, const std::string& node, int64_t until,
                                 unsigned lines);

}  // namespace pando::nodes
