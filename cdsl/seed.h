// SPDX-License-Identifier: GPL-2.0-or-later
// Putting content into a tree of /.pando/nodes: the template's, or a node's. A path appears whole, in one rename, with
// the directories above it; what a crash left half made is in a place of its own and is removed by the next run.
//
// A directory that is there only because something below it is private ("/var" above "/var/log") is marked with an
// extended attribute, so that it is never taken for content when a later policy makes it private itself.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "cdsl/apply.h"
#include "cdsl/copy.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pando::cdsl {

// Marks a directory as no content, as the parents that a Seeder makes are.
Result<> mark_as_parent(int directory);
// It is content again; the caller flushes it.
Result<> unmark_parent(int directory);

// What a rule's path holds on the shared root, put at `to` as the rule's seed has it. Of directories that are mounted
// over by `rules` only the mount points.
Result<> seed_from_root(int root, const Rule& rule, const std::vector<Rule>& rules, const Entry& to);

// Is the directory of a tree there only for what is below it? (O_PATH will do.)
Result<bool> is_marked_parent(int directory);

class Seeder {
public:
    // `nodes`: descriptor of /.pando/nodes, kept by the caller. `workplace`: a name in it that nobody else uses.
    Seeder(int nodes, std::string workplace, const Checkpoint& checkpoint)
        : nodes_(nodes), workplace_(std::move(workplace)), checkpoint_(checkpoint) {}

    // Removes what an interrupted run of this workplace left.
    Result<> clean() const { return remove_tree({nodes_, workplace_}); }

    // Is `path` content of the tree?
    Result<bool> has(const std::string& tree, const std::filesystem::path& path) const;

    // Marks a directory as no content, only above it. For trees that lost their marks, as an archive may drop them.
    Result<> mark_parent(const std::string& tree, const std::filesystem::path& path) const;

    // Makes `path` content of the tree unless it is. `make` puts it where it is told; the directories above it take
    // owner and permissions from those of the same path in `like`.
    Result<> add(const std::string& tree, const std::filesystem::path& path, int like,
                 const std::function<Result<>(const Entry& to)>& make) const;

    // Takes out again what add() put there; what lies at or below a path of `kept` stays, and the directories above it
    // are marked. Directories that were there for `path` only go as well.
    Result<> remove(const std::string& tree, const std::filesystem::path& path,
                    const std::vector<std::filesystem::path>& kept) const;

    // Removes the marked directories above `path` that hold nothing any more.
    Result<> prune(const std::string& tree, const std::filesystem::path& path) const;

    // A whole new tree, as a copy of another.
    Result<> add_tree(const std::string& from, const std::string& to) const;

private:
    Result<> add_new(const std::string& tree, const std::filesystem::path& present,
                     const std::filesystem::path& missing, int like,
                     const std::function<Result<>(const Entry& to)>& make) const;
    Result<> merge(int work, int target, const std::string& name) const;
    Result<> fill(int from, int into) const;
    Result<> remove_around(int directory, const std::filesystem::path& path,
                           const std::vector<std::filesystem::path>& kept) const;
    void reached(std::string_view done) const {
        if (checkpoint_) checkpoint_(done);
    }

    int nodes_;
    std::string workplace_;
    Checkpoint checkpoint_;
};

}  // namespace pando::cdsl
