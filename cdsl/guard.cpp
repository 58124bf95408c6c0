// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/guard.h"

#include "cdsl/beneath.h"
#include "cdsl/displace.h"
#include "cdsl/inventory.h"
#include "cdsl/journal.h"
#include "cdsl/layout.h"
#include "cdsl/lock.h"
#include "cdsl/mounts.h"
#include "cdsl/seed.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <climits>
#include <utility>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr uint32_t of_interest = IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE;

// In the node's tree, beside the file: first the link that goes out, then the file that came in.
std::string between(const Rule& rule) { return ".pando.guard." + rule.path.filename().string(); }

}  // namespace

Result<LinkGuard> LinkGuard::start(const fs::path& root, const std::string& node, const Checkpoint& checkpoint) {
    LinkGuard guard(node, checkpoint);
    const UniqueFd seen(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!seen.valid()) return fail_errno(errno, "opening {}", root.string());
    guard.view_ = TRY(bare_view(seen.get()));
    guard.nodes_ = TRY(open_beneath(guard.view_.get(), nodes_directory, O_PATH | O_DIRECTORY));
    if (!TRY(stat_beneath(guard.nodes_.get(), node)))
        return fail("{} has no tree on {}", node, root.string()).advise("boot the node, or name another");
    guard.events_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!guard.events_.valid()) return fail_errno(errno, "inotify");
    TRY(guard.follow_inventory());
    guard.lines_ = TRY(guard.settle());
    return guard;
}

Result<> LinkGuard::follow_inventory() {
    if (const auto st = TRY(stat_beneath(view_.get(), inventory_path))) inventory_ = *st;
    const auto inventory = TRY(read_inventory(view_.get()));
    if (!inventory)
        return fail("/{} is not there: which links are to be kept is not known", inventory_path)
            .advise("pando cdsl repair makes it anew");
    const auto before = std::exchange(rules_, {});
    std::set<fs::path> parents{fs::path("/") / pando_directory};  // the inventory's own
    for (const Rule& rule : inventory->rules) {
        if (rule.mode != Mode::link) continue;
        rules_.emplace(rule.path, rule);
        parents.insert(rule.path.parent_path());
        if (!before.contains(rule.path)) new_links_.insert(rule.path);
    }
    return watch(parents);
}

// Always the same queue: what is in it is not lost. A directory that is watched already keeps its watch.
Result<> LinkGuard::watch(const std::set<fs::path>& parents) {
    const auto before = std::exchange(directories_, {});
    for (const fs::path& parent : parents) {
        const auto directory = open_beneath(view_.get(), parent, O_PATH | O_DIRECTORY);
        if (!directory) continue;  // of a package that is not installed
        const int id =
            inotify_add_watch(events_.get(), fmt::format("/proc/self/fd/{}", directory->get()).c_str(), of_interest);
        if (id < 0)
            return fail_errno(errno, "watching {}", parent.string()).advise("raise fs.inotify.max_user_watches");
        directories_[id] = parent;
    }
    for (const auto& [id, parent] : before)
        if (!directories_.contains(id)) inotify_rm_watch(events_.get(), id);  // it may have gone with its directory
    return {};
}

Result<bool> LinkGuard::inventory_changed() const {
    const auto now = TRY(stat_beneath(view_.get(), inventory_path));
    return now && (now->st_ino != inventory_.st_ino || now->st_mtim.tv_sec != inventory_.st_mtim.tv_sec ||
                   now->st_mtim.tv_nsec != inventory_.st_mtim.tv_nsec);
}

// Every name in the directories of links; that of all links when the kernel lost count.
Result<> LinkGuard::take_in_events() {
    alignas(inotify_event) std::array<char, 16384> buffer;
    for (;;) {
        const ssize_t n = read(events_.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return {};
        if (n <= 0) return fail_errno(n < 0 ? errno : EIO, "reading what happened");
        for (size_t at = 0; at < static_cast<size_t>(n);) {
            const auto* event = reinterpret_cast<const inotify_event*>(&buffer[at]);
            at += sizeof(inotify_event) + event->len;
            if ((event->mask & IN_Q_OVERFLOW) != 0)
                for (const auto& [path, rule] : rules_) written_.insert(path);
            const auto directory = directories_.find(event->wd);
            if (event->len == 0 || directory == directories_.end()) continue;
            written_.insert(directory->second / static_cast<const char*>(event->name));
        }
    }
}

Result<std::vector<std::string>> LinkGuard::settle() {
    TRY(take_in_events());
    if (TRY(inventory_changed())) TRY(follow_inventory());
    look_at_new_links();
    forget_what_is_in_place();
    waiting_ = false;
    if (!written_.empty() || !begun_.empty()) TRY(settle_under_lock());
    return std::exchange(lines_, {});
}

// What was there before anybody watched. Whose it is nobody knows, so it stays where it is.
void LinkGuard::look_at_new_links() {
    for (const fs::path& path : std::exchange(new_links_, {})) {
        const auto rule = rules_.find(path);
        if (rule == rules_.end()) continue;
        const fs::path left = fs::path(node_) / path.parent_path().relative_path() / between(rule->second);
        if (const auto there = stat_beneath(nodes_.get(), left); !there || *there) begun_.insert(path);
        if (written_.contains(path)) continue;
        const auto state = link_state(view_.get(), path);
        if (!state)
            say(path, state.error().what);
        else if (*state == LinkState::other)
            say(path, "stands where the link belongs, since before it was watched: pando cdsl check says what to do");
    }
}

// Nothing at all is there between two steps of a program; check tells when it stays so.
void LinkGuard::forget_what_is_in_place() {
    std::erase_if(written_, [&](const fs::path& path) {
        if (!rules_.contains(path)) return true;
        const auto state = link_state(view_.get(), path);
        return state && *state != LinkState::other;
    });
}

Result<> LinkGuard::settle_under_lock() {
    const auto lock = TRY(ChangeLock::take_now(view_.get(), {node_, "pando cdsl guard"}));
    waiting_ = !lock;
    if (!lock) return {};
    TRY(follow_inventory());  // a link that was deleted meanwhile is none any more
    const auto intents = read_intents(view_.get());
    if (!intents) {
        say(fs::path("/") / journal_directory, intents.error().what);  // nobody knows which paths it is about
        return {};
    }
    std::set<fs::path> paths = written_;
    paths.insert(begun_.begin(), begun_.end());
    for (const fs::path& path : paths) {
        const auto rule = rules_.find(path);
        if (rule == rules_.end()) {
            written_.erase(path);
            begun_.erase(path);
        } else if (std::any_of(intents->begin(), intents->end(),
                               [&](const Intent& intent) { return concerns(intent, path); })) {
            say(path, "waits for a change that was interrupted: pando cdsl repair completes it");
        } else {
            settle_one(rule->second);
        }
    }
    return {};
}

void LinkGuard::settle_one(const Rule& rule) {
    const auto adopted = adopt(rule, written_.contains(rule.path));
    if (!adopted) {
        begun_.insert(rule.path);  // the next time is tried again
        say(rule.path, adopted.error().what);
        return;
    }
    written_.erase(rule.path);
    begun_.erase(rule.path);
    said_.erase(rule.path);
    if (*adopted)
        lines_.push_back(
            fmt::format("{}: what a program put in place of the link is {}'s own now", rule.path.string(), node_));
}

void LinkGuard::say(const fs::path& path, const std::string& line) {
    if (std::exchange(said_[path], line) != line) lines_.push_back(fmt::format("{}: {}", path.string(), line));
}

// False when there is nothing to do: the link is in place, or nothing is.
Result<bool> LinkGuard::adopt(const Rule& rule, bool written) {
    const bool completed = TRY(complete(rule));
    if (!written) return completed;
    const auto parent = TRY(open_parent(view_.get(), rule.path));
    struct stat st {};
    if (fstatat(parent.get(), rule.path.filename().c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT) return completed;
        return fail_errno(errno, "looking at it");
    }
    if (TRY(link_text(parent.get(), rule.path.filename())) == target_of_link(rule.path)) return completed;
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
        return fail("is neither a file nor a link now").advise("move it away, and run pando cdsl repair");
    const auto tree = TRY(place_in_tree(rule));
    if (!TRY(swap(rule, parent.get(), tree.get(), st))) return completed;
    return TRY(complete(rule)) || completed;
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

// The link and what stands in its place change places. False when that has gone meanwhile.
Result<bool> LinkGuard::swap(const Rule& rule, int parent, int tree, const struct stat& seen) {
    const std::string name = between(rule);
    if (name.size() > NAME_MAX) return fail("its name is too long to be kept private");
    const fs::path file = rule.path.filename();
    if (symlinkat(target_of_link(rule.path).c_str(), tree, name.c_str()) < 0)
        return fail_errno(errno, "making the link");
    reached("made the link");
    const auto exchange = [&] { return renameat2(tree, name.c_str(), parent, file.c_str(), RENAME_EXCHANGE); };
    if (exchange() < 0) {
        const int err = errno;
        if (unlinkat(tree, name.c_str(), 0) < 0) return fail_errno(errno, "removing {}", name);
        if (err == ENOENT) return false;
        return fail_errno(err, "changing places with the link");
    }
    reached("changed places");
    TRY(flush_directory(parent));
    struct stat came {};
    if (fstatat(tree, name.c_str(), &came, AT_SYMLINK_NOFOLLOW) < 0) return fail_errno(errno, "looking at it");
    if (S_ISDIR(came.st_mode)) {
        if (exchange() < 0) return fail_errno(errno, "putting a directory back");
        return fail("is neither a file nor a link now");
    }
    const bool ours = TRY(link_text(tree, name)) == target_of_link(rule.path);
    if (ours || (came.st_ino == seen.st_ino && came.st_dev == seen.st_dev)) return true;
    // Another one came in between. It may be this node's or another's, so it is kept where all find it as well.
    const fs::path place = fs::path("/") / nodes_directory / node_ / rule.path.parent_path().relative_path() / name;
    const std::string kept = TRY(displace(view_.get(), place, "guard"));
    lines_.push_back(fmt::format("{}: was written twice at once, perhaps by another node; what came last is {} as well",
                                 rule.path.string(), kept));
    return true;
}

// Whatever lies between is the node's own, unless it is the link that did not get out. True when it was taken.
Result<bool> LinkGuard::complete(const Rule& rule) const {
    const fs::path place = fs::path(node_) / rule.path.parent_path().relative_path();
    const auto tree = open_beneath(nodes_.get(), place, O_PATH | O_DIRECTORY);
    if (!tree && tree.error().sys == ENOENT) return false;
    if (!tree) return Failure(tree.error());
    const std::string name = between(rule);
    struct stat st {};
    if (fstatat(tree->get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT || errno == ENAMETOOLONG) return false;
        return fail_errno(errno, "looking at {}", name);
    }
    if (S_ISDIR(st.st_mode)) return fail("{} in the node's tree is a directory", name).advise("move it away");
    const auto text = TRY(link_text(tree->get(), name));
    const bool ours = text && *text == target_of_link(rule.path);
    if (text && !ours)
        TRY(take_symlink(rule, tree->get(), *text));
    else if (!ours && renameat(tree->get(), name.c_str(), tree->get(), rule.path.filename().c_str()) < 0)
        return fail_errno(errno, "making it the node's own");
    if (!ours) reached("made it the node's own");
    // Of two names of one file a rename leaves both.
    if (unlinkat(tree->get(), name.c_str(), 0) < 0 && errno != ENOENT) return fail_errno(errno, "removing {}", name);
    TRY(flush_directory(tree->get()));
    return !ours;
}

// Relative to its directory, which is not where it goes: the node's own is made absolute.
Result<> LinkGuard::take_symlink(const Rule& rule, int tree, const std::string& text) const {
    const fs::path target = (rule.path.parent_path() / text).lexically_normal();
    return replace_by_link(tree, rule.path.filename(), target.string(), "link." + node_);
}

}  // namespace pando::cdsl
