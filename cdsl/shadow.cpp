// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/shadow.h"

#include "cdsl/beneath.h"
#include "cdsl/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr int depth_limit = 200;

bool newer(const struct stat& one, const struct stat& other) {
    if (one.st_mtim.tv_sec != other.st_mtim.tv_sec) return one.st_mtim.tv_sec > other.st_mtim.tv_sec;
    return one.st_mtim.tv_nsec > other.st_mtim.tv_nsec;
}

class Comparison {
public:
    // `ours` and `copy` hold the same directory, shared and in the template.
    Result<> directory(int ours, int copy, const RuleTree* rules, const fs::path& path, int depth) {
        struct stat mine {};
        struct stat kept {};
        if (fstat(ours, &mine) < 0 || fstat(copy, &kept) < 0) return fail_errno(errno, "looking at {}", path.string());
        const bool grew = newer(mine, kept);
        for (const Listed& entry : TRY(list_entries(ours))) {
            if (changed_.size() == shadow_limit) return {};
            const RuleTree* below = rules != nullptr ? rules->child(entry.name) : nullptr;
            if (below != nullptr && below->rule != nullptr) continue;  // its own mount lies over it
            if (entry.type == DT_SOCK) continue;                       // never copied
            TRY(entry_of(ours, copy, entry, grew, below, path, depth));
        }
        return {};
    }

    // A directory that starts empty: only whether names came to it.
    Result<> hollow(int ours, int copy, const RuleTree* rules, const fs::path& path) {
        struct stat mine {};
        struct stat kept {};
        if (fstat(ours, &mine) < 0 || fstat(copy, &kept) < 0) return fail_errno(errno, "looking at {}", path.string());
        if (!newer(mine, kept)) return {};
        for (const Listed& entry : TRY(list_entries(ours))) {
            struct stat st {};
            if (rules != nullptr && rules->child(entry.name) != nullptr) continue;
            if (fstatat(ours, entry.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0 || !newer(st, kept)) continue;
            changed_.push_back(path / entry.name);
            if (changed_.size() == shadow_limit) return {};
        }
        return {};
    }

    std::vector<fs::path> take() { return std::move(changed_); }

private:
    Result<> entry_of(int ours, int copy, const Listed& entry, bool grew, const RuleTree* below, const fs::path& path,
                      int depth) {
        struct stat mine {};
        struct stat kept {};
        if (fstatat(ours, entry.name.c_str(), &mine, AT_SYMLINK_NOFOLLOW) < 0) return {};  // removed meanwhile
        if (fstatat(copy, entry.name.c_str(), &kept, AT_SYMLINK_NOFOLLOW) < 0) {
            // It came, or was taken out of the template: the directory's own time tells.
            if (grew) changed_.push_back(path / entry.name);
            return {};
        }
        if (!S_ISDIR(mine.st_mode)) {
            if (newer(mine, kept)) changed_.push_back(path / entry.name);
            return {};
        }
        if (!S_ISDIR(kept.st_mode) || depth == depth_limit) return {};
        const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        const UniqueFd deeper(openat(ours, entry.name.c_str(), flags));
        const UniqueFd copied(openat(copy, entry.name.c_str(), flags));
        if (!deeper.valid() || !copied.valid()) return {};
        return directory(deeper.get(), copied.get(), below, path / entry.name, depth + 1);
    }

    std::vector<fs::path> changed_;
};

}  // namespace

Result<std::vector<fs::path>> changed_below(int directory, int template_tree, const Rule& rule, const RuleTree& below) {
    const auto copy = open_beneath(template_tree, rule.path, O_RDONLY | O_DIRECTORY);
    if (!copy) return std::vector<fs::path>{};  // said elsewhere: the template has no copy
    Comparison comparison;
    if (rule.seed == Seed::empty)
        TRY(comparison.hollow(directory, copy->get(), &below, rule.path));
    else
        TRY(comparison.directory(directory, copy->get(), &below, rule.path, 0));
    return comparison.take();
}

}  // namespace pando::cdsl
