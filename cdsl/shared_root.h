// SPDX-License-Identifier: GPL-2.0-or-later
// A root whose CDSLs are looked at or changed: as processes see it, and as it is below the private mounts.
//
//   const auto shared = TRY(SharedRoot::open_to_look("/"));
//   for (const std::string& node : TRY(shared.trees())) …
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pando::cdsl {

class SharedRoot {
public:
    // For whoever changes something: never what is mounted in place of what is below it. Without the privilege to see
    // that it is an Error.
    static Result<SharedRoot> open(const std::filesystem::path& root);

    // For whoever only looks. Without the privilege bare() is what is seen, and is_bare() says so.
    static Result<SharedRoot> open_to_look(const std::filesystem::path& root);

    const std::filesystem::path& path() const { return path_; }
    int seen() const { return seen_.get(); }  // with what is mounted on it
    int bare() const { return bare_.get(); }  // without
    bool is_bare() const { return is_bare_; }

    // Nodes that have a tree, sorted; the template is not one of them. None on a root that was never prepared.
    Result<std::vector<std::string>> trees() const;

    // The node that runs on this root here: the one whose tree is bound at /.pando/local. Nothing: the root is only
    // mounted somewhere, for installation or repair.
    Result<std::optional<std::string>> local_node() const;

private:
    static Result<SharedRoot> seen_at(const std::filesystem::path& root);

    std::filesystem::path path_;
    UniqueFd seen_, bare_;
    bool is_bare_ = true;
};

}  // namespace pando::cdsl
