// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/seed.h"

#include "cdsl/beneath.h"
#include "cdsl/layout.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <algorithm>
#include <set>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

Result<> mark(int directory) {
    if (setxattr(proc_path(directory).c_str(), parent_mark, "1", 1, 0) == 0 || errno == EOPNOTSUPP) return {};
    return fail_errno(errno, "marking a directory");
}

Result<> move_new(int from, const std::string& name, int to, const std::string& new_name) {
    if (renameat2(from, name.c_str(), to, new_name.c_str(), RENAME_NOREPLACE) < 0)
        return fail_errno(errno, "moving {} into place", new_name);
    return flush_directory(to);
}

// A directory above content: owner and permissions as on the shared root, and the mark.
Result<UniqueFd> make_parent(int directory, const fs::path& name, int like, const fs::path& path) {
    if (mkdirat(directory, name.c_str(), 0755) < 0) return fail_errno(errno, "creating directory {}", path.string());
    auto made = TRY(open_beneath(directory, name, O_PATH | O_DIRECTORY));
    if (const auto original = open_beneath(like, path, O_PATH | O_DIRECTORY)) {
        TRY(copy_attributes(original->get(), made.get()));
    }
    TRY(mark(made.get()));
    return made;
}

// Owner, permissions and ACL of the original: a key that only root may read stays one.
Result<> seed_empty_file(const Entry& from, const Rule& rule, const Entry& to) {
    const auto original = TRY(stat_beneath(from.directory, from.name));
    if (!original || !S_ISREG(original->st_mode))
        return replace_file(to.directory, to.name, "", rule.permissions, "seed");
    TRY(copy_tree(from, to));
    const auto file = TRY(open_beneath(to.directory, to.name, O_WRONLY));
    if (ftruncate(file.get(), 0) < 0) return fail_errno(errno, "emptying {}", to.name);
    return {};
}

Result<> seed_file(const Entry& from, const Rule& rule, const Entry& to) {
    if (rule.seed == Seed::empty) return seed_empty_file(from, rule, to);
    const auto text = TRY(link_text(from.directory, from.name));
    if (!text) return copy_tree(from, to);
    // Somebody's symlink (resolv.conf into /run): relative to its directory, which is not where it goes.
    const fs::path target = (rule.path.parent_path() / *text).lexically_normal();
    return replace_by_link(to.directory, to.name, target.string(), "seed");
}

}  // namespace

Result<> mark_as_parent(int directory) {
    TRY(mark(directory));
    return flush_directory(directory);
}

Result<> unmark_parent(int directory) {
    if (removexattr(proc_path(directory).c_str(), parent_mark) == 0 || errno == ENODATA || errno == EOPNOTSUPP)
        return {};
    return fail_errno(errno, "unmarking a directory");
}

Result<> seed_from_root(int root, const Rule& rule, const std::vector<Rule>& rules, const Entry& to) {
    const std::string name = rule.path.filename().string();
    if (!TRY(stat_beneath(root, rule.path))) {
        if (rule.mode == Mode::link) return replace_file(to.directory, to.name, "", rule.permissions, "seed");
        if (mkdirat(to.directory, to.name.c_str(), 0700) < 0) return fail_errno(errno, "creating {}", to.name);
        const auto made = TRY(open_beneath(to.directory, to.name, O_RDONLY | O_DIRECTORY));
        if (fchmod(made.get(), rule.permissions) < 0) return fail_errno(errno, "setting permissions");
        return {};
    }
    const auto parent = TRY(open_parent(root, rule.path));
    if (rule.mode == Mode::link) return seed_file({parent.get(), name}, rule, to);
    std::set<fs::path> mount_points;
    for (const Rule& one : rules)
        if (one.mode != Mode::link && is_below(one.path, rule.path)) mount_points.insert(one.path);
    return copy_tree({parent.get(), name}, to, [&](const fs::path& relative) {
        return relative.empty() ? rule.seed == Seed::empty : mount_points.contains(rule.path / relative);
    });
}

Result<bool> is_marked_parent(int directory) {
    if (fgetxattr(directory, parent_mark, nullptr, 0) >= 0) return true;
    if (errno == EBADF && getxattr(proc_path(directory).c_str(), parent_mark, nullptr, 0) >= 0) return true;  // O_PATH
    if (errno == ENODATA || errno == EOPNOTSUPP) return false;
    return fail_errno(errno, "reading the mark of a directory");
}

Result<bool> Seeder::has(const std::string& tree, const fs::path& path) const {
    const fs::path place = fs::path(tree) / path.relative_path();
    const auto st = TRY(stat_beneath(nodes_, place));
    if (!st) return false;
    if (!S_ISDIR(st->st_mode)) return true;
    const auto directory = TRY(open_beneath(nodes_, place, O_PATH | O_DIRECTORY));
    return !TRY(is_marked_parent(directory.get()));
}

Result<> Seeder::mark_parent(const std::string& tree, const fs::path& path) const {
    const auto directory = TRY(open_beneath(nodes_, fs::path(tree) / path.relative_path(), O_PATH | O_DIRECTORY));
    TRY(mark(directory.get()));
    reached("marked");
    return flush_directory(directory.get());
}

Result<> Seeder::add(const std::string& tree, const fs::path& path, int like,
                     const std::function<Result<>(const Entry& to)>& make) const {
    if (TRY(has(tree, path))) return {};
    fs::path present;
    fs::path missing;
    for (const fs::path& name : path.relative_path()) {
        const bool there = missing.empty() && TRY(stat_beneath(nodes_, fs::path(tree) / present / name)).has_value();
        (there ? present : missing) /= name;
    }
    TRY(clean());
    if (mkdirat(nodes_, workplace_.c_str(), 0700) < 0) return fail_errno(errno, "creating {}", workplace_);
    if (!missing.empty()) {
        TRY(add_new(tree, present, missing, like, make));
    } else {
        const auto work = TRY(open_beneath(nodes_, workplace_, O_PATH | O_DIRECTORY));
        const auto target = TRY(open_beneath(nodes_, fs::path(tree) / present, O_PATH | O_DIRECTORY));
        const std::string name = path.filename().string();
        TRY(make({work.get(), name}));
        TRY(merge(work.get(), target.get(), name));
    }
    return clean();
}

Result<> Seeder::add_new(const std::string& tree, const fs::path& present, const fs::path& missing, int like,
                         const std::function<Result<>(const Entry& to)>& make) const {
    const auto work = TRY(open_beneath(nodes_, workplace_, O_PATH | O_DIRECTORY));
    auto at = TRY(open_beneath(work.get(), "", O_PATH | O_DIRECTORY));
    fs::path path = present;
    for (const fs::path& name : missing.parent_path()) {
        path /= name;
        at = TRY(make_parent(at.get(), name, like, path));
    }
    TRY(make({at.get(), missing.filename().string()}));
    reached("copied");
    TRY(sync_filesystem(work.get()));
    reached("flushed");
    const auto target = TRY(open_beneath(nodes_, fs::path(tree) / present, O_PATH | O_DIRECTORY));
    const std::string first = missing.begin()->string();
    TRY(move_new(work.get(), first, target.get(), first));
    reached("moved into place");
    return {};
}

// The tree has a marked directory where content belongs, with other rules' content below it. Every piece is moved in
// whole; taking the mark away says that it is complete.
Result<> Seeder::merge(int work, int target, const std::string& name) const {
    reached("copied beside");
    TRY(sync_filesystem(work));
    const auto content = TRY(open_beneath(work, name, O_PATH | O_DIRECTORY));
    return fill(content.get(), target);
}

Result<> Seeder::fill(int from, int into) const {
    for (const std::string& name : TRY(names_in(from))) {
        const auto there = TRY(stat_beneath(into, name));
        if (!there) {
            TRY(move_new(from, name, into, name));
            reached("moved a piece");
            continue;
        }
        if (!S_ISDIR(there->st_mode)) continue;  // a piece that an interrupted run moved
        const auto deeper = TRY(open_beneath(into, name, O_PATH | O_DIRECTORY));
        if (!TRY(is_marked_parent(deeper.get()))) continue;  // so is this, or it is another rule's content
        const auto source = TRY(open_beneath(from, name, O_PATH | O_DIRECTORY));
        TRY(fill(source.get(), deeper.get()));
    }
    TRY(copy_attributes(from, into));
    TRY(unmark_parent(into));
    reached("unmarked");
    return flush_directory(into);
}

Result<> Seeder::remove(const std::string& tree, const fs::path& path, const std::vector<fs::path>& kept) const {
    const fs::path place = fs::path(tree) / path.relative_path();
    const bool around = std::any_of(kept.begin(), kept.end(), [&](const fs::path& one) { return is_below(one, path); });
    if (TRY(stat_beneath(nodes_, place))) {
        if (around) {
            const auto directory = TRY(open_beneath(nodes_, place, O_PATH | O_DIRECTORY));
            TRY(remove_around(directory.get(), path, kept));
        } else {
            // In one rename: half a directory must never be taken for content.
            TRY(clean());
            if (mkdirat(nodes_, workplace_.c_str(), 0700) < 0) return fail_errno(errno, "creating {}", workplace_);
            const auto work = TRY(open_beneath(nodes_, workplace_, O_PATH | O_DIRECTORY));
            const auto parent = TRY(open_parent(nodes_, place));
            TRY(move_new(parent.get(), place.filename(), work.get(), place.filename()));
            reached("moved out");
        }
    }
    TRY(clean());
    return prune(tree, path);
}

Result<> Seeder::remove_around(int directory, const fs::path& path, const std::vector<fs::path>& kept) const {
    TRY(mark(directory));
    reached("marked");
    for (const std::string& name : TRY(names_in(directory))) {
        const fs::path child = path / name;
        const auto is = [&](auto condition) { return std::any_of(kept.begin(), kept.end(), condition); };
        if (is([&](const fs::path& one) { return one == child; })) continue;
        if (is([&](const fs::path& one) { return is_below(one, child); })) {
            const auto deeper = TRY(open_beneath(directory, name, O_PATH | O_DIRECTORY));
            TRY(remove_around(deeper.get(), child, kept));
            continue;
        }
        TRY(remove_tree({directory, name}));
        reached("removed a piece");
    }
    return flush_directory(directory);
}

Result<> Seeder::prune(const std::string& tree, const fs::path& path) const {
    for (fs::path above = path.relative_path().parent_path(); !above.empty(); above = above.parent_path()) {
        const auto directory = open_beneath(nodes_, fs::path(tree) / above, O_PATH | O_DIRECTORY);
        if (!directory) {
            if (directory.error().sys == ENOENT) continue;
            return Failure(directory.error());
        }
        if (!TRY(is_marked_parent(directory->get()))) return {};
        const auto parent = TRY(open_parent(nodes_, fs::path(tree) / above));
        if (unlinkat(parent.get(), above.filename().c_str(), AT_REMOVEDIR) < 0) {
            if (errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY) return {};
            return fail_errno(errno, "removing {}", above.string());
        }
        reached("pruned");
    }
    return {};
}

Result<> Seeder::add_tree(const std::string& from, const std::string& to) const {
    TRY(clean());
    TRY(copy_tree({nodes_, from}, {nodes_, workplace_}));
    reached("copied the template");
    TRY(sync_filesystem(nodes_));
    reached("flushed the tree");
    TRY(move_new(nodes_, workplace_, nodes_, to));
    reached("moved the tree into place");
    return {};
}

}  // namespace pando::cdsl
