// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/declare.h"

#include "cdsl/additions.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/live.h"
#include "cdsl/mounts.h"
#include "cdsl/refusals.h"
#include "cdsl/seed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <set>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

using Kind = Action::Kind;

const Rule* find(const std::vector<Rule>& rules, const fs::path& path) {
    const auto at = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.path == path; });
    return at == rules.end() ? nullptr : &*at;
}

bool same_place(const Rule& one, const Rule& other) { return one.path == other.path && one.scope == other.scope; }

bool contains(const std::vector<Rule>& rules, const Rule& wanted) {
    return std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) { return rule == wanted; });
}

// What both directions need to know before anything is decided.
class Planner {
public:
    Planner(const SharedRoot& shared, const config::Cluster& cluster) : shared_(shared), cluster_(cluster) {}

    Result<> load() {
        auto inventory = TRY(read_inventory(shared_.bare()));
        if (!inventory)
            return fail("{} has no /{}", shared_.path().string(), inventory_path)
                .advise("pando cdsl apply prepares a root; pando cdsl repair finds a lost inventory again");
        before_ = std::move(*inventory);
        additions_ = TRY(read_additions(shared_.bare()));
        nodes_ = TRY(open_beneath(shared_.bare(), nodes_directory, O_PATH | O_DIRECTORY));
        trees_ = TRY(shared_.trees());
        trees_.insert(trees_.begin(), template_tree);
        local_ = TRY(shared_.local_node());
        return {};
    }

protected:
    Result<std::vector<Rule>> policy_of(const std::vector<Rule>& additions) const {
        return policy_for_root(cluster_, additions, builtin_on(before_));
    }

    // The inventory when these additions take the place of those there are. What else the policy has that was not
    // applied yet is left to apply.
    Result<> decide(std::vector<Rule> additions) {
        const auto old_policy = TRY(policy_of(additions_));
        new_policy_ = TRY(policy_of(additions));
        intent_.inventory = before_;
        std::vector<Rule>& rules = intent_.inventory.rules;
        for (const Rule& rule : old_policy)
            if (!contains(new_policy_, rule)) {
                gone_.push_back(rule);
                std::erase_if(rules, [&](const Rule& one) { return same_place(one, rule); });
            }
        for (const Rule& rule : new_policy_)
            if (!contains(old_policy, rule)) {
                new_.push_back(rule);
                std::erase_if(rules, [&](const Rule& one) { return same_place(one, rule); });
                rules.push_back(rule);
            }
        std::stable_sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) { return a.path < b.path; });
        intent_.additions = std::move(additions);
        return {};
    }

    Result<bool> tree_has(const std::string& tree, const fs::path& path) const {
        const Checkpoint none;
        return Seeder(nodes_.get(), workplace, none).has(tree, path);
    }

    // "template" and names of nodes as people say them.
    Result<std::string> tree_named(const std::string& name) const {
        const std::string tree = name == keep_template ? template_tree : name;
        if (std::find(trees_.begin(), trees_.end(), tree) != trees_.end()) return tree;
        return bad_input("{} has no tree on this root", name)
            .advise(fmt::format("name one of: {}, {}, {}", keep_template, keep_shared,
                                fmt::join(trees_.begin() + 1, trees_.end(), ", ")));
    }

    static std::string label_of(const std::string& tree) { return tree == template_tree ? keep_template : tree; }
    static fs::path place_in(const std::string& tree, const fs::path& path) {
        return fs::path(nodes_directory) / tree / path.relative_path();
    }

    // A name below /.pando/kept that nothing has, neither there nor in this plan.
    Result<fs::path> kept_name(const fs::path& path, const std::string& label) {
        for (int number = 1; number < 1000; ++number) {
            const fs::path name = fs::path(kept_directory) / fmt::format("{}.{}.{}", flat_name(path), label, number);
            if (TRY(stat_beneath(shared_.bare(), name)) || !taken_.insert(name).second) continue;
            return name;
        }
        return fail("/{} is full of {}", kept_directory, path.string()).advise("look through it and empty it");
    }

    Result<bool> holds_something(const fs::path& directory) const {
        const auto fd = open_beneath(shared_.bare(), directory, O_PATH | O_DIRECTORY);
        if (!fd && fd.error().sys == ENOENT) return false;
        if (!fd) return Failure(fd.error());
        return !TRY(names_in(fd->get())).empty();
    }

    void act(Kind kind, fs::path from, fs::path to = {}, fs::path path = {}) {
        intent_.actions.push_back({kind, std::move(from), std::move(to), std::move(path)});
    }

    void undo_only_the_commit() {
        intent_.undo.push_back({.kind = Kind::tidy, .to = fs::path(nodes_directory) / workplace});
    }

    const SharedRoot& shared_;
    const config::Cluster& cluster_;
    Inventory before_;
    std::vector<Rule> additions_, new_policy_;
    std::vector<Rule> gone_, new_;  // of the policy, by this change
    UniqueFd nodes_;
    std::vector<std::string> trees_;  // the template first
    std::optional<std::string> local_;
    std::set<fs::path> taken_;
    Intent intent_;
};

class Creator : public Planner {
public:
    Creator(const SharedRoot& shared, const config::Cluster& cluster, const Creation& wanted)
        : Planner(shared, cluster), rule_(wanted.rule), keep_(wanted.keep) {}

    Result<Intent> plan() {
        rule_.path = TRY(checked_path(rule_.path.native()));
        rule_.declared = declared_root;
        TRY(load());
        TRY(check_scope());
        if (TRY(is_declared())) return Intent{};
        TRY(check_policy());
        TRY(check_disk());
        TRY(check_content());
        if (rule_.mode == Mode::shared)
            TRY(plan_shared());
        else
            TRY(plan_private());
        return std::move(intent_);
    }

private:
    std::string name() const { return rule_.path.string(); }

    Result<> check_scope() const {
        const std::string_view scope = rule_.scope;
        if (rule_.mode == Mode::link && scope != "all")
            return bad_input("{}: a link stands on the shared root, so it is there for every node, not only {}", name(),
                             scope)
                .advise("use scope all, or mode bind on the file's directory");
        if (scope == "all") return {};
        const auto& nodes = cluster_.nodes;
        if (scope.starts_with("node:") && cluster_.find_node(scope.substr(5)) != nullptr) return {};
        if (scope.starts_with("profile:") && std::any_of(nodes.begin(), nodes.end(), [&](const config::Node& node) {
                return !node.profile.empty() && node.profile == scope.substr(8);
            }))
            return {};
        return bad_input("{}: scope {} is no node's", name(), scope)
            .advise("all, profile:NAME or node:NAME, of those in cluster.yaml");
    }

    Result<bool> is_declared() const {
        for (const Rule& rule : additions_) {
            if (!same_place(rule, rule_)) continue;
            Rule same = rule_;
            same.why = rule.why;
            if (same == rule && contains(before_.rules, rule)) return true;
            return bad_input("{} is declared in {} already, mode {}", name(), declared_root, name_of(rule.mode))
                .advise(contains(before_.rules, rule) ? fmt::format("pando cdsl delete {} first", name())
                                                      : "pando cdsl apply makes it so");
        }
        for (const Rule& rule : TRY(policy_of(additions_))) {
            if (!same_place(rule, rule_)) continue;
            if (rule.declared == declared_cluster)
                return bad_input("{} is declared in cluster.yaml already, mode {}", name(), name_of(rule.mode))
                    .advise("change it there; pando cdsl apply makes it so");
            if (rule.declared == declared_builtin && rule.mode == rule_.mode)
                return bad_input("{} is built in already: {}", name(), rule.why)
                    .advise("pando cdsl apply makes it so where it is not");
        }
        return false;
    }

    // Nothing that was declared before may become senseless by it: that would be a deletion nobody asked for.
    Result<> check_policy() {
        Rule probe = rule_;
        probe.declared = declared_cluster;  // whose rules must make sense
        std::vector<Rule> additions = additions_;
        additions.push_back(probe);
        if (auto checked = policy_of(additions); !checked) return Failure(checked.error());
        additions.back() = rule_;
        TRY(decide(std::move(additions)));
        for (const Rule& rule : gone_)
            if (rule.declared == declared_root)
                return bad_input("{} would take in {}, which is declared in {}", name(), rule.path.string(),
                                 declared_root)
                    .advise(fmt::format("pando cdsl delete {} first", rule.path.string()));
        return {};
    }

    // Nor may content that nodes have go out of their sight.
    Result<> check_content() const {
        for (const Refusal& refusal : TRY(settle(shared_, cluster_, intent_.inventory.rules, before_)).refused)
            return bad_input("{} {}", refusal.path.string(), refusal.text())
                .advise(fmt::format("pando cdsl delete {} first: it keeps every copy and names it",
                                    (before_.below.empty() ? *refusal.hidden.begin()
                                                           : before_.below / refusal.hidden.begin()->relative_path())
                                        .string()));
        return {};
    }

    Result<> check_disk() {
        const auto there = TRY(stat_beneath(shared_.bare(), rule_.path));
        absent_ = !there;
        const bool directory = rule_.mode != Mode::link;
        if (there && directory && !S_ISDIR(there->st_mode))
            return bad_input("{} is {}, mode {} is for directories", name(),
                             S_ISLNK(there->st_mode) ? "a symlink" : "no directory", name_of(rule_.mode))
                .advise(S_ISLNK(there->st_mode) ? "name the directory itself" : "use --mode link for a single file");
        if (there && !directory && S_ISDIR(there->st_mode))
            return bad_input("{} is a directory, a link is for a single file", name())
                .advise("use --mode bind for a directory");
        if (directory) TRY(check_nothing_else_below(shared_, rule_.path, before_.rules));
        return check_filesystem();
    }

    // As processes see the path: what is mounted on the way is another filesystem, unless it is ours.
    Result<> check_filesystem() const {
        const auto root = TRY(stat_beneath(shared_.seen(), pando_directory));
        for (fs::path path = rule_.path; path != "/"; path = path.parent_path()) {
            const auto there = open_beneath(shared_.seen(), path, O_PATH);
            if (!there) continue;
            const Rule* over = find(before_.rules, path);
            if (!TRY(is_mount_root(there->get()))) continue;
            if (over != nullptr && over->mode != Mode::link) return {};
            struct stat st {};
            if (fstat(there->get(), &st) < 0) return fail_errno(errno, "looking at {}", path.string());
            return bad_input("{}: something is mounted on {}{}", name(), path.string(),
                             root && st.st_dev == root->st_dev ? "" : ", it is on another filesystem than the root")
                .advise(fmt::format("unmount it; or, if it is shared by all nodes, give it CDSLs of its own: "
                                    "pando cdsl apply --filesystem {}",
                                    path.string()));
        }
        return {};
    }

    Result<> plan_private() {
        const fs::path& path = rule_.path;
        if (has_content(rule_)) {
            TRY(plan_seed(template_tree, ""));
            for (const config::Node& node : cluster_.nodes)
                if (contains(rules_of_node(intent_.inventory.rules, node.name, node.profile), rule_) &&
                    std::find(trees_.begin() + 1, trees_.end(), node.name) != trees_.end())
                    TRY(plan_seed(node.name, template_tree));
            // Of a removed node: a link leads there too, should it come back.
            for (auto tree = trees_.begin() + 1; rule_.mode == Mode::link && tree != trees_.end(); ++tree)
                if (cluster_.find_node(*tree) == nullptr) TRY(plan_seed(*tree, template_tree));
        }
        if (absent_ && rule_.mode != Mode::link)
            intent_.undo.push_back({.kind = Kind::tidy, .to = path.relative_path()});
        act(Kind::prepare, {}, {}, path);
        act(Kind::commit, {});
        if (intent_.undo.empty()) undo_only_the_commit();
        return {};
    }

    // What a tree has already is the node's, from an earlier time: it stays, and is not undone.
    Result<> plan_seed(const std::string& tree, const std::string& from) {
        if (TRY(tree_has(tree, rule_.path))) return {};
        act(Kind::seed, from, tree, rule_.path);
        intent_.undo.push_back({Kind::unseed, {}, tree, rule_.path});
        return {};
    }

    // A directory inside a private one becomes every node's: one copy moves out, the others stay under the mount.
    Result<> plan_shared() {
        const fs::path& path = rule_.path;
        act(Kind::prepare, {}, {}, path);
        const std::string keep = !keep_.empty() ? keep_ : local_.value_or(keep_shared);
        if (keep != keep_shared) {
            const std::string tree = TRY(tree_named(keep));
            auto there = TRY(stat_beneath(shared_.bare(), place_in(tree, path)));
            if (there && !TRY(tree_has(tree, path))) there.reset();  // a mount point
            if (there && !S_ISDIR(there->st_mode))
                return bad_input("{} of {} is no directory, mode shared is for directories", name(), label_of(tree));
            if (there) {
                if (TRY(holds_something(path)))
                    act(Kind::empty, path.relative_path(), TRY(kept_name(path, keep_shared)), path);
                act(Kind::fill, place_in(tree, path), path.relative_path(), path);
            } else if (!keep_.empty()) {
                return bad_input("{} has no {}", label_of(tree), name()).advise("name another with --keep");
            }
        }
        act(Kind::commit, {});
        return {};
    }

    Rule rule_;
    std::string keep_;
    bool absent_ = false;
};

class Deleter : public Planner {
public:
    Deleter(const SharedRoot& shared, const config::Cluster& cluster, const Deletion& wanted)
        : Planner(shared, cluster), path_(wanted.path), keep_(wanted.keep), destroy_(wanted.destroy) {}

    Result<Intent> plan() {
        path_ = TRY(checked_path(path_.native()));
        TRY(load());
        const Rule* const there = find(before_.rules, path_);
        if (there == nullptr && find(additions_, path_) == nullptr)
            return bad_input("{} is no CDSL of this root", path_.string())
                .advise("pando cdsl list names those there are");
        TRY(check_declaration());
        TRY(check_names());
        if (local_ && there != nullptr && there->mode != Mode::link)
            TRY(check_nothing_else_below(shared_, path_, before_.rules));

        std::vector<Rule> additions = additions_;
        std::erase_if(additions, [&](const Rule& rule) { return rule.path == path_; });
        TRY(decide(std::move(additions)));
        // The built-in rule that was overridden. What is on disk in another way than declared is deleted all the same:
        // apply, which refused to replace it, makes it as declared then.
        const bool again =
            find(new_policy_, path_) != nullptr && same_modes_and_scopes(new_policy_, intent_.inventory.rules, path_);
        if (!again) std::erase_if(intent_.inventory.rules, [&](const Rule& rule) { return rule.path == path_; });
        TRY(check_nested());
        TRY(check_shared_content(there, again));

        if (there == nullptr || again || there->mode == Mode::tmpfs)
            TRY(plan_without_content(there));
        else if (there->mode == Mode::link)
            TRY(plan_link());
        else if (there->mode == Mode::bind)
            TRY(plan_bind());
        else
            TRY(plan_private_again());
        // Nothing to be put back: what is before the commit has not changed anything.
        if (intent_.undo.empty()) undo_only_the_commit();
        for (const Rule& rule : merged(new_)) act(Kind::prepare, {}, {}, rule.path);
        return std::move(intent_);
    }

private:
    Result<> check_declaration() const {
        if (find(additions_, path_) != nullptr) return {};
        const auto policy = TRY(policy_of(additions_));
        const Rule* rule = find(policy, path_);
        if (rule == nullptr) return {};  // left over: its declaration was taken out
        if (!same_modes_and_scopes(policy, before_.rules, path_)) return {};  // its declaration was changed
        if (rule->declared == declared_cluster)
            return bad_input("{} is declared in cluster.yaml", path_.string())
                .advise("take it out of cdsl: there, and then run this again with that file: --cluster FILE");
        return bad_input("{} is built in: {}", path_.string(), rule->why)
            .advise("a built-in rule cannot be deleted; cdsl: in cluster.yaml can override it with another mode");
    }

    Result<> check_names() const {
        for (const std::string& name : destroy_)
            if (name != path_ && name != keep_shared) TRY(tree_named(name));
        if (!keep_.empty() && keep_ != keep_shared) TRY(tree_named(keep_));
        if (!keep_.empty() && std::find(destroy_.begin(), destroy_.end(), keep_) != destroy_.end())
            return bad_input("{} cannot be kept and destroyed", keep_);
        return {};
    }

    // What is everybody's stays, unless other content takes its place.
    Result<> check_shared_content(const Rule* there, bool again) const {
        const bool moves = there != nullptr && !again && there->mode == Mode::bind;
        if (moves && !keep_.empty() && keep_ != keep_shared) return {};
        if (std::find(destroy_.begin(), destroy_.end(), keep_shared) != destroy_.end())
            return bad_input("{}: the shared content is not destroyed, it is what everybody gets", path_.string())
                .advise(moves ? "name whose content takes its place, with --keep" : "leave --destroy shared out");
        if (there != nullptr && there->mode == Mode::shared && !keep_.empty() && keep_ != keep_shared)
            return bad_input("{}: every node gets a copy of the shared content, not of {}'s", path_.string(), keep_)
                .advise("leave --keep out; each node's content from before is kept aside, and named");
        return {};
    }

    Result<> check_nested() const {
        for (const Rule& rule : before_.rules) {
            if (rule.declared == declared_builtin || !is_below(rule.path, path_)) continue;
            if (contains(rules_of_everybody(), rule)) continue;
            return bad_input("{} lies in {} and makes no sense without it", rule.path.string(), path_.string())
                .advise(fmt::format("pando cdsl delete {} first", rule.path.string()));
        }
        return {};
    }
    std::vector<Rule> rules_of_everybody() const { return sensible(merged(intent_.inventory.rules)); }

    bool is_destroyed(const std::string& label) const {
        return std::any_of(destroy_.begin(), destroy_.end(),
                           [&](const std::string& name) { return name == label || name == path_; });
    }

    Result<> keep(Kind kind, const fs::path& from, const std::string& label) {
        const fs::path to = TRY(kept_name(path_, label));
        act(kind, from, to, path_);
        if (is_destroyed(label)) act(Kind::destroy, to);
        return {};
    }

    Result<> keep_the_others(const std::string& chosen) {
        for (const std::string& tree : trees_)
            if (tree != chosen && TRY(tree_has(tree, path_)))
                TRY(keep(Kind::keep, place_in(tree, path_), label_of(tree)));
        return {};
    }

    Result<> plan_link() {
        if (keep_ == keep_shared)
            return bad_input("{} is a link: there is no shared content below it", path_.string())
                .advise("keep that of a node or of the template");
        act(Kind::commit, {});
        std::vector<std::string> with_content;
        for (const std::string& tree : trees_)
            if (TRY(tree_has(tree, path_))) with_content.push_back(tree);
        if (with_content.empty()) {
            act(Kind::unlink, {}, path_.relative_path());
            return {};
        }
        const std::string chosen = TRY(tree_named(!keep_.empty() ? keep_ : local_.value_or(keep_template)));
        if (!TRY(tree_has(chosen, path_)))
            return bad_input("{} has no {}", label_of(chosen), path_.string())
                .advise(fmt::format("--keep one of: {}", fmt::join(labels(with_content), ", ")));
        act(Kind::publish, place_in(chosen, path_), path_.relative_path(), path_);
        return keep_the_others(chosen);
    }

    // The nodes' copies have no place where a built-in rule comes back that has none.
    Result<> plan_without_content(const Rule* there) {
        act(Kind::commit, {});
        const Rule* next = find(intent_.inventory.rules, path_);
        if (there == nullptr || !has_content(*there) || (next != nullptr && has_content(*next))) return {};
        return keep_the_others("");
    }

    Result<> plan_bind() {
        act(Kind::commit, {});
        std::string chosen;
        if (!keep_.empty() && keep_ != keep_shared) {
            chosen = TRY(tree_named(keep_));
            if (!TRY(tree_has(chosen, path_)))
                return bad_input("{} has no {}", label_of(chosen), path_.string()).advise("name another with --keep");
            if (!content_inside().empty())
                return bad_input("{} has CDSLs in it again once it is shared: {}", path_.string(),
                                 fmt::join(content_inside(), ", "))
                    .advise("leave --keep out: the shared content below stays, and each copy is kept aside");
            if (TRY(holds_something(path_))) TRY(keep(Kind::empty, path_.relative_path(), keep_shared));
            act(Kind::fill, place_in(chosen, path_), path_.relative_path(), path_);
        }
        return keep_the_others(chosen);
    }

    std::vector<std::string> content_inside() const {
        std::vector<std::string> paths;
        for (const Rule& rule : merged(intent_.inventory.rules))
            if (has_content(rule) && is_below(rule.path, path_)) paths.push_back(rule.path.string());
        return paths;
    }

    // Every node whose private directory is around it gets a copy of what was shared.
    Result<> plan_private_again() {
        std::vector<Action> destruction;
        for (const std::string& tree : trees_) {
            if (!TRY(tree_has(tree, path_.parent_path()))) continue;
            const fs::path place = place_in(tree, path_);
            fs::path kept;
            if (TRY(holds_something(place))) {
                kept = TRY(kept_name(path_, label_of(tree)));
                act(Kind::empty, place, kept, path_);
                if (is_destroyed(label_of(tree))) destruction.push_back({.kind = Kind::destroy, .from = kept});
            }
            intent_.undo.push_back(TRY(stat_beneath(shared_.bare(), place)) ? Action{Kind::restore, kept, place, path_}
                                                                            : Action{Kind::unseed, {}, tree, path_});
            act(Kind::hollow, {}, tree, path_);
            act(Kind::seed, {}, tree, path_);
        }
        act(Kind::commit, {});
        intent_.actions.insert(intent_.actions.end(), destruction.begin(), destruction.end());
        return {};
    }

    static std::vector<std::string> labels(const std::vector<std::string>& trees) {
        std::vector<std::string> all;
        all.reserve(trees.size());
        for (const std::string& tree : trees) all.push_back(label_of(tree));
        return all;
    }

    fs::path path_;
    std::string keep_;
    std::vector<std::string> destroy_;
};

}  // namespace

Result<Intent> plan_creation(const SharedRoot& shared, const config::Cluster& cluster, const Creation& wanted) {
    return Creator(shared, cluster, wanted).plan();
}

Result<Intent> plan_deletion(const SharedRoot& shared, const config::Cluster& cluster, const Deletion& wanted) {
    return Deleter(shared, cluster, wanted).plan();
}

}  // namespace pando::cdsl
