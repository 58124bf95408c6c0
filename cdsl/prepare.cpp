// SPDX-License-Identifier: GPL-2.0-or-later
// Making a root shareable. The order is what makes it crash-safe: content is in the template, flushed, before a link
// takes its path; and a bind leaves what the path held where it is, under the mount.
#include "base/lock.h"
#include "cdsl/apply.h"
#include "cdsl/beneath.h"
#include "cdsl/inventory.h"
#include "cdsl/layout.h"
#include "cdsl/mounts.h"
#include "cdsl/seed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <memory>
#include <set>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr const char* writer = "prepare";                 // in temporary names
constexpr const char* workplace = ".prepare";             // in /.pando/nodes; no node has such a name
constexpr auto lock_patience = std::chrono::minutes(10);  // another node may be copying a large directory

struct Directory {
    const char* path;
    mode_t permissions;
};
// Other users reach a node's files through /.pando/local, which passes by none of the closed ones.
constexpr Directory directories[] = {
    {pando_directory, 0755},  {nodes_directory, 0700},   {".pando/nodes/.template", 0755}, {local_directory, 0755},
    {shared_directory, 0755}, {journal_directory, 0700}, {displaced_directory, 0700}};

bool older(const struct stat& one, const struct stat& other) {
    if (one.st_mtim.tv_sec != other.st_mtim.tv_sec) return one.st_mtim.tv_sec < other.st_mtim.tv_sec;
    return one.st_mtim.tv_nsec < other.st_mtim.tv_nsec;
}

// What the steps share. The root is opened by the first that needs it: planning alone reads nothing.
class Preparation {
public:
    Preparation(fs::path root, const std::vector<Rule>& policy, Checkpoint checkpoint)
        : root_(std::move(root)), policy_(policy), rules_(merged(policy)), checkpoint_(std::move(checkpoint)) {
        for (const Rule& rule : rules_)
            if (rule.mode != Mode::link) mount_points_.insert(rule.path);
    }

    const std::vector<Rule>& rules() const { return rules_; }

    // Held by each step while it changes something: temporary names and the workplace are the same on every node. GFS2
    // carries the lock to the others. Its own directory is made without it; mkdir has one winner.
    Result<FileLock> take_lock() {
        if (!TRY(stat_beneath(TRY(view()), journal_directory))) {
            TRY(ensure_directory(TRY(view()), pando_directory, 0755));
            TRY(ensure_directory(TRY(view()), journal_directory, 0700));
            reached("made the lock's directory");
        }
        return FileLock::take(root_ / journal_directory / "lock", Deadline::after(lock_patience));
    }

    // On a running node the private mounts hide what is being prepared.
    Result<int> view() {
        if (!view_.valid()) {
            const UniqueFd seen(open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
            if (!seen.valid()) return fail_errno(errno, "opening {}", root_.string());
            view_ = TRY(bare_view(seen.get()));
        }
        return view_.get();
    }

    Result<bool> directories_made() {
        for (const auto& [path, permissions] : directories) {
            const auto st = TRY(stat_beneath(TRY(view()), path));
            if (!st || !S_ISDIR(st->st_mode) || st->st_uid != 0 || (st->st_mode & 07777U) != permissions) return false;
        }
        return true;
    }

    Result<> make_directories() {
        for (const auto& [path, permissions] : directories) {
            const auto made = TRY(ensure_directory(TRY(view()), path, permissions));
            const auto directory = TRY(open_beneath(made.get(), "", O_RDONLY | O_DIRECTORY));
            if (fchown(directory.get(), 0, 0) < 0 || fchmod(directory.get(), permissions) < 0)
                return fail_errno(errno, "{} must be root's", path);
            reached("made a directory");
        }
        return sync_filesystem(TRY(view()));
    }

    Result<bool> is_clear() { return !TRY(stat_beneath(TRY(view()), fs::path(nodes_directory) / workplace)); }

    Result<> clear() {
        const auto nodes = TRY(open_beneath(TRY(view()), nodes_directory, O_PATH | O_DIRECTORY));
        return seeder_for(nodes.get()).clean();
    }

    // An archive of a prepared root may come without the marks of the template; the inventory in it says which
    // directories are only there for what is below them.
    Result<bool> is_marked() { return TRY(unmarked_parents()).empty(); }

    Result<> mark() {
        const auto nodes = TRY(open_beneath(TRY(view()), nodes_directory, O_PATH | O_DIRECTORY));
        for (const fs::path& path : TRY(unmarked_parents()))
            TRY(seeder_for(nodes.get()).mark_parent(template_tree, path));
        return {};
    }

    // A rule for what may not be installed has nothing to do where it is not.
    Result<bool> applies(const Rule& rule) {
        return rule.when == When::always || TRY(stat_beneath(TRY(view()), rule.path)).has_value();
    }

    Result<bool> has_mount_point(const Rule& rule) {
        if (!TRY(applies(rule))) return true;
        const auto directory = open_beneath(TRY(view()), rule.path, O_PATH | O_DIRECTORY);
        if (directory) return true;
        if (directory.error().sys == ENOENT) return false;
        return Failure(directory.error());
    }

    Result<> make_mount_point(const Rule& rule) {
        TRY(ensure_directory(TRY(view()), rule.path.parent_path(), 0755));
        TRY(ensure_directory(TRY(view()), rule.path, rule.permissions));
        reached("made a mount point");
        return {};
    }

    Result<bool> in_template(const Rule& rule) {
        if (!TRY(applies(rule))) return true;
        const auto nodes = open_beneath(TRY(view()), nodes_directory, O_PATH | O_DIRECTORY);
        if (!nodes) return false;
        const Seeder seeder = seeder_for(nodes->get());
        if (!TRY(seeder.has(template_tree, rule.path))) return rule.mode == Mode::link && !TRY(link_has_content(rule));
        if (rule.mode == Mode::link)
            for (const std::string& node : TRY(node_trees(nodes->get())))
                if (!TRY(seeder.has(node, rule.path))) return false;
        return true;
    }

    Result<> put_in_template(const Rule& rule) {
        const int root = TRY(view());
        const auto nodes = TRY(open_beneath(root, nodes_directory, O_PATH | O_DIRECTORY));
        const Seeder seeder = seeder_for(nodes.get());
        TRY(seeder.add(template_tree, rule.path, root, [&](const Entry& to) { return make_seed(rule, to); }));
        // A link leads every node to its own tree from one moment to the next: running nodes need the content before.
        if (rule.mode == Mode::link) {
            const auto start = TRY(open_beneath(nodes.get(), template_tree, O_PATH | O_DIRECTORY));
            const auto parent = TRY(open_parent(start.get(), rule.path));
            for (const std::string& node : TRY(node_trees(nodes.get())))
                TRY(seeder.add(node, rule.path, start.get(), [&](const Entry& to) {
                    return copy_tree({parent.get(), rule.path.filename().string()}, to);
                }));
        }
        return {};
    }

    Result<bool> is_linked(const Rule& rule) {
        if (!TRY(applies(rule))) return true;
        return TRY(link_state(TRY(view()), rule.path)) == LinkState::ours;
    }

    Result<> make_link(const Rule& rule) {
        const int root = TRY(view());
        TRY(ensure_directory(root, rule.path.parent_path(), 0755));
        const auto parent = TRY(open_parent(root, rule.path));
        TRY(replace_by_link(parent.get(), rule.path.filename(), target_of_link(rule.path), writer));
        reached("linked");
        return {};
    }

    // systemd brings /etc and /var up to date when /usr is newer than their stamp. On a root without stamps every node
    // would run ldconfig, sysusers and the like on the same files at its first boot; dpkg's triggers have done it.
    Result<bool> is_stamped(const char* directory) {
        const int root = TRY(view());
        const auto usr = TRY(stat_beneath(root, "usr"));
        if (!usr || !TRY(stat_beneath(root, directory))) return true;
        const auto stamp = TRY(stat_beneath(root, fs::path(directory) / ".updated"));
        return stamp && !older(*stamp, *usr);
    }

    Result<> stamp(const char* directory) {
        const int root = TRY(view());
        const auto usr = TRY(stat_beneath(root, "usr"));
        const auto parent = TRY(open_beneath(root, directory, O_PATH | O_DIRECTORY));
        const std::string nanoseconds = fmt::format("{}{:09}", usr->st_mtim.tv_sec, usr->st_mtim.tv_nsec);
        TRY(replace_file(
            parent.get(), ".updated",
            fmt::format("# This directory goes with /usr as of this time.\nTIMESTAMP_NSEC={}\n", nanoseconds), 0644,
            writer));
        const timespec times[] = {usr->st_mtim, usr->st_mtim};
        if (utimensat(parent.get(), ".updated", times, AT_SYMLINK_NOFOLLOW) < 0)
            return fail_errno(errno, "setting the time of {}/.updated", directory);
        reached("stamped");
        return {};
    }

    Result<bool> has_inventory() {
        return TRY(read_beneath(TRY(view()), inventory_path, inventory_limit)) == inventory_text({policy_, {}});
    }

    Result<> write_inventory() {
        const auto pando = TRY(open_beneath(TRY(view()), pando_directory, O_PATH | O_DIRECTORY));
        TRY(replace_file(pando.get(), inventory_name, inventory_text({policy_, {}}), 0644, writer));
        reached("wrote the inventory");
        return {};
    }

private:
    Seeder seeder_for(int nodes) const { return Seeder(nodes, workplace, checkpoint_); }

    Result<std::vector<fs::path>> unmarked_parents() {
        const auto text = TRY(read_beneath(TRY(view()), inventory_path, inventory_limit));
        const auto nodes = open_beneath(TRY(view()), nodes_directory, O_PATH | O_DIRECTORY);
        if (!text || !nodes) return std::vector<fs::path>{};  // a root that is prepared for the first time
        const auto known = parse_inventory(*text);
        if (!known && is_newer_inventory(*text)) return Failure(known.error());
        if (!known) return std::vector<fs::path>{};  // torn by something else than us: the last step writes it anew
        const auto is_content = [&](const fs::path& path) {
            return std::any_of(known->rules.begin(), known->rules.end(), [&](const Rule& rule) {
                return rule.mode == Mode::bind && (rule.path == path || is_below(path, rule.path));
            });
        };
        std::set<fs::path> parents;
        for (const Rule& rule : known->rules)
            for (fs::path path = rule.path.parent_path(); path != "/"; path = path.parent_path())
                if (!is_content(path)) parents.insert(path);
        std::vector<fs::path> unmarked;
        for (const fs::path& path : parents)
            if (TRY(seeder_for(nodes->get()).has(template_tree, path))) unmarked.push_back(path);
        return unmarked;
    }

    static Result<std::vector<std::string>> node_trees(int nodes) {
        auto names = TRY(names_in(nodes));
        std::erase_if(names, [](const std::string& name) { return name.starts_with('.'); });
        return names;
    }

    // Is there something to start a node's file from?
    Result<bool> link_has_content(const Rule& rule) {
        if (rule.seed == Seed::empty) return true;
        return TRY(link_state(TRY(view()), rule.path)) == LinkState::other;
    }

    Result<> make_seed(const Rule& rule, const Entry& to) {
        const auto parent = TRY(open_parent(TRY(view()), rule.path));
        const std::string name = rule.path.filename().string();
        if (rule.mode == Mode::link) return make_file(rule, {parent.get(), name}, to);
        return copy_tree({parent.get(), name}, to, [&](const fs::path& relative) {
            return relative.empty() ? rule.seed == Seed::empty : mount_points_.contains(rule.path / relative);
        });
    }

    static Result<> make_file(const Rule& rule, const Entry& from, const Entry& to) {
        if (rule.seed == Seed::empty) return replace_file(to.directory, to.name, "", rule.permissions, writer);
        const auto text = TRY(link_text(from.directory, from.name));
        if (!text) return copy_tree(from, to);
        // Somebody's symlink (resolv.conf into /run): relative to its directory, which is not where it goes.
        const fs::path target = (rule.path.parent_path() / *text).lexically_normal();
        return replace_by_link(to.directory, to.name, target.string(), writer);
    }

    void reached(std::string_view done) const {
        if (checkpoint_) checkpoint_(done);
    }

    fs::path root_;
    std::vector<Rule> policy_;  // of all nodes
    std::vector<Rule> rules_;   // one for each path, parents first
    std::set<fs::path> mount_points_;
    Checkpoint checkpoint_;
    UniqueFd view_;
};

}  // namespace

Plan prepare(const fs::path& root, const std::vector<Rule>& policy, const Checkpoint& checkpoint) {
    const auto work = std::make_shared<Preparation>(root, policy, checkpoint);
    Plan plan;
    const auto add = [&](std::string text, auto done, auto change) {
        plan.add({.text = std::move(text), .done = done, .apply = [=]() -> Result<> {
                      const auto lock = TRY(work->take_lock());
                      if (TRY(done())) return {};  // by another node, while this one waited
                      return change();
                  }});
    };
    add(
        "create /.pando with the places for the nodes' trees", [=] { return work->directories_made(); },
        [=] { return work->make_directories(); });
    add(
        "clear away what an interrupted run left", [=] { return work->is_clear(); }, [=] { return work->clear(); });
    add(
        "mark the template's directories that are no content", [=] { return work->is_marked(); },
        [=] { return work->mark(); });
    for (const Rule& rule : work->rules())
        if (rule.mode != Mode::link)
            add(
                fmt::format("create the mount point {}", rule.path.string()),
                [=] { return work->has_mount_point(rule); }, [=] { return work->make_mount_point(rule); });
    for (const Rule& rule : work->rules())
        if (rule.mode == Mode::bind || rule.mode == Mode::link)
            add(
                rule.seed == Seed::copy ? fmt::format("copy {} to the template", rule.path.string())
                                        : fmt::format("put an empty {} in the template", rule.path.string()),
                [=] { return work->in_template(rule); }, [=] { return work->put_in_template(rule); });
    for (const Rule& rule : work->rules())
        if (rule.mode == Mode::link)
            add(
                fmt::format("link {} to {}", rule.path.string(), target_of_link(rule.path)),
                [=] { return work->is_linked(rule); }, [=] { return work->make_link(rule); });
    for (const char* directory : {"etc", "var"})
        add(
            fmt::format("mark /{} as up to date with /usr", directory), [=] { return work->is_stamped(directory); },
            [=] { return work->stamp(directory); });
    add(
        fmt::format("write /.pando/cdsl.yaml: {} rules", work->rules().size()), [=] { return work->has_inventory(); },
        [=] { return work->write_inventory(); });
    return plan;
}

}  // namespace pando::cdsl
