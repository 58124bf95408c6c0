// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/guard.h"

#include "cdsl/beneath.h"
#include "cdsl/inventory.h"
#include "cdsl/layout.h"
#include "cdsl/mounts.h"
#include "cdsl/seed.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <array>
#include <climits>
#include <set>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr uint32_t of_interest = IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE;

// In the node's tree, beside the file: first the link that goes out, then the file that came in.
std::string between(const Rule& rule) { return ".pando.guard." + rule.path.filename().string(); }

Result<> flush(int directory) {
    const auto readable = TRY(open_beneath(directory, "", O_RDONLY | O_DIRECTORY));
    if (fsync(readable.get()) < 0) return fail_errno(errno, "flushing a directory");
    return {};
}

}  // namespace

Result<LinkGuard> LinkGuard::start(const fs::path& root, const std::string& node, const Checkpoint& checkpoint) {
    LinkGuard guard(node, checkpoint);
    const UniqueFd seen(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!seen.valid()) return fail_errno(errno, "opening {}", root.string());
    guard.view_ = TRY(bare_view(seen.get()));
    guard.nodes_ = TRY(open_beneath(guard.view_.get(), nodes_directory, O_PATH | O_DIRECTORY));
    if (!TRY(stat_beneath(guard.nodes_.get(), node)))
        return fail("{} has no tree on {}", node, root.string()).advise("boot the node, or name another");
    TRY(guard.watch());
    for (const auto& [path, rule] : guard.rules_) TRY(guard.complete(rule));
    return guard;
}

Result<> LinkGuard::watch() {
    events_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!events_.valid()) return fail_errno(errno, "inotify");
    directories_.clear();
    rules_.clear();
    if (const auto st = TRY(stat_beneath(view_.get(), inventory_path))) inventory_ = *st;
    const auto inventory = TRY(read_inventory(view_.get()));
    if (!inventory)
        return fail("/{} is not there: which links are to be kept is not known", inventory_path)
            .advise("pando cdsl repair makes it anew");
    std::set<fs::path> parents;
    for (const Rule& rule : inventory->rules) {
        if (rule.mode != Mode::link) continue;
        rules_.emplace(rule.path, rule);
        parents.insert(rule.path.parent_path());
    }
    parents.insert(fs::path("/") / pando_directory);  // the inventory's own
    for (const fs::path& parent : parents) {
        const auto directory = open_beneath(view_.get(), parent, O_PATH | O_DIRECTORY);
        if (!directory) continue;  // of a package that is not installed
        const int id =
            inotify_add_watch(events_.get(), fmt::format("/proc/self/fd/{}", directory->get()).c_str(), of_interest);
        if (id < 0)
            return fail_errno(errno, "watching {}", parent.string()).advise("raise fs.inotify.max_user_watches");
        directories_[id] = parent;
    }
    return {};
}

Result<bool> LinkGuard::inventory_changed() {
    const auto now = TRY(stat_beneath(view_.get(), inventory_path));
    return now && (now->st_ino != inventory_.st_ino || now->st_mtim.tv_sec != inventory_.st_mtim.tv_sec ||
                   now->st_mtim.tv_nsec != inventory_.st_mtim.tv_nsec);
}

// Paths of links at which something was written; all of them when the kernel lost count.
Result<std::vector<fs::path>> LinkGuard::touched() {
    std::set<fs::path> paths;
    alignas(inotify_event) std::array<char, 16384> buffer;
    for (;;) {
        const ssize_t n = read(events_.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) return fail_errno(n < 0 ? errno : EIO, "reading what happened");
        for (size_t at = 0; at < static_cast<size_t>(n);) {
            const auto* event = reinterpret_cast<const inotify_event*>(&buffer[at]);
            at += sizeof(inotify_event) + event->len;
            if ((event->mask & IN_Q_OVERFLOW) != 0)
                for (const auto& [path, rule] : rules_) paths.insert(path);
            const auto directory = directories_.find(event->wd);
            if (event->len == 0 || directory == directories_.end()) continue;
            const fs::path path = directory->second / static_cast<const char*>(event->name);
            if (rules_.contains(path)) paths.insert(path);
        }
    }
    return std::vector<fs::path>(paths.begin(), paths.end());
}

Result<std::vector<std::string>> LinkGuard::settle() {
    std::vector<std::string> lines;
    for (const fs::path& path : TRY(touched())) {
        const auto adopted = adopt(rules_.at(path));
        if (!adopted)
            lines.push_back(fmt::format("{}: {}", path.string(), adopted.error().what));
        else if (*adopted)
            lines.push_back(
                fmt::format("{}: what a program put in place of the link is {}'s own now", path.string(), node_));
    }
    // What is in the queue of the old watches is looked at before they go.
    if (TRY(inventory_changed())) TRY(watch());
    return lines;
}

// False when there is nothing to do: the link is in place, or nothing is.
Result<bool> LinkGuard::adopt(const Rule& rule) const {
    const auto parent = TRY(open_parent(view_.get(), rule.path));
    struct stat st {};
    if (fstatat(parent.get(), rule.path.filename().c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT) return false;  // between two steps of a program; check tells when it stays so
        return fail_errno(errno, "looking at it");
    }
    const auto text = TRY(link_text(parent.get(), rule.path.filename()));
    if (text == target_of_link(rule.path)) return false;
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
        return fail("is neither a file nor a link now").advise("move it away, and run pando cdsl repair");
    const auto tree = TRY(place_in_tree(rule));
    TRY(text ? adopt_symlink(rule, parent.get(), tree.get(), *text) : adopt_file(rule, parent.get(), tree.get()));
    return true;
}

// The directory of the node's tree that holds its copy.
Result<UniqueFd> LinkGuard::place_in_tree(const Rule& rule) const {
    const fs::path place = fs::path(node_) / rule.path.parent_path().relative_path();
    auto there = open_beneath(nodes_.get(), place, O_PATH | O_DIRECTORY);
    if (there || there.error().sys != ENOENT) return there;
    const Seeder seeder(nodes_.get(), ".guard." + node_, checkpoint_);
    TRY(seeder.add(node_, rule.path, view_.get(), [&](const Entry& to) {
        return replace_file(to.directory, to.name, "", rule.permissions, "guard");
    }));
    return open_beneath(nodes_.get(), place, O_PATH | O_DIRECTORY);
}

Result<> LinkGuard::adopt_file(const Rule& rule, int parent, int tree) const {
    TRY(swap(rule, parent, tree));
    return complete(rule);
}

// Relative to its directory, which is not where it goes: the node's own is made absolute.
Result<> LinkGuard::adopt_symlink(const Rule& rule, int parent, int tree, const std::string& text) const {
    const fs::path target = (rule.path.parent_path() / text).lexically_normal();
    TRY(replace_by_link(tree, rule.path.filename(), target.string(), "guard." + node_));
    reached("the node's own is a symlink");
    return replace_by_link(parent, rule.path.filename(), target_of_link(rule.path), "guard." + node_);
}

Result<> LinkGuard::swap(const Rule& rule, int parent, int tree) const {
    const std::string name = between(rule);
    if (name.size() > NAME_MAX) return fail("its name is too long to be kept private");
    const fs::path file = rule.path.filename();
    if (symlinkat(target_of_link(rule.path).c_str(), tree, name.c_str()) < 0 && errno != EEXIST)
        return fail_errno(errno, "making the link");
    reached("made the link");
    if (renameat2(tree, name.c_str(), parent, file.c_str(), RENAME_EXCHANGE) < 0)
        return fail_errno(errno, "changing places with the link");
    reached("changed places");
    return flush(parent);
}

// Whatever lies between is the node's own, unless it is the link that did not get out.
Result<> LinkGuard::complete(const Rule& rule) const {
    const fs::path place = fs::path(node_) / rule.path.parent_path().relative_path();
    const auto tree = open_beneath(nodes_.get(), place, O_PATH | O_DIRECTORY);
    if (!tree && tree.error().sys == ENOENT) return {};
    if (!tree) return Failure(tree.error());
    const std::string name = between(rule);
    struct stat st {};
    if (fstatat(tree->get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) return {};
    if (S_ISLNK(st.st_mode)) {
        if (unlinkat(tree->get(), name.c_str(), 0) < 0) return fail_errno(errno, "removing {}", name);
        return {};
    }
    if (renameat(tree->get(), name.c_str(), tree->get(), rule.path.filename().c_str()) < 0)
        return fail_errno(errno, "making it the node's own");
    reached("made it the node's own");
    return flush(tree->get());
}

}  // namespace pando::cdsl
