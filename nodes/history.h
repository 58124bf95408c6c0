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

namespace pando::nodes {

constexpr const char* history_directory = ".pando/history";

struct Rebinding {
    std::string node;
    config::Binding before, after;
    uint64_t generation = 0;  // of the bundle that it was made from
    std::string when;         // UTC, 2026-01-31T12:00:00Z, for people: nothing is judged by it
    std::string who;          // who gave the command, and on which node
    std::string proof;        // how it was known that the old machine is off
};

// Flushed to disk when it returns. The same change written again takes its own place.
Result<> write_rebinding(const std::filesystem::path& root, const Rebinding& change);

// The newest one of the node; nothing when there is none.
Result<std::optional<Rebinding>> last_rebinding(const std::filesystem::path& root, const std::string& node);

}  // namespace pando::nodes
