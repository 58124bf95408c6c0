// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/live.h"

#include "base/procfs.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/mounts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <optional>
#include <set>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

// The part of a mount's root behind the directory, which may be deep in its filesystem.
std::optional<std::string_view> part_below(std::string_view root_of_mount, const char* directory) {
    const std::string place = fmt::format("/{}/", directory);
    const size_t at = root_of_mount.find(place);
    if (at == std::string_view::npos) return std::nullopt;
    return root_of_mount.substr(at + place.size());
}

// A node's own of this very path, or a kept copy of it. Anything else of a tree that is mounted somewhere is not ours
// to take away.
bool is_of_a_tree(std::string_view root_of_mount, const fs::path& inside) {
    constexpr std::string_view deleted = "//deleted";
    if (root_of_mount.ends_with(deleted)) root_of_mount.remove_suffix(deleted.size());
    if (const auto tree = part_below(root_of_mount, nodes_directory)) {
        const size_t slash = tree->find('/');
        return slash != std::string_view::npos && tree->substr(slash) == inside.native();
    }
    const auto kept = part_below(root_of_mount, kept_directory);
    return kept && kept->starts_with(flat_name(inside) + ".") && kept->find('/') == std::string_view::npos;
}

// What is shared inside a private directory is the root's own directory, bound over itself.
bool is_shared_inside(std::string_view root_of_mount, const fs::path& inside, const std::vector<Rule>& rules) {
    const bool itself = root_of_mount.ends_with(inside.native());
    return itself && std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) {
               return (rule.mode == Mode::bind || rule.mode == Mode::tmpfs) && is_below(inside, rule.path);
           });
}

}  // namespace

Result<std::vector<fs::path>> not_mounted(const SharedRoot& shared, const std::vector<Rule>& rules) {
    std::vector<fs::path> paths;
    for (const Rule& rule : rules) {
        if (rule.mode == Mode::link) continue;
        if (rule.when == When::present && !TRY(stat_beneath(shared.bare(), rule.path))) continue;
        const auto there = open_beneath(shared.seen(), rule.path, O_PATH | O_DIRECTORY);
        if (!there || !TRY(is_mount_root(there->get()))) paths.push_back(rule.path);
    }
    return paths;
}

Result<std::vector<fs::path>> stray_mounts(const SharedRoot& shared, const std::vector<Rule>& rules) {
    std::set<fs::path> wanted;
    for (const Rule& rule : rules) wanted.insert(rule.path);
    const auto pando = TRY(stat_beneath(shared.bare(), pando_directory));
    std::error_code error;
    const fs::path top = fs::canonical(shared.path(), error);
    if (error) return fail("{}: {}", shared.path().string(), error.message());
    std::set<fs::path> strays;
    for (const Mount& mount : TRY(our_mounts())) {
        if (!pando || mount.device != pando->st_dev) continue;
        const fs::path relative = fs::path(unescaped(mount.point)).lexically_relative(top);
        if (relative.empty() || *relative.begin() == ".." || *relative.begin() == pando_directory) continue;
        const fs::path inside = "/" / relative;
        if (wanted.contains(inside)) continue;
        const std::string from = unescaped(mount.root);
        if (is_of_a_tree(from, inside) || is_shared_inside(from, inside, rules)) strays.insert(inside);
    }
    return std::vector<fs::path>(strays.begin(), strays.end());
}

Result<> check_nothing_else_below(const SharedRoot& shared, const fs::path& path, const std::vector<Rule>& rules) {
    std::error_code error;
    const fs::path top = fs::canonical(shared.path(), error);
    if (error) return fail("{}: {}", shared.path().string(), error.message());
    for (const Mount& mount : TRY(our_mounts())) {
        const fs::path inside = "/" / fs::path(unescaped(mount.point)).lexically_relative(top);
        const auto is_it = [&](const Rule& rule) { return rule.path.native() == inside.native(); };
        if (!is_below(inside, path) || std::any_of(rules.begin(), rules.end(), is_it)) continue;
        return bad_input("{}: {} is mounted on {}, and would go out of sight here", path.string(),
                         mount.source.empty() ? mount.filesystem : mount.source, inside.string())
            .advise("unmount it first, and mount it again afterwards; or name what lies beside it");
    }
    return {};
}

Result<bool> is_mounted_filesystem(const SharedRoot& shared, const fs::path& path) {
    const auto there = open_beneath(shared.seen(), path, O_PATH | O_DIRECTORY);
    if (!there && there.error().sys == ENOENT) return false;
    if (!there) return Failure(there.error());
    const auto root = TRY(stat_beneath(shared.seen(), pando_directory));
    struct stat st {};
    if (fstat(there->get(), &st) < 0) return fail_errno(errno, "looking at {}", path.string());
    return TRY(is_mount_root(there->get())) && (!root || root->st_dev != st.st_dev);
}

Result<> unmap(const SharedRoot& shared, const fs::path& path) {
    const auto target = open_beneath(shared.seen(), path, O_PATH | O_DIRECTORY);
    if (!target && (target.error().sys == ENOENT || target.error().sys == ENOTDIR || target.error().sys == ELOOP))
        return {};
    if (!target) return Failure(target.error());
    if (auto done = detach(target->get()); !done) return Failure(done.error().context(path.string()));
    return {};
}

}  // namespace pando::cdsl
