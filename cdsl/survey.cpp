// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/survey.h"

#include "base/node_range.h"
#include "cdsl/additions.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"

#include <fcntl.h>
#include <algorithm>

namespace pando::cdsl {
namespace fs = std::filesystem;

Result<Survey> Survey::of(const fs::path& root, const config::Cluster& cluster) {
    Survey survey;
    survey.shared_ = TRY(SharedRoot::open_to_look(root));
    TRY(survey.read_trees());
    TRY(survey.read_inventory());
    TRY(survey.read_policy(cluster, TRY(read_additions(survey.view()))));
    return survey;
}

Result<Survey> Survey::of_policy(const config::Cluster& cluster) {
    Survey survey;
    TRY(survey.read_policy(cluster, {}));
    return survey;
}

Result<> Survey::read_trees() {
    auto trees = open_beneath(view(), nodes_directory, O_PATH | O_DIRECTORY);
    if (!trees && trees.error().sys == ENOENT)
        return Failure(Error{fmt::format("{} was never prepared: it has no /{}", root().string(), nodes_directory),
                             "name the shared root with --root, or prepare it: pando cdsl apply --root TREE "
                             "--cluster FILE",
                             ErrorKind::failed, ENOENT});
    if (!trees) return Failure(trees.error());
    trees_fd_ = std::move(*trees);
    trees_ = TRY(shared_->trees());
    here_ = TRY(shared_->local_node());
    return {};
}

Result<> Survey::read_inventory() {
    auto inventory = pando::cdsl::read_inventory(view());
    if (!inventory) {
        inventory_error_ = inventory.error();
    } else if (!*inventory) {
        inventory_error_ = Error{fmt::format("/{} is not there", inventory_path), {}, ErrorKind::failed, ENOENT};
    } else {
        inventory_ = std::move(**inventory);
        for (const Rule& rule : inventory_->rules) applied_.emplace(rule.path, rule.scope, rule.mode);
    }
    return {};
}

bool Survey::is_applied(const Rule& rule) const {
    return !inventory_ || applied_.contains(std::tuple(rule.path, rule.scope, rule.mode));
}

Result<> Survey::read_policy(const config::Cluster& whole, const std::vector<Rule>& additions) {
    // A filesystem below the root has the rules that lie on it.
    const Inventory place = inventory_.value_or(Inventory{});
    const config::Cluster cluster = cluster_on(whole, place);
    const auto names_alone = [](const auto& rules, const std::string& node) {
        return std::any_of(rules.begin(), rules.end(), [&](const auto& rule) { return rule.scope == "node:" + node; });
    };
    std::map<std::string, std::shared_ptr<const std::vector<Rule>>> of_profile;
    std::map<std::pair<fs::path, std::string>, Rule> all;
    for (const config::Node& node : cluster.nodes) {
        nodes_.push_back(node.name);
        const bool alone = names_alone(cluster.cdsl, node.name) || names_alone(additions, node.name);
        if (!alone && of_profile.contains(node.profile)) {
            rules_[node.name] = of_profile[node.profile];
            continue;
        }
        auto rules =
            std::make_shared<const std::vector<Rule>>(TRY(policy_for(cluster, node, additions, builtin_on(place))));
        for (const Rule& rule : *rules) all.try_emplace({rule.path, rule.scope}, rule);
        if (!alone) of_profile[node.profile] = rules;
        rules_[node.name] = std::move(rules);
    }
    for (auto& [key, rule] : all) all_rules_.push_back(std::move(rule));
    if (inventory_) TRY(compare_with_disk(cluster));
    root_rules_ = merged(all_rules_);
    return {};
}

Result<> Survey::compare_with_disk(const config::Cluster& cluster) {
    Settled settled = TRY(settle(*shared_, cluster, all_rules_, *inventory_));
    left_over_ = leftovers(settled.policy, *inventory_);
    refused_ = std::move(settled.refused);
    if (left_over_.empty() && refused_.empty()) return {};
    all_rules_ = inventory_for(settled.policy, *inventory_).rules;
    for (const config::Node& node : cluster.nodes)
        rules_[node.name] =
            std::make_shared<const std::vector<Rule>>(rules_of_node(all_rules_, node.name, node.profile));
    return {};
}

Result<std::vector<std::string>> Survey::nodes_of(const std::string& range) const {
    if (range.empty()) return nodes_;
    auto names = TRY(node_range(range));
    for (const std::string& name : names)
        if (!is_node(name))
            return bad_input("there is no node {}", name).advise(fmt::format("there are: {}", fmt::join(nodes_, " ")));
    return names;
}

bool Survey::has_tree(const std::string& node) const { return std::binary_search(trees_.begin(), trees_.end(), node); }

}  // namespace pando::cdsl
