// SPDX-License-Identifier: GPL-2.0-or-later
// What list, show, check, explain and exec all ask of a root: who its nodes are, whose trees it has, and which rules
// hold for whom. Reads only; works on a running node, where private mounts hide the shared root, and on a bare tree.
//
//   const auto survey = TRY(Survey::of("/", cluster));
//   for (const Rule& rule : survey.rules_of("n1")) …
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "cdsl/inventory.h"
#include "cdsl/policy.h"
#include "cdsl/refusals.h"
#include "cdsl/shared_root.h"
#include "config/cluster.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace pando::cdsl {

class Survey {
public:
    // A root that was never prepared is an Error.
    static Result<Survey> of(const std::filesystem::path& root, const config::Cluster& cluster);

    // The policy alone, where there is no root at hand. Nothing but nodes and rules may be asked of it.
    static Result<Survey> of_policy(const config::Cluster& cluster);
    bool has_root() const { return shared_.has_value(); }

    // The nodes of the description, in its order.
    const std::vector<std::string>& nodes() const { return nodes_; }
    bool is_node(const std::string& name) const { return rules_.contains(name); }
    // Those of a range (base/node_range.h); all when it is empty. A name the description lacks is bad input.
    Result<std::vector<std::string>> nodes_of(const std::string& range) const;

    // What the policy has for a node, as it may be applied (cdsl/refusals.h), with what is left over of an earlier one:
    // that holds as well. Parents before children.
    const std::vector<Rule>& rules_of(const std::string& node) const { return *rules_.at(node); }
    // Of all nodes, one for every path and scope; and one for every path, for what is on the shared root.
    const std::vector<Rule>& rules() const { return all_rules_; }
    const std::vector<Rule>& rules_of_root() const { return root_rules_; }

    // What is on disk by its own account; why it cannot be read, when it cannot.
    const std::optional<Inventory>& inventory() const { return inventory_; }
    const std::optional<Error>& inventory_error() const { return inventory_error_; }
    // Of what the policy has, that which apply refuses; and what of the inventory no policy has any more.
    const std::vector<Refusal>& refused() const { return refused_; }
    const std::vector<Rule>& left_over() const { return left_over_; }
    // Was the rule applied to this root? True when the inventory cannot be read: then the disk alone tells.
    bool is_applied(const Rule& rule) const;

    // Trees in /.pando/nodes, sorted; no template, no work in progress.
    const std::vector<std::string>& trees() const { return trees_; }
    bool has_tree(const std::string& node) const;

    // The node whose tree is bound at /.pando/local: that is the node we run on.
    const std::optional<std::string>& here() const { return here_; }

    const std::filesystem::path& root() const { return shared_->path(); }
    int seen() const { return shared_->seen(); }  // the root with what is mounted over it
    int view() const { return shared_->bare(); }  // the shared root alone, without private mounts
    bool sees_below_mounts() const { return !shared_ || shared_->is_bare(); }  // else view() is as seen()
    int trees_fd() const { return trees_fd_.get(); }                           // /.pando/nodes

private:
    Survey() = default;
    Result<> read_trees();
    Result<> read_inventory();
    Result<> read_policy(const config::Cluster& cluster, const std::vector<Rule>& additions);
    Result<> compare_with_disk(const config::Cluster& cluster);

    std::optional<SharedRoot> shared_;
    UniqueFd trees_fd_;
    std::vector<std::string> nodes_, trees_;
    // Nodes that no rule tells apart share one list.
    std::map<std::string, std::shared_ptr<const std::vector<Rule>>> rules_;
    std::vector<Rule> all_rules_, root_rules_;
    std::vector<Refusal> refused_;
    std::vector<Rule> left_over_;
    std::optional<Inventory> inventory_;
    std::set<std::tuple<std::filesystem::path, std::string, Mode>> applied_;
    std::optional<Error> inventory_error_;
    std::optional<std::string> here_;
};

}  // namespace pando::cdsl
