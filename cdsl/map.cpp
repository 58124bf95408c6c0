// SPDX-License-Identifier: GPL-2.0-or-later
// At boot: the node's tree, its facts, its mounts. Runs as process 1 of the initramfs and calls no program.
#include "cdsl/apply.h"
#include "cdsl/beneath.h"
#include "cdsl/change.h"
#include "cdsl/displace.h"
#include "cdsl/inventory.h"
#include "cdsl/layout.h"
#include "cdsl/mounts.h"
#include "cdsl/seed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

std::string line(const fs::path& path, const Error& error) {
    std::string text = error.what.starts_with(path.native()) ? error.what : path.string() + ": " + error.what;
    return error.advice.empty() ? text : fmt::format("{} ({})", text, error.advice);
}

class Mapping {
public:
    Mapping(const fs::path& root, const std::vector<Rule>& policy, const NodeFacts& facts, const Checkpoint& checkpoint)
        : root_path_(root), policy_(policy), facts_(facts), checkpoint_(checkpoint) {}

    Result<Mapped> run() {
        if (facts_.name.empty() || facts_.name.starts_with('.') || facts_.name.find('/') != std::string::npos)
            return bad_input("\"{}\" is no name of a node", facts_.name);
        root_.reset(open(root_path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!root_.valid()) return fail_errno(errno, "opening {}", root_path_.string());
        if (!TRY(stat_beneath(root_.get(), fs::path(nodes_directory) / template_tree)))
            return fail("the root has no {}/{}", nodes_directory, template_tree)
                .advise("prepare it where it is mounted: pando cdsl apply --root TREE --cluster FILE");
        nodes_ = TRY(open_beneath(root_.get(), nodes_directory, O_PATH | O_DIRECTORY));
        recover_interrupted();
        TRY(choose_rules());

        const Seeder seeder(nodes_.get(), ".new." + facts_.name, checkpoint_);
        TRY(seeder.clean());
        if (!TRY(stat_beneath(nodes_.get(), facts_.name))) TRY(seeder.add_tree(template_tree, facts_.name));
        tree_ = TRY(open_beneath(nodes_.get(), facts_.name, O_PATH | O_DIRECTORY));

        // The root as it is below all private mounts: where shared directories inside private ones come from.
        const auto view_point = TRY(open_beneath(root_.get(), shared_directory, O_PATH | O_DIRECTORY));
        TRY(bind_directory(root_.get(), view_point.get()));
        view_ = TRY(open_beneath(root_.get(), shared_directory, O_PATH | O_DIRECTORY));
        reached("bound the shared view");

        for (const Rule& rule : rules_) attempt(rule.path, rule.required, [&] { return complete_tree(seeder, rule); });
        for (const auto& [path, file] : facts_.files)
            attempt(path, true, [&] { return write_fact(seeder, path, file); });

        const auto local = TRY(open_beneath(root_.get(), local_directory, O_PATH | O_DIRECTORY));
        TRY(bind_directory(tree_.get(), local.get()));
        reached("bound the node's tree");
        for (const Rule& rule : rules_) attempt(rule.path, rule.required, [&] { return map_rule(rule); });
        for (const Rule& rule : not_applied_) attempt(rule.path, false, [&] { return tell_not_applied(rule); });
        return std::move(mapped_);
    }

private:
    // Only when nobody is at work: a boot waits for no other node.
    void recover_interrupted() {
        const auto work = [&]() -> Result<> {
            const auto shared = TRY(SharedRoot::open(root_path_));
            if (TRY(read_intents(shared.bare())).empty()) return {};
            const auto lock = TRY(ChangeLock::take_now(shared.bare(), {facts_.name, "boot"}));
            if (!lock) return {};
            for (std::string& line : TRY(recover(shared, checkpoint_))) mapped_.repaired.push_back(std::move(line));
            return {};
        };
        if (Result<> done = work(); !done)
            mapped_.failures.push_back(line(fs::path("/") / journal_directory, done.error()));
    }

    // The inventory says what is on disk; what the policy has beyond it was not applied yet. Without an inventory the
    // policy is the best there is: links are left as they are, then.
    Result<> choose_rules() {
        std::vector<Rule> policy = policy_;
        std::sort(policy.begin(), policy.end(), [](const Rule& a, const Rule& b) { return a.path < b.path; });
        policy = sensible(policy);
        const auto inventory = read_inventory(root_.get());
        if (inventory && *inventory) {
            known_ = true;
            rules_ = rules_of_node((*inventory)->rules, facts_.name, facts_.profile);
            for (Rule& rule : policy)
                if (const Rule* mapped = rule_at(rule.path); mapped == nullptr || mapped->mode != rule.mode)
                    not_applied_.push_back(std::move(rule));
            return {};
        }
        const std::string why = inventory ? "is lost" : inventory.error().what;
        if (policy.empty())
            return fail("/{}: {}, and there is no policy to go by", inventory_path, why)
                .advise("pando cdsl repair writes it anew, on a node or where the root is mounted");
        mapped_.failures.push_back(fmt::format(
            "/{}: {}; mapped what the policy says (pando cdsl repair writes it anew)", inventory_path, why));
        rules_ = std::move(policy);
        return {};
    }

    template <typename Work>
    void attempt(const fs::path& path, bool required, Work work) {
        if (Result<> done = work(); !done)
            (required ? mapped_.required_failures : mapped_.failures).push_back(line(path, done.error()));
    }

    // On the shared root, not inside anything private.
    Result<bool> applies(const Rule& rule) const {
        return rule.when == When::always || TRY(stat_beneath(view_.get(), rule.path)).has_value();
    }

    // The tree may be older than the rule.
    Result<> complete_tree(const Seeder& seeder, const Rule& rule) const {
        if (rule.mode != Mode::bind && rule.mode != Mode::link) return {};
        if (!TRY(applies(rule)) || TRY(seeder.has(facts_.name, rule.path))) return {};
        const bool seeded = TRY(seeder.has(template_tree, rule.path));
        if (!seeded && rule.mode == Mode::link) return {};  // had no content when it was made
        // Without a template: the package came after prepare(). The root's own directory is what it starts from.
        const auto start = seeded ? TRY(open_beneath(nodes_.get(), template_tree, O_PATH | O_DIRECTORY))
                                  : TRY(open_beneath(view_.get(), "", O_PATH | O_DIRECTORY));
        if (!seeded) TRY(ensure_directory(view_.get(), rule.path, rule.permissions));
        const auto parent = TRY(open_parent(start.get(), rule.path));
        const Entry from{parent.get(), rule.path.filename().string()};
        return seeder.add(facts_.name, rule.path, start.get(), [&](const Entry& to) {
            return copy_tree(from, to, [&](const fs::path& relative) {
                if (seeded) return false;
                return relative.empty() ? rule.seed == Seed::empty : is_mount_point(rule.path / relative);
            });
        });
    }

    const Rule* rule_at(const fs::path& path) const {
        const auto at = std::lower_bound(rules_.begin(), rules_.end(), path,
                                         [](const Rule& rule, const fs::path& wanted) { return rule.path < wanted; });
        return at != rules_.end() && at->path == path ? &*at : nullptr;
    }

    bool is_mount_point(const fs::path& path) const {
        const Rule* rule = rule_at(path);
        return rule != nullptr && rule->mode != Mode::link;
    }

    // The nearest rule at or above the path.
    const Rule* rule_over(const fs::path& path) const {
        const Rule* nearest = nullptr;
        for (const Rule& rule : rules_)
            if (rule.path == path || is_below(path, rule.path)) nearest = &rule;
        return nearest;
    }

    Result<> write_fact(const Seeder& seeder, const fs::path& given, const FactFile& file) const {
        const fs::path path = TRY(checked_path(given.native()));
        const Rule* rule = rule_over(path);
        if (rule == nullptr || (rule->mode != Mode::bind && rule->mode != Mode::link))
            return fail("is not the node's own, writing it would change it for every node")
                .advise("declare it under cdsl: in cluster.yaml");
        if (!TRY(applies(*rule))) return {};

        const auto there = TRY(stat_beneath(tree_.get(), path));
        if (there && S_ISREG(there->st_mode)) {
            if (file.keep_existing && there->st_size > 0) return {};
            if (TRY(same_content(path, *there, file))) return {};
        }
        if (const auto parent = open_parent(tree_.get(), path)) {
            TRY(replace_file(parent->get(), path.filename(), file.content, file.mode, facts_.name));
        } else if (parent.error().sys == ENOENT) {
            TRY(seeder.add(facts_.name, path, view_.get(), [&](const Entry& to) {
                return replace_file(to.directory, to.name, file.content, file.mode, facts_.name);
            }));
        } else {
            return Failure(parent.error());
        }
        reached("wrote a fact");
        return {};
    }

    Result<bool> same_content(const fs::path& path, const struct stat& st, const FactFile& file) const {
        if ((st.st_mode & 07777U) != file.mode || st.st_size != static_cast<off_t>(file.content.size())) return false;
        const auto fd = TRY(open_beneath(tree_.get(), path, O_RDONLY));
        std::string content(file.content.size(), '\0');
        const ssize_t n = pread(fd.get(), content.data(), content.size(), 0);
        if (n < 0) return fail_errno(errno, "reading it");
        return static_cast<size_t>(n) == content.size() && content == file.content;
    }

    Result<> map_rule(const Rule& rule) {
        if (!TRY(applies(rule))) return {};
        if (rule.mode == Mode::link) {
            TRY(keep_link(rule));
            ++mapped_.links;
            return {};
        }
        const auto target = TRY(ensure_directory(root_.get(), rule.path, rule.permissions));
        if (rule.mode == Mode::tmpfs) {
            TRY(mount_tmpfs(target.get()));
            ++mapped_.tmpfs;
        } else {
            const int from = rule.mode == Mode::bind ? tree_.get() : view_.get();
            const auto source = rule.mode == Mode::bind ? TRY(open_beneath(from, rule.path, O_PATH | O_DIRECTORY))
                                                        : TRY(ensure_directory(from, rule.path, rule.permissions));
            TRY(bind_directory(source.get(), target.get()));
            ++mapped_.binds;
        }
        reached("mounted");
        return {};
    }

    // A program that writes by rename puts a file where the link was, and then every node sees it. The file is kept
    // aside and the link comes back.
    Result<> keep_link(const Rule& rule) {
        const auto state = TRY(link_state(root_.get(), rule.path));
        if (state == LinkState::ours) return {};
        if (!known_) return fail("is no link").advise("pando cdsl apply makes it one, with its content for every node");
        const auto parent = TRY(open_parent(root_.get(), rule.path));
        if (state == LinkState::other) {
            const std::string kept = TRY(displace(root_.get(), rule.path, facts_.name));
            reached("kept aside");
            mapped_.repaired.push_back(fmt::format("{}: a program had replaced the link by a file, which is now {}",
                                                   rule.path.string(), kept));
        }
        TRY(replace_by_link(parent.get(), rule.path.filename(), target_of_link(rule.path), facts_.name));
        reached("linked again");
        return {};
    }

    Result<> tell_not_applied(const Rule& rule) const {
        if (!TRY(applies(rule))) return {};
        const Rule* mapped = rule_at(rule.path);
        return fail("shall be {} and {}", name_of(rule.mode),
                    mapped == nullptr ? std::string("is not applied yet") : fmt::format("is {}", name_of(mapped->mode)))
            .advise("pando cdsl apply does it, for all nodes");
    }

    void reached(std::string_view done) const {
        if (checkpoint_) checkpoint_(done);
    }

    fs::path root_path_;
    const std::vector<Rule>& policy_;  // empty: not known
    std::vector<Rule> rules_;          // what is mapped, parents first
    std::vector<Rule> not_applied_;    // of the policy
    bool known_ = false;               // by an inventory
    const NodeFacts& facts_;
    Checkpoint checkpoint_;
    UniqueFd root_, nodes_, tree_, view_;
    Mapped mapped_;
};

}  // namespace

Result<Mapped> map(const fs::path& root, const std::vector<Rule>& policy, const NodeFacts& facts,
                   const Checkpoint& checkpoint) {
    return Mapping(root, policy, facts, checkpoint).run();
}

}  // namespace pando::cdsl
