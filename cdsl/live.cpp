// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/live.h"

#include "base/procfs.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/mounts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <set>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

bool is_of_a_tree(std::string_view root_of_mount) {
    for (const std::string_view place : {nodes_directory, kept_directory})
        if (root_of_mount.find(fmt::format("/{}/", place)) != std::string_view::npos) return true;
    return false;
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
        if (!pando || mount.device != pando->st_dev || !is_of_a_tree(mount.root)) continue;
        const fs::path inside = fs::path(unescaped(mount.point)).lexically_relative(top);
        if (inside.empty() || *inside.begin() == ".." || *inside.begin() == pando_directory) continue;
        if (!wanted.contains("/" / inside)) strays.insert("/" / inside);
    }
    return std::vector<fs::path>(strays.begin(), strays.end());
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
