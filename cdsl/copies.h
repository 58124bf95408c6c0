// SPDX-License-Identifier: GPL-2.0-or-later
// Every node's copy of a private path: for commands that show them, and that run something over all of them.
#pragma once

#include "base/result.h"
#include "cdsl/survey.h"

#include <sys/stat.h>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pando::cdsl {

struct CopyOfNode {
    std::string node;                 // ".template" for what new nodes start from
    std::filesystem::path path;       // as a node sees it
    std::filesystem::path place;      // below the shared root: /.pando/nodes/n1/var/log
    std::optional<struct stat> stat;  // of the entry itself, a symlink is not followed; none: there is no copy
};

// Of a path in something private (a bind's directory, or a link's file), a copy for each of `nodes` for which it is
// private. Errors of kind bad_input for a path that is private to none of them, and for a symlink on the way.
Result<std::vector<CopyOfNode>> copies_of(const Survey& survey, const std::filesystem::path& path,
                                          const std::vector<std::string>& nodes, bool with_template);

// The paths that are private to at least one of `nodes` and have copies, parents before children.
std::vector<std::filesystem::path> private_paths(const Survey& survey, const std::vector<std::string>& nodes);

}  // namespace pando::cdsl
