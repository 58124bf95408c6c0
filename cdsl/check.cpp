// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/check.h"

#include "base/lock.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/linked.h"
#include "cdsl/listing.h"
#include "cdsl/mounted.h"
#include "cdsl/rule_tree.h"
#include "cdsl/seed.h"
#include "cdsl/shadow.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <set>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr int depth_limit = 200;  // each level holds a descriptor

constexpr std::array<std::pair<Drift, std::string_view>, 17> names{{{Drift::link_replaced, "link_replaced"},
                                                                    {Drift::link_missing, "link_missing"},
                                                                    {Drift::not_applied, "not_applied"},
                                                                    {Drift::not_in_policy, "not_in_policy"},
                                                                    {Drift::refused, "refused"},
                                                                    {Drift::wrong_type, "wrong_type"},
                                                                    {Drift::no_tree, "no_tree"},
                                                                    {Drift::no_copy, "no_copy"},
                                                                    {Drift::half_copy, "half_copy"},
                                                                    {Drift::unnamed, "unnamed"},
                                                                    {Drift::removed_node, "removed_node"},
                                                                    {Drift::shadowed, "shadowed"},
                                                                    {Drift::not_mounted, "not_mounted"},
                                                                    {Drift::other_mount, "other_mount"},
                                                                    {Drift::interrupted, "interrupted"},
                                                                    {Drift::kept_aside, "kept_aside"},
                                                                    {Drift::inventory_unread, "inventory_unread"}}};

// A name on the way down, and back up: one string for a whole walk.
class Step {
public:
    Step(std::string& path, std::string_view name) : path_(path), length_(path.size()) {
        path_ += '/';
        path_ += name;
    }
    ~Step() { path_.resize(length_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

private:
    std::string& path_;
    size_t length_;
};

UniqueFd directory_in(int parent, const std::string& name) {
    return UniqueFd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

const char* what_is(unsigned char type) {
    switch (type) {
        case DT_DIR:
            return "a directory";
        case DT_LNK:
            return "a symlink";
        case DT_REG:
            return "a file";
        default:
            return "a special file";
    }
}

class Checking {
public:
    Checking(const Survey& survey, const CheckOptions& options) : survey_(survey), options_(options) {
        checked_.rules = survey.rules_of_root().size();
    }

    Result<Checked> run(const std::vector<std::string>& nodes) {
        compare_inventory();
        TRY(look_for_interrupted());
        const RuleTree root_rules = RuleTree::of(survey_.rules_of_root());
        TRY(look_at_root(root_rules));
        TRY(look_at_tree(template_tree, root_rules));
        if (options_.whole_root) TRY(look_for_links(root_rules));
        TRY(look_at_nodes(nodes));
        std::stable_sort(checked_.findings.begin(), checked_.findings.end(), [](const Finding& a, const Finding& b) {
            return std::tie(a.node, a.path) < std::tie(b.node, b.path);
        });
        return std::move(checked_);
    }

private:
    void add(Drift drift, const fs::path& path, const std::string& node, std::string text, std::string advice,
             bool counts = true) {
        checked_.findings.push_back({drift, counts, path, node, std::move(text), std::move(advice)});
    }

    // --- what the root says of itself

    void compare_inventory() {
        if (!survey_.inventory()) {
            const Error& error = *survey_.inventory_error();
            add(Drift::inventory_unread, fs::path("/") / inventory_path, "", "cannot be used: " + error.what,
                error.advice.empty() ? "pando cdsl repair makes it anew from what is on disk" : error.advice);
            return;
        }
        std::set<std::pair<fs::path, std::string>> declared;
        for (const Rule& rule : survey_.rules()) {
            declared.emplace(rule.path, rule.scope);
            if (survey_.is_applied(rule)) continue;
            pending_.insert(rule.path);
            add(Drift::not_applied, rule.path, "",
                fmt::format("{} has it (mode {}, scope {}), this root does not yet", rule.declared, name_of(rule.mode),
                            rule.scope),
                "pando cdsl apply");
        }
        const fs::path& below = survey_.inventory()->below;  // commands name paths as a node sees them
        for (const Rule& rule : survey_.left_over())
            add(Drift::not_in_policy, rule.path, "",
                fmt::format("is on this root (mode {}, scope {}), and the policy no longer has it", name_of(rule.mode),
                            rule.scope),
                "declare it again, or make it shared: pando cdsl delete " +
                    (below.empty() ? rule.path : below / rule.path.relative_path()).string());
        for (const Rule& rule : survey_.inventory()->rules)
            if (!declared.contains({rule.path, rule.scope}))
                add(Drift::not_in_policy, rule.path, "",
                    fmt::format("is on this root (mode {}, scope {}), which the policy has no longer, nor needs",
                                name_of(rule.mode), rule.scope),
                    "pando cdsl apply");
        for (const Refusal& refusal : survey_.refused())
            add(Drift::refused, refusal.path, "", refusal.text(), refusal.advice(below));
    }

    Result<> look_for_interrupted() {
        const bool running = FileLock::is_held(survey_.root() / journal_directory / "lock");
        const auto unfinished = [&](const fs::path& path, const char* what) {
            if (running)
                add(Drift::interrupted, path, "", "a change is being made at this moment", "", false);
            else
                add(Drift::interrupted, path, "", what, "pando cdsl repair completes it, or takes it back");
        };
        for (const std::string& name : TRY(names_beneath(journal_directory)))
            if (name.ends_with(".yaml"))
                unfinished(fs::path("/") / journal_directory / name, "a change was begun and not finished");
        for (const std::string& name : TRY(names_beneath(nodes_directory)))
            if (name.starts_with('.') && name != template_tree)
                unfinished(fs::path("/") / nodes_directory / name, "copying was interrupted");
        const size_t displaced = TRY(names_beneath(displaced_directory)).size();
        if (displaced > 0)
            add(Drift::kept_aside, fs::path("/") / displaced_directory, "",
                fmt::format("{} {} that stood where a link belongs", displaced, displaced == 1 ? "file" : "files"),
                "look whether they are needed, and remove them", false);
        return {};
    }

    Result<std::vector<std::string>> names_beneath(const char* directory) const {
        const auto opened = open_beneath(survey_.view(), directory, O_PATH | O_DIRECTORY);
        if (!opened && opened.error().sys == ENOENT) return std::vector<std::string>{};
        if (!opened) return Failure(opened.error());
        return names_in(opened->get());
    }

    // --- the shared root

    Result<> look_at_root(const RuleTree& rules) {
        const auto top = TRY(open_beneath(survey_.view(), "", O_RDONLY | O_DIRECTORY));
        const auto templates = open_beneath(survey_.trees_fd(), template_tree, O_RDONLY | O_DIRECTORY);
        template_ = templates ? templates->get() : -1;
        std::string path;
        Result<> done = on_root(top.get(), rules, path);
        template_ = -1;
        return done;
    }

    Result<> on_root(int directory, const RuleTree& rules, std::string& path) {
        for (const auto& [name, below] : rules.children) {
            const Step step(path, name);
            if (below.rule != nullptr && pending_.contains(below.rule->path)) continue;
            if (below.rule != nullptr && below.rule->mode == Mode::link) {
                TRY(link_on_root(directory, name, *below.rule));
                continue;
            }
            const UniqueFd entered = directory_in(directory, name);
            if (!entered.valid()) {
                TRY(not_entered(directory, name, below, path));
                continue;
            }
            if (below.rule != nullptr && below.rule->mode == Mode::bind && template_ >= 0) {
                const auto changed = TRY(changed_below(entered.get(), template_, *below.rule, below));
                if (!changed.empty()) report_shadow(*below.rule, changed);
            }
            TRY(on_root(entered.get(), below, path));
        }
        return {};
    }

    Result<> link_on_root(int directory, const std::string& name, const Rule& rule) {
        struct stat st {};
        if (fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) {
            return link_gone(rule);
        }
        if (S_ISLNK(st.st_mode)) {
            const auto text = link_text(directory, name);
            if (text && *text == target_of_link(rule.path)) return {};
        }
        if (S_ISDIR(st.st_mode)) {
            add(Drift::wrong_type, rule.path, "", "is a directory, where the link to a single file belongs",
                "use mode bind for it, or move the directory away and run pando cdsl apply");
        } else if (TRY(linked_not(survey_, rule, true)) == Linked::late) {
            add(Drift::not_applied, rule.path, "", "the file came after the rule was applied: every node sees this one",
                "pando cdsl apply makes it each node's own");
        } else if (S_ISLNK(st.st_mode)) {
            const auto text = link_text(directory, name);
            add(Drift::link_replaced, rule.path, "",
                fmt::format("is a symlink to {}, in place of the link that leads each node to its own",
                            text && *text ? **text : "somewhere"),
                "pando cdsl repair puts the link back and keeps the other aside");
        } else {
            add(Drift::link_replaced, rule.path, "",
                "a program that writes by rename put a file where the link was: every node sees that one now",
                "pando cdsl repair puts the link back and keeps the file aside");
        }
        return {};
    }

    Result<> link_gone(const Rule& rule) {
        if (TRY(linked_not(survey_, rule, false)) == Linked::not_present) return {};
        add(Drift::link_missing, rule.path, "", "the link is gone: no node reaches its own there",
            "pando cdsl repair puts it back");
        return {};
    }

    // A directory of the root that is a mount point, or lies above rules.
    Result<> not_entered(int directory, const std::string& name, const RuleTree& below, const std::string& path) {
        struct stat st {};
        if (fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) {
            return missing_on_root(below);
        }
        add(Drift::wrong_type, path, "",
            fmt::format("is {} on the shared root, where a directory belongs", what_is(IFTODT(st.st_mode))),
            "nothing is mounted through it; move it away and run pando cdsl apply");
        return {};
    }

    Result<> missing_on_root(const RuleTree& below) {
        if (below.rule != nullptr && !pending_.contains(below.rule->path)) {
            if (below.rule->mode == Mode::link)
                TRY(link_gone(*below.rule));
            else if (below.rule->when == When::always)
                add(Drift::not_mounted, below.rule->path, "", "its mount point is not on the shared root",
                    "pando cdsl apply makes it");
        }
        for (const auto& [name, child] : below.children) TRY(missing_on_root(child));
        return {};
    }

    void report_shadow(const Rule& rule, const std::vector<fs::path>& changed) {
        const std::string others =
            changed.size() == 1
                ? ""
                : fmt::format(" and {} more",
                              changed.size() == shadow_limit ? "many" : std::to_string(changed.size() - 1));
        add(Drift::shadowed, rule.path, "",
            fmt::format("the shared directory under the mounts has {}{}, changed since the template was made: no node "
                        "sees that",
                        changed.front().string(), others),
            fmt::format("look at /{}{}; copy what is needed to the nodes", shared_directory, rule.path.string()));
    }

    // --- the trees

    Result<> look_at_nodes(const std::vector<std::string>& nodes) {
        std::map<const std::vector<Rule>*, RuleTree> made;  // nodes that share a policy share its tree
        for (const std::string& node : nodes) {
            if (!survey_.has_tree(node)) {
                const bool fresh = survey_.trees().empty();
                add(Drift::no_tree, fs::path("/") / nodes_directory / node, node,
                    fresh ? "no node has booted yet"
                          : "the node has no tree; it starts from the template when it boots",
                    fresh ? "" : "nothing to do if it is new; else put its tree back from a backup", !fresh);
                continue;
            }
            const std::vector<Rule>* rules = &survey_.rules_of(node);
            const auto [tree, fresh] = made.try_emplace(rules);
            if (fresh) tree->second = RuleTree::of(*rules);
            TRY(look_at_tree(node, tree->second));
            if (survey_.here() == node) look_at_mounts(node, *rules);
        }
        for (const std::string& tree : survey_.trees())
            if (!survey_.is_node(tree))
                add(Drift::removed_node, fs::path("/") / nodes_directory / tree, tree,
                    "is the tree of a node that the description does not have",
                    fmt::format("add the node again, or pando cdsl repair --retire {} keeps the tree aside", tree));
        return {};
    }

    Result<> look_at_tree(const std::string& tree, const RuleTree& rules) {
        ++checked_.trees;
        const auto top = open_beneath(survey_.trees_fd(), tree, O_RDONLY | O_DIRECTORY);
        if (!top) {
            add(Drift::no_tree, fs::path("/") / nodes_directory / tree, tree == template_tree ? "" : tree,
                top.error().what, "pando cdsl repair makes it");
            return {};
        }
        tree_ = tree;
        std::string path;
        return in_tree(top->get(), rules, path, false);
    }

    std::string tree_node() const { return tree_ == template_tree ? "" : tree_; }
    fs::path in_its_tree(const std::string& path) const { return fs::path("/") / nodes_directory / (tree_ + path); }

    // `content`: we are inside what a rule made private, where any name may be.
    Result<> in_tree(int directory, const RuleTree& rules, std::string& path, bool content) {
        std::vector<const RuleTree*> seen;
        seen.reserve(rules.children.size());
        for (const Listed& entry : TRY(list_entries(directory))) {
            const RuleTree* below = rules.child(entry.name);
            if (below == nullptr && content) continue;
            const Step step(path, entry.name);
            if (below == nullptr) {
                unnamed_in_tree(path);
                continue;
            }
            seen.push_back(below);
            TRY(known_in_tree(directory, entry, *below, path, content));
        }
        if (seen.size() == rules.children.size()) return {};
        std::sort(seen.begin(), seen.end());
        for (const auto& [name, below] : rules.children)
            if (!std::binary_search(seen.begin(), seen.end(), &below)) no_copies(below);
        return {};
    }

    Result<> known_in_tree(int directory, const Listed& entry, const RuleTree& below, std::string& path, bool content) {
        if (below.rule != nullptr && below.rule->mode == Mode::link) {
            if (entry.type == DT_DIR)
                add(Drift::wrong_type, in_its_tree(path), tree_node(), "is a directory, where a single file belongs",
                    "move it away; the template has what the node starts from");
            return {};
        }
        if (entry.type != DT_DIR) {
            add(Drift::wrong_type, in_its_tree(path), tree_node(),
                fmt::format("is {}, where a directory belongs", what_is(entry.type)),
                "nothing is mounted from it; move it away");
            return {};
        }
        const bool copy = below.rule != nullptr && below.rule->mode == Mode::bind;
        if (!copy && below.children.empty()) return {};  // a mount point in somebody's content
        const UniqueFd entered = directory_in(directory, entry.name);
        if (!entered.valid()) return {};  // removed meanwhile
        if (copy && TRY(is_marked_parent(entered.get())) && !pending_.contains(below.rule->path)) {
            // Only above other copies: its own was not begun, or is being merged in.
            if (wants_copy(*below.rule))
                add(Drift::half_copy, below.rule->path, tree_node(), "its copy is missing or incomplete",
                    "pando cdsl apply on that node completes it; so does its next boot");
            return in_tree(entered.get(), below, path, true);
        }
        if (below.children.empty()) return {};
        const bool shared = below.rule != nullptr && below.rule->mode == Mode::shared;
        return in_tree(entered.get(), below, path, copy || shared || content);
    }

    void unnamed_in_tree(const std::string& path) {
        const fs::path place = in_its_tree(path);
        const std::string name = place.filename().string();
        if (name.starts_with(".pando.guard.")) {
            add(Drift::interrupted, place, tree_node(), "what a program wrote is on its way to its place",
                "pando-links.service of that node puts it there; until then it may be the only copy", false);
            return;
        }
        if (name.starts_with(".pando.")) {
            add(Drift::interrupted, place, tree_node(), "was being written when something ended it", "remove it",
                false);
            return;
        }
        const auto& all = survey_.rules_of_root();
        if (std::any_of(all.begin(), all.end(),
                        [&](const Rule& rule) { return rule.path == path || is_below(rule.path, path); })) {
            add(Drift::unnamed, place, tree_node(),
                "a rule for other nodes names it and none for this one: nobody sees it",
                "give the rule a scope that has this node, or move it away by hand", !is_empty(place));
            return;
        }
        const auto link = link_state(survey_.view(), path);
        const bool linked = link && *link == LinkState::ours;
        add(Drift::unnamed, place, tree_node(),
            linked ? fmt::format("no rule names it, and {} is a link to it", path) : "no rule names it",
            linked
                ? fmt::format("declare {} in the policy; or remove the link and run pando cdsl repair --set-aside {}",
                              path, path)
                : fmt::format("pando cdsl repair --set-aside {} keeps it aside", path));
    }

    bool is_empty(const fs::path& place) const {
        const auto directory = open_beneath(survey_.view(), place, O_PATH | O_DIRECTORY);
        const auto names = directory ? names_in(directory->get()) : std::vector<std::string>{""};
        return names && names->empty();
    }

    void no_copies(const RuleTree& below) {
        if (below.rule != nullptr && !pending_.contains(below.rule->path) && wants_copy(*below.rule))
            add(Drift::no_copy, below.rule->path, tree_node(),
                tree_ == template_tree ? "the template has no copy" : "the node's tree has no copy",
                tree_ == template_tree ? "pando cdsl apply"
                                       : "pando cdsl apply on that node, or its next boot, makes it");
        for (const auto& [name, child] : below.children) no_copies(child);
    }

    // Should a tree have content for the rule? A link may lead to nothing until a program writes through it, and what
    // is not installed has no copies; a package that came later starts from the root's own directory at boot.
    bool wants_copy(const Rule& rule) const {
        if (rule.mode == Mode::link) return tree_ != template_tree && in_template(rule.path);
        if (rule.mode != Mode::bind) return false;
        return rule.when == When::always || in_template(rule.path);
    }

    bool in_template(const fs::path& path) const {
        const auto there = stat_beneath(survey_.trees_fd(), fs::path(template_tree) / path.relative_path());
        return there && there->has_value();
    }

    // --- this node's mounts

    void look_at_mounts(const std::string& node, const std::vector<Rule>& rules) {
        for (const Rule& rule : rules) {
            if (rule.mode == Mode::link || pending_.contains(rule.path)) continue;
            const auto there = mounted(survey_, node, rule);
            if (there && *there == Mounted::ours) continue;
            if (!there && there.error().sys == ENOENT && rule.when == When::present) continue;
            if (there && *there == Mounted::other)
                add(Drift::other_mount, rule.path, node, "something else is mounted there",
                    "unmount it, or leave the rule out");
            else
                add(Drift::not_mounted, rule.path, node,
                    there ? fmt::format("its {} is not mounted: what this node writes there is written for all",
                                        name_of(rule.mode))
                          : there.error().what,
                    "pando cdsl apply on this node");
        }
    }

    // --- the whole root

    Result<> look_for_links(const RuleTree& rules) {
        const auto top = TRY(open_beneath(survey_.view(), "", O_RDONLY | O_DIRECTORY));
        std::string path;
        return links_below(top.get(), &rules, path, 0);
    }

    Result<> links_below(int directory, const RuleTree* rules, std::string& path, int depth) {
        for (const Listed& entry : TRY(list_entries(directory))) {
            if (depth == 0 && entry.name == pando_directory) continue;
            const RuleTree* below = rules != nullptr ? rules->child(entry.name) : nullptr;
            const Step step(path, entry.name);
            if (entry.type == DT_DIR && depth < depth_limit) {
                const UniqueFd entered = directory_in(directory, entry.name);
                if (entered.valid()) TRY(links_below(entered.get(), below, path, depth + 1));
            }
            if (entry.type != DT_LNK || (below != nullptr && below->rule != nullptr)) continue;
            const auto text = link_text(directory, entry.name);
            if (text && *text == target_of_link(path) && !named_in_tree(path))
                add(Drift::unnamed, path, "", "leads into the nodes' trees, where nothing is, and no rule names it",
                    fmt::format("declare it in the policy, or remove the link: rm {}", path));
        }
        return {};
    }

    // Was it reported with the content it leads to?
    bool named_in_tree(const std::string& path) const {
        return std::any_of(checked_.findings.begin(), checked_.findings.end(), [&](const Finding& finding) {
            return finding.drift == Drift::unnamed && finding.path.native().ends_with(path);
        });
    }

    const Survey& survey_;
    CheckOptions options_;
    Checked checked_;
    std::set<fs::path> pending_;  // of the policy, not applied yet: said once, not for each tree
    int template_ = -1;
    std::string tree_;
};

}  // namespace

std::string_view name_of(Drift drift) {
    return std::find_if(names.begin(), names.end(), [&](const auto& row) { return row.first == drift; })->second;
}

size_t Checked::drifts() const {
    return static_cast<size_t>(
        std::count_if(findings.begin(), findings.end(), [](const Finding& finding) { return finding.counts; }));
}

Result<Checked> check(const Survey& survey, const std::vector<std::string>& nodes, const CheckOptions& options) {
    return Checking(survey, options).run(nodes);
}

}  // namespace pando::cdsl
