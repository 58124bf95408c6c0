// SPDX-License-Identifier: GPL-2.0-or-later
// What a node was bound to before: a file for each change of it, so that the last one can be taken back. They lie on
// the shared root, in a directory closed to all but root, as bindings are nobody else's business.
#pragma once

#include "base/result.h"
#include "config/edit.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pando::nodes {

constexpr const char* history_directory = ".pando/history";

// A record is written under the cluster's lock before the description is. One whose node still is what it was before
// did not come to pass: power went in between.
struct Rebinding {
    std::string node;
    config::Binding before, after;
    config::OptionChanges fence_before, fence_after;  // of the first fence device, those that changed
    uint64_t generation = 0;                          // of the bundle that it was made from
    bool restores = false;                            // it took an earlier one back
    std::string boot;   // boot id of the machine that waited and was bound; empty: it did not wait
    std::string when;   // UTC, 2026-01-31T12:00:00Z, for people: nothing is judged by it
    std::string who;    // who gave the command, and on which node
    std::string proof;  // how it was known that the old machine is off
};

// Flushed to disk when it returns. The same change written again takes its own place.
Result<> write_rebinding(const std::filesystem::path& root, const Rebinding& change);

// The records of a node that gets another name, or goes: they become the new name's, or lie in removed/ for people.
// What a call that was interrupted left is moved by the next.
Result<bool> has_history(const std::filesystem::path& root, const std::string& node);
Result<> rename_history(const std::filesystem::path& root, const std::string& node, const std::string& name);
Result<> set_history_aside(const std::filesystem::path& root, const std::string& node);

// All of the node, the newest first.
Result<std::vector<Rebinding>> rebindings(const std::filesystem::path& root, const std::string& node);

// Is the node what the record says that it became?
bool came_to_pass(const Rebinding& change, const config::Node& node);

// The newest one that came to pass, when the node is still as it left it; nothing when there is none.
Result<std::optional<Rebinding>> last_rebinding(const std::filesystem::path& root, const config::Node& node);

}  // namespace pando::nodes
