// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/refusals.h"

#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/seed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <map>
#include <tuple>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

std::vector<Rule> rules_at(const std::vector<Rule>& rules, const fs::path& path) {
    std::vector<Rule> found;
    for (const Rule& rule : rules)
        if (rule.path == path) found.push_back(rule);
    return found;
}

// What a rule showed is still seen where `over` decides about its path.
bool shows_the_same(const Rule& rule, const Rule* over) {
    if (rule.mode == Mode::tmpfs) return true;
    const bool same_path = over != nullptr && over->path == rule.path;
    if (rule.mode == Mode::shared)
        return over == nullptr || over->mode == Mode::shared ||
               (same_path && has_content(*over) && over->seed == Seed::copy);
    // A directory of the node's own around it has the path at the same place of the tree.
    return over != nullptr && (same_path ? over->mode == rule.mode : over->mode == Mode::bind);
}

using Key = std::tuple<fs::path, std::string, Mode>;
std::set<Key> keys_of(const std::vector<Rule>& rules) {
    std::set<Key> keys;
    for (const Rule& rule : rules) keys.emplace(rule.path, rule.scope, rule.mode);
    return keys;
}

class Settling {
public:
    Settling(const SharedRoot& shared, const config::Cluster& cluster, const std::vector<Rule>& policy,
             const Inventory& before)
        : shared_(shared), cluster_(cluster), wanted_(policy), before_(before), policy_(policy) {}

    Result<Settled> run() {
        if (!takes_anything_away()) return Settled{wanted_, {}};
        auto nodes = open_beneath(shared_.bare(), nodes_directory, O_PATH | O_DIRECTORY);
        if (!nodes && nodes.error().sys == ENOENT) return Settled{wanted_, {}};
        if (!nodes) return Failure(nodes.error());
        nodes_ = std::move(*nodes);
        trees_ = TRY(shared_.trees());
        // What stays for a refusal may be hidden by another rule: that one is refused in the next round.
        while (TRY(refuse_one_round())) {
        }
        Settled settled{std::move(policy_), {}};
        for (auto& [path, refusal] : refused_) settled.refused.push_back(std::move(refusal));
        return settled;
    }

private:
    struct Loss {
        fs::path culprit;
        fs::path hidden;
        std::string tree;
    };

    // Most policies only add, or change nothing: then there is no need to look at any tree.
    bool takes_anything_away() const {
        const auto wanted = keys_of(wanted_);
        const auto there = keys_of(before_.rules);
        std::set<fs::path> paths;
        for (const Rule& rule : wanted_) paths.insert(rule.path);
        const auto changed = [&](const Rule& rule) {
            return paths.contains(rule.path) && !wanted.contains({rule.path, rule.scope, rule.mode});
        };
        const auto fresh = [&](const Rule& rule) { return !there.contains({rule.path, rule.scope, rule.mode}); };
        return !before_.rules.empty() && (std::any_of(before_.rules.begin(), before_.rules.end(), changed) ||
                                          std::any_of(wanted_.begin(), wanted_.end(), fresh));
    }

    Result<bool> refuse_one_round() {
        bool more = false;
        for (const Loss& loss : TRY(losses())) {
            const auto [at, fresh] = refused_.try_emplace(loss.culprit);
            Refusal& refusal = at->second;
            refusal.hidden.insert(loss.hidden);
            refusal.trees.insert(loss.tree);
            if (!fresh) continue;
            more = true;
            refusal.path = loss.culprit;
            refusal.on_disk = rules_at(before_.rules, loss.culprit);
            refusal.wanted = rules_at(wanted_, loss.culprit);
            std::erase_if(policy_, [&](const Rule& rule) { return rule.path == loss.culprit; });
            policy_.insert(policy_.end(), refusal.on_disk.begin(), refusal.on_disk.end());
        }
        std::stable_sort(policy_.begin(), policy_.end(), [](const Rule& a, const Rule& b) { return a.path < b.path; });
        return more;
    }

    Result<std::vector<Loss>> losses() const {
        const std::vector<Rule> after = inventory_for(policy_, before_).rules;
        std::vector<Loss> all;
        std::map<std::string, std::pair<std::vector<Rule>, std::vector<Rule>>> of_scope;  // before and after
        for (const config::Node& node : cluster_.nodes) {
            if (!std::binary_search(trees_.begin(), trees_.end(), node.name)) continue;
            const std::string own = "node:" + node.name;
            const auto is_own = [&](const Rule& rule) { return rule.scope == own; };
            const bool alone = std::any_of(before_.rules.begin(), before_.rules.end(), is_own) ||
                               std::any_of(after.begin(), after.end(), is_own);
            const auto [rules, fresh] = of_scope.try_emplace(alone ? own : "profile:" + node.profile);
            if (fresh)
                rules->second = {rules_of_node(before_.rules, node.name, node.profile),
                                 rules_of_node(after, node.name, node.profile)};
            TRY(compare(node.name, rules->second.first, rules->second.second, all));
        }
        std::vector<Rule> kept = sensible(merged(before_.rules));  // a template has no mounts, so nothing shared
        std::erase_if(kept, [](const Rule& rule) { return !has_content(rule); });
        TRY(compare(template_tree, kept, sensible(merged(after)), all));
        return all;
    }

    Result<> compare(const std::string& tree, const std::vector<Rule>& were, const std::vector<Rule>& will_be,
                     std::vector<Loss>& all) const {
        for (const Rule& rule : were) {
            const Rule* over = rule_over(will_be, rule.path);
            if (shows_the_same(rule, over) || !TRY(holds_something(tree, rule))) continue;
            if (!refused_.contains(rule.path))
                all.push_back({rule.path, rule.path, tree});
            else if (over != nullptr && !refused_.contains(over->path))
                all.push_back({over->path, rule.path, tree});
        }
        return {};
    }

    // Content that the rule shows now: not an empty directory, nor an empty file.
    Result<bool> holds_something(const std::string& tree, const Rule& rule) const {
        if (rule.when == When::present && !TRY(stat_beneath(shared_.bare(), rule.path))) return false;
        if (rule.mode == Mode::shared) {
            const auto there = open_beneath(shared_.bare(), rule.path, O_PATH | O_DIRECTORY);
            return there && TRY(has_entries(there->get(), rule.path));
        }
        const Checkpoint none;
        if (!TRY(Seeder(nodes_.get(), workplace, none).has(tree, rule.path))) return false;
        const fs::path place = fs::path(tree) / rule.path.relative_path();
        const auto st = TRY(stat_beneath(nodes_.get(), place));
        if (!st || !S_ISDIR(st->st_mode)) return st && (!S_ISREG(st->st_mode) || st->st_size > 0);
        const auto directory = TRY(open_beneath(nodes_.get(), place, O_PATH | O_DIRECTORY));
        return has_entries(directory.get(), rule.path);
    }

    // The places of other rules are theirs.
    Result<bool> has_entries(int directory, const fs::path& path) const {
        for (const std::string& name : TRY(names_in(directory))) {
            const fs::path child = path / name;
            const auto any = [&](auto condition) {
                return std::any_of(before_.rules.begin(), before_.rules.end(), condition);
            };
            if (any([&](const Rule& rule) { return rule.path == child; })) continue;
            if (!any([&](const Rule& rule) { return is_below(rule.path, child); })) return true;
            const auto deeper = open_beneath(directory, name, O_PATH | O_DIRECTORY);
            if (!deeper || TRY(has_entries(deeper->get(), child))) return true;
        }
        return false;
    }

    const SharedRoot& shared_;
    const config::Cluster& cluster_;
    const std::vector<Rule>& wanted_;
    const Inventory& before_;
    std::vector<Rule> policy_;  // without what was refused so far
    UniqueFd nodes_;
    std::vector<std::string> trees_;
    std::map<fs::path, Refusal> refused_;
};

}  // namespace

std::string modes_and_scopes(const std::vector<Rule>& rules) {
    std::vector<std::string> all;
    for (const Rule& rule : rules) all.push_back(fmt::format("{} for {}", name_of(rule.mode), rule.scope));
    return fmt::format("{}", fmt::join(all, ", "));
}

bool same_modes_and_scopes(const std::vector<Rule>& some, const std::vector<Rule>& others, const fs::path& path) {
    return keys_of(rules_at(some, path)) == keys_of(rules_at(others, path));
}

std::string Refusal::text() const {
    std::vector<std::string> who;
    for (const std::string& tree : trees)
        if (tree != template_tree) who.push_back(tree);
    if (trees.contains(template_tree)) who.emplace_back("the template");
    const std::string holders = fmt::format("{}", fmt::join(who, ", "));
    const std::string wish = wanted.empty()
                                 ? "the policy has something else around it"
                                 : fmt::format("{} wants {}", wanted.front().declared, modes_and_scopes(wanted));
    if (!on_disk.empty())
        return fmt::format("is {} on disk, and {}: what {} {} there would be out of sight", modes_and_scopes(on_disk),
                           wish, holders, who.size() == 1 ? "has" : "have");
    std::vector<std::string> below;
    for (const fs::path& path : hidden) below.push_back(path.string());
    return fmt::format("{}: what {} {} in {} would be out of sight", wish, holders, who.size() == 1 ? "has" : "have",
                       fmt::join(below, ", "));
}

std::string Refusal::advice(const fs::path& below) const {
    std::vector<std::string> commands;
    for (const fs::path& path : hidden)
        commands.push_back("pando cdsl delete " + (below.empty() ? path : below / path.relative_path()).string());
    return fmt::format("{} keeps every copy and names it; then pando cdsl apply", fmt::join(commands, ", "));
}

Result<Settled> settle(const SharedRoot& shared, const config::Cluster& cluster, const std::vector<Rule>& policy,
                       const Inventory& before) {
    return Settling(shared, cluster, policy, before).run();
}

}  // namespace pando::cdsl
