// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/rebuild.h"

#include "base/procfs.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/seed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr const char* found_on_disk = "found on disk";
constexpr int depth_limit = 200;

using Found = std::function<Result<>(const fs::path& path, const struct stat& st)>;

// The tops of what a tree holds as content: files, and directories without the mark. An archive may have dropped the
// marks: a directory above paths of `rules` is not content for that, nor is what else is in it.
class Survey {
public:
    Survey(int root, int nodes, const std::vector<Rule>& rules) : root_(root), nodes_(nodes) {
        for (const Rule& rule : rules)
            for (fs::path path = rule.path.parent_path(); path != "/"; path = path.parent_path()) above_.insert(path);
    }

    Result<> tree(const std::string& name, const Found& found) const { return directory(name, "/", found, 0); }

private:
    Result<> directory(const std::string& tree, const fs::path& path, const Found& found, int depth) const {
        if (depth > depth_limit) return {};
        const Checkpoint none;
        const Seeder seeder(nodes_, workplace, none);
        const auto fd =
            TRY(open_beneath(root_, fs::path(nodes_directory) / tree / path.relative_path(), O_PATH | O_DIRECTORY));
        for (const std::string& name : TRY(names_in(fd.get()))) {
            const fs::path child = path / name;
            if (!TRY(seeder.has(tree, child))) {
                TRY(directory(tree, child, found, depth + 1));
                continue;
            }
            const auto st = TRY(stat_beneath(fd.get(), name));
            if (st && !above_.contains(child)) TRY(found(child, *st));
        }
        return {};
    }

    int root_, nodes_;
    std::set<fs::path> above_;
};

// Filesystems with CDSLs of their own, as far as they are mounted here.
Result<std::vector<fs::path>> filesystems_below(const SharedRoot& shared) {
    std::error_code error;
    const fs::path top = fs::canonical(shared.path(), error);
    if (error) return fail("{}: {}", shared.path().string(), error.message());
    std::set<fs::path> found;
    for (const Mount& mount : TRY(our_mounts())) {
        const fs::path point = unescaped(mount.point);
        if (mount.root != "/" || !is_below(point, top)) continue;
        const auto inventory = read_inventory_of(point);
        const fs::path inside = "/" / point.lexically_relative(top);
        if (inventory && *inventory && (*inventory)->below == inside) found.insert(inside);
    }
    return std::vector<fs::path>(found.begin(), found.end());
}

Result<std::vector<std::string>> all_trees(const SharedRoot& shared) {
    auto trees = TRY(shared.trees());
    if (TRY(stat_beneath(shared.bare(), fs::path(nodes_directory) / template_tree)))
        trees.insert(trees.begin(), template_tree);
    return trees;
}

}  // namespace

Result<Inventory> rebuild_inventory(const SharedRoot& shared, const std::vector<Rule>& policy) {
    const auto nodes = open_beneath(shared.bare(), nodes_directory, O_PATH | O_DIRECTORY);
    if (!nodes && nodes.error().sys == ENOENT) return inventory_for(policy, {});
    if (!nodes) return Failure(nodes.error());
    const Survey survey(shared.bare(), nodes->get(), policy);
    std::map<fs::path, Rule> rules;
    for (const std::string& tree : TRY(all_trees(shared)))
        TRY(survey.tree(tree, [&](const fs::path& path, const struct stat& st) -> Result<> {
            if (!checked_path(path.native())) return {};  // policy never made that
            Rule rule{path, S_ISDIR(st.st_mode) ? Mode::bind : Mode::link, Seed::copy, st.st_mode & 07777U, ""};
            rule.declared = found_on_disk;
            // A file that no link leads to is of something that is gone.
            if (rule.mode == Mode::link) {
                const auto state = link_state(shared.bare(), path);
                if (!state || *state != LinkState::ours) return {};
            }
            rules.emplace(path, std::move(rule));
            return {};
        }));
    Inventory on_disk;
    for (const auto& [path, rule] : rules) on_disk.rules.push_back(rule);
    on_disk.filesystems = TRY(filesystems_below(shared));
    return inventory_for(policy, on_disk);
}

Result<std::map<fs::path, std::vector<std::string>>> unnamed_content(const SharedRoot& shared,
                                                                     const Inventory& inventory) {
    std::map<fs::path, std::vector<std::string>> unnamed;
    const auto nodes = open_beneath(shared.bare(), nodes_directory, O_PATH | O_DIRECTORY);
    if (!nodes && nodes.error().sys == ENOENT) return unnamed;
    if (!nodes) return Failure(nodes.error());
    const Survey survey(shared.bare(), nodes->get(), inventory.rules);
    for (const std::string& tree : TRY(all_trees(shared)))
        TRY(survey.tree(tree, [&](const fs::path& path, const struct stat&) -> Result<> {
            const bool named = std::any_of(inventory.rules.begin(), inventory.rules.end(), [&](const Rule& rule) {
                return (rule.mode == Mode::bind || rule.mode == Mode::link) &&
                       (rule.path == path || is_below(path, rule.path));
            });
            if (!named) unnamed[path].push_back(tree);
            return {};
        }));
    return unnamed;
}

}  // namespace pando::cdsl
