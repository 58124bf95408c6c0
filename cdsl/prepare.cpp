// SPDX-License-Identifier: GPL-2.0-or-later
// Making a root shareable. The order is what makes it crash-safe: content is in the template, flushed, before a link
// takes its path; and a bind leaves what the path held where it is, under the mount.
#include "base/file.h"
#include "base/log.h"
#include "cdsl/apply.h"
#include "cdsl/beneath.h"
#include "cdsl/change.h"
#include "cdsl/displace.h"
#include "cdsl/inventory.h"
#include "cdsl/layout.h"
#include "cdsl/preparation.h"
#include "cdsl/rebuild.h"
#include "cdsl/seed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <algorithm>
#include <climits>
#include <map>
#include <memory>
#include <set>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr const char* writer = "prepare";  // in temporary names

struct Directory {
    const char* path;
    mode_t permissions;
};
// Other users reach a node's files through /.pando/local, which passes by none of the closed ones.
constexpr Directory directories[] = {
    {pando_directory, 0755},  {nodes_directory, 0700},   {".pando/nodes/.template", 0755}, {local_directory, 0755},
    {shared_directory, 0755}, {journal_directory, 0700}, {displaced_directory, 0700},      {kept_directory, 0700}};

bool older(const struct stat& one, const struct stat& other) {
    if (one.st_mtim.tv_sec != other.st_mtim.tv_sec) return one.st_mtim.tv_sec < other.st_mtim.tv_sec;
    return one.st_mtim.tv_nsec < other.st_mtim.tv_nsec;
}

// ACLs among them. Links are not followed.
Result<std::map<std::string, std::string>> attributes_of(int directory, const fs::path& name) {
    const std::string path = fmt::format("/proc/self/fd/{}/{}", directory, name.string());
    std::map<std::string, std::string> all;
    std::string names(XATTR_LIST_MAX, '\0');
    const ssize_t length = llistxattr(path.c_str(), names.data(), names.size());
    if (length < 0 && errno == EOPNOTSUPP) return all;
    if (length < 0) return fail_errno(errno, "listing extended attributes of {}", name.string());
    std::string value(XATTR_SIZE_MAX, '\0');
    for (size_t at = 0; at < static_cast<size_t>(length);) {
        const std::string key = &names[at];
        at += key.size() + 1;
        const ssize_t size = lgetxattr(path.c_str(), key.c_str(), value.data(), value.size());
        if (size < 0) return fail_errno(errno, "reading extended attribute {} of {}", key, name.string());
        all[key] = value.substr(0, static_cast<size_t>(size));
    }
    return all;
}

// What the steps share. The root is opened by the first that needs it: planning alone reads nothing.
class Preparation {
public:
    Preparation(fs::path root, std::vector<Rule> rules, Checkpoint checkpoint)
        : root_(std::move(root)), rules_(std::move(rules)), checkpoint_(std::move(checkpoint)) {}

    const std::vector<Rule>& rules() const { return rules_; }

    // On a running node the private mounts hide what is being prepared. Whoever applies a step holds a Change, which
    // is not to be had without seeing below them.
    Result<int> view() {
        if (!shared_) shared_ = TRY(SharedRoot::open_to_look(root_));
        return shared_->bare();
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

    // A rule for what may not be installed has nothing to do where it is not. A link that was made has left its content
    // in the template: when it is gone, it is to come back.
    Result<bool> applies(const Rule& rule) {
        if (rule.when == When::always || TRY(stat_beneath(TRY(view()), rule.path))) return true;
        const fs::path seed = fs::path(nodes_directory) / template_tree / rule.path.relative_path();
        return rule.mode == Mode::link && TRY(stat_beneath(TRY(view()), seed)).has_value();
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
            for (const std::string& node : TRY(shared_->trees()))
                if (!TRY(seeder.has(node, rule.path))) return false;
        return true;
    }

    Result<> put_in_template(const Rule& rule) {
        const int root = TRY(view());
        const auto nodes = TRY(open_beneath(root, nodes_directory, O_PATH | O_DIRECTORY));
        const Seeder seeder = seeder_for(nodes.get());
        TRY(seeder.add(template_tree, rule.path, root,
                       [&](const Entry& to) { return seed_from_root(root, rule, rules_, to); }));
        // A link leads every node to its own tree from one moment to the next: running nodes need the content before.
        if (rule.mode == Mode::link) {
            const auto start = TRY(open_beneath(nodes.get(), template_tree, O_PATH | O_DIRECTORY));
            const auto parent = TRY(open_parent(start.get(), rule.path));
            for (const std::string& node : TRY(shared_->trees()))
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
        // What a program put there meanwhile, or an empty seed does not have, is nowhere else. On a node that runs, a
        // program may have the file open and go on writing to it.
        const bool live = TRY(shared_->local_node()).has_value();
        const auto spare = [&](const Entry& entry) -> Result<bool> {
            if (live) return false;
            return same_as_template(rule, entry);
        };
        const std::string kept = TRY(put_link(root, rule.path, "shared", spare, checkpoint_));
        if (!kept.empty())
            log::info("{}: what stood there is {}; a program that has it open still writes to that", rule.path.string(),
                      kept);
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

    // `entry`: what stood at the rule's path.
    Result<bool> same_as_template(const Rule& rule, const Entry& entry) {
        const fs::path seed = fs::path(nodes_directory) / template_tree / rule.path.relative_path();
        const auto one = TRY(stat_beneath(entry.directory, entry.name));
        const auto other = TRY(stat_beneath(TRY(view()), seed));
        if (!one || !other) return false;
        const auto there = TRY(open_parent(TRY(view()), seed));
        const fs::path name = rule.path.filename();
        if (S_ISLNK(one->st_mode)) {
            const std::string text = TRY(link_text(entry.directory, entry.name)).value_or("");
            const fs::path target = (rule.path.parent_path() / text).lexically_normal();  // as the template has it
            return TRY(link_text(there.get(), name)) == target.string();
        }
        if (!S_ISREG(one->st_mode) || one->st_mode != other->st_mode || one->st_size != other->st_size) return false;
        if (one->st_uid != other->st_uid || one->st_gid != other->st_gid) return false;
        if (static_cast<size_t>(one->st_size) > default_read_limit) return false;
        if (TRY(attributes_of(entry.directory, entry.name)) != TRY(attributes_of(there.get(), name))) return false;
        return TRY(read_beneath(entry.directory, entry.name, default_read_limit)) ==
               TRY(read_beneath(there.get(), name, default_read_limit));
    }

    // Is there something to start a node's file from?
    Result<bool> link_has_content(const Rule& rule) {
        if (rule.seed == Seed::empty) return true;
        return TRY(link_state(TRY(view()), rule.path)) == LinkState::other;
    }

    void reached(std::string_view done) const {
        if (checkpoint_) checkpoint_(done);
    }

    fs::path root_;
    std::vector<Rule> rules_;  // one for each path, parents first
    Checkpoint checkpoint_;
    std::optional<SharedRoot> shared_;
};

// The change that a run of prepare() is: begun by the first step that changes something, over with the last one.
class Run {
public:
    Run(fs::path root, std::vector<Rule> policy, Checkpoint checkpoint, Holder who)
        : root_(std::move(root)),
          policy_(std::move(policy)),
          checkpoint_(std::move(checkpoint)),
          who_(std::move(who)) {}
    Run(Change change, std::vector<Rule> policy, Checkpoint checkpoint, Holder who)
        : Run(change.shared().path(), std::move(policy), std::move(checkpoint), std::move(who)) {
        change_ = std::move(change);
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    // Not completed: what is missing shows in the next plan, nothing is half.
    ~Run() {
        if (change_ && !intent_.id.empty()) (void)remove_intent(change_->shared().bare(), intent_.id);
    }

    Result<> begin() {
        if (!intent_.id.empty()) return {};
        if (!change_) {
            change_ = TRY(Change::begin(root_, who_, checkpoint_));
            for (const std::string& line : change_->recovered()) log::info("{}", line);
        }
        intent_.holder = who_;
        intent_.actions = {{.kind = Action::Kind::prepare, .from = {}, .to = {}, .path = {}},
                           {.kind = Action::Kind::commit, .from = {}, .to = {}, .path = {}}};
        intent_.inventory = TRY(wanted(change_->shared()));
        TRY(write_intent(change_->shared().bare(), intent_));
        reached("wrote the intent");
        return {};
    }

    Result<bool> nothing_interrupted() {
        if (change_) return true;
        const auto shared = TRY(SharedRoot::open_to_look(root_));
        return TRY(read_intents(shared.bare())).empty();
    }

    Result<bool> has_inventory() {
        if (change_ && !intent_.id.empty()) return false;
        const auto shared = TRY(SharedRoot::open_to_look(root_));
        return TRY(read_beneath(shared.bare(), inventory_path, inventory_limit)) == inventory_text(TRY(wanted(shared)));
    }

    Result<> write_inventory() {
        const int root = change_->shared().bare();
        const auto pando = TRY(open_beneath(root, pando_directory, O_PATH | O_DIRECTORY));
        TRY(replace_file(pando.get(), inventory_name, inventory_text(intent_.inventory), 0644, writer));
        reached("wrote the inventory");
        TRY(remove_intent(root, intent_.id));
        intent_.id.clear();
        reached("removed the intent");
        return {};
    }

private:
    // What the policy no longer has stays until somebody says what becomes of its content.
    Result<Inventory> wanted(const SharedRoot& shared) const {
        const auto text = TRY(read_beneath(shared.bare(), inventory_path, inventory_limit));
        if (!text) return inventory_for(policy_, {});
        auto before = parse_inventory(*text);
        if (!before && is_newer_inventory(*text)) return Failure(before.error());
        if (!before) before = TRY(rebuild_inventory(shared, policy_));  // torn by something else than us
        return inventory_for(policy_, *before);
    }

    void reached(std::string_view done) const {
        if (checkpoint_) checkpoint_(done);
    }

    fs::path root_;
    std::vector<Rule> policy_;  // of all nodes
    Checkpoint checkpoint_;
    Holder who_;
    std::optional<Change> change_;
    Intent intent_;  // without id: none is on disk
};

}  // namespace

Plan preparation(const fs::path& root, const std::vector<Rule>& rules, Extent extent, const Checkpoint& checkpoint) {
    const auto work = std::make_shared<Preparation>(root, rules, checkpoint);
    Plan plan;
    const auto add = [&](std::string text, auto done, auto change) {
        plan.add({.text = std::move(text), .done = done, .apply = change});
    };
    if (extent == Extent::whole) {
        add(
            "create /.pando with the places for the nodes' trees", [=] { return work->directories_made(); },
            [=] { return work->make_directories(); });
        add(
            "clear away what an interrupted run left", [=] { return work->is_clear(); }, [=] { return work->clear(); });
        add(
            "mark the template's directories that are no content", [=] { return work->is_marked(); },
            [=] { return work->mark(); });
    }
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
    if (extent == Extent::whole)
        for (const char* directory : {"etc", "var"})
            add(
                fmt::format("mark /{} as up to date with /usr", directory), [=] { return work->is_stamped(directory); },
                [=] { return work->stamp(directory); });
    return plan;
}

namespace {

Plan plan_of(const std::shared_ptr<Run>& run, const fs::path& root, const std::vector<Rule>& policy,
             const Checkpoint& checkpoint) {
    const Plan steps = preparation(root, merged(policy), Extent::whole, checkpoint);
    Plan plan;
    plan.add({.text = "complete or undo what was interrupted",
              .done = [=] { return run->nothing_interrupted(); },
              .apply = [=] { return run->begin(); }});
    for (const Step& step : steps.steps())
        plan.add({.text = step.text, .done = step.done, .apply = [=]() -> Result<> {
                      TRY(run->begin());
                      if (TRY(step.done())) return {};  // by another node, while this one waited
                      return step.apply();
                  }});
    plan.add({.text = fmt::format("write /.pando/cdsl.yaml: {} rules", policy.size()),
              .done = [=] { return run->has_inventory(); },
              .apply = [=]() -> Result<> {
                  TRY(run->begin());
                  return run->write_inventory();
              }});
    return plan;
}

}  // namespace

Plan prepare(const fs::path& root, const std::vector<Rule>& policy, const Checkpoint& checkpoint, const Holder& who) {
    return plan_of(std::make_shared<Run>(root, policy, checkpoint, who), root, policy, checkpoint);
}

Plan prepare(Change change, const std::vector<Rule>& policy, const Checkpoint& checkpoint, const Holder& who) {
    const fs::path root = change.shared().path();
    return plan_of(std::make_shared<Run>(std::move(change), policy, checkpoint, who), root, policy, checkpoint);
}

}  // namespace pando::cdsl
