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

// Renames and removals of names only: a boot does not wait for copies and for large trees to be removed.
bool is_quick(const Intent& intent) {
    using Kind = Action::Kind;
    return std::none_of(intent.actions.begin(), intent.actions.end(), [&](const Action& action) {
        if (action.kind == Kind::seed || action.kind == Kind::destroy) return true;
        if (action.kind != Kind::prepare) return false;
        const auto& rules = intent.inventory.rules;
        return action.path.empty() || std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) {
                   return rule.path == action.path && has_content(rule);
               });
    });
}

// Rules in order: what is mapped, and what could not be.
struct Pass {
    size_t binds = 0, links = 0, tmpfs = 0;
    std::vector<std::string> failures, required_failures, repaired;
    std::vector<const Rule*> incomplete;  // a copy or a link is missing, and what lies below such a path
};

class Mapping {
public:
    Mapping(const fs::path& root, const std::vector<Rule>& policy, const NodeFacts& facts, const Checkpoint& checkpoint,
            const Patience& patience)
        : root_path_(root), policy_(policy), facts_(facts), checkpoint_(checkpoint), patience_(patience) {}

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
        TRY(have_tree(seeder));

        // The root as it is below all private mounts: where shared directories inside private ones come from.
        const auto view_point = TRY(open_beneath(root_.get(), shared_directory, O_PATH | O_DIRECTORY));
        TRY(bind_directory(root_.get(), view_point.get()));
        view_ = TRY(open_beneath(root_.get(), shared_directory, O_PATH | O_DIRECTORY));
        reached("bound the shared view");
        const auto local = TRY(open_beneath(root_.get(), local_directory, O_PATH | O_DIRECTORY));
        TRY(bind_directory(tree_.get(), local.get()));
        reached("bound the node's tree");

        Pass pass = map_complete();
        if (!pass.incomplete.empty()) TRY(mend(seeder, pass));
        take(std::move(pass));
        for (const auto& [path, file] : facts_.files)
            if (Result<> done = write_fact(seeder, path, file); !done)
                mapped_.required_failures.push_back(line(path, done.error()));
        for (const Rule& rule : not_applied_)
            if (Result<> done = tell_not_applied(rule); !done)
                mapped_.failures.push_back(line(rule.path, done.error()));
        return std::move(mapped_);
    }

private:
    Result<> hold(Milliseconds patience) {
        if (lock_) return {};
        const Holder who{facts_.name, "mapping"};
        lock_ = TRY(ChangeLock::take(root_.get(), who, Deadline::after(patience)));
        return choose_rules();  // as they are now
    }

    // Only when nobody is at work. What takes its time is left to pando-links.service.
    void recover_interrupted() {
        const auto work = [&]() -> Result<> {
            const auto shared = TRY(SharedRoot::open(root_path_));
            const Holder who{facts_.name, "boot"};
            for (std::string& line : TRY(recover_now(shared, who, checkpoint_, is_quick)))
                mapped_.repaired.push_back(std::move(line));
            return {};
        };
        if (Result<> done = work(); !done)
            mapped_.failures.push_back(line(fs::path("/") / journal_directory, done.error()));
    }

    // The inventory says what is on disk; what the policy has beyond it was not applied yet. Without an inventory the
    // policy is the best there is: links are left as they are, then.
    Result<> choose_rules() {
        not_applied_.clear();
        auto inventory = read_inventory(root_.get());
        known_ = inventory && *inventory;
        if (known_) {
            rules_ = rules_of_node(std::move((*inventory)->rules), facts_.name, facts_.profile);
            if (std::all_of(policy_.begin(), policy_.end(), [&](const Rule& rule) { return is_applied(rule); }))
                return {};
            for (Rule& rule : sensible_policy())
                if (!is_applied(rule)) not_applied_.push_back(std::move(rule));
            return {};
        }
        const std::string why = inventory ? "is lost" : inventory.error().what;
        if (policy_.empty())
            return fail("/{}: {}, and there is no policy to go by", inventory_path, why)
                .advise("pando cdsl repair writes it anew, on a node or where the root is mounted");
        const std::string said =
            fmt::format("/{}: {}; mapped what the policy says (pando cdsl repair writes it anew)", inventory_path, why);
        auto& all = mapped_.failures;
        if (std::find(all.begin(), all.end(), said) == all.end()) all.push_back(said);
        rules_ = sensible_policy();
        return {};
    }

    std::vector<Rule> sensible_policy() const {
        std::vector<Rule> policy = policy_;
        std::sort(policy.begin(), policy.end(), [](const Rule& a, const Rule& b) { return is_before(a.path, b.path); });
        return sensible(std::move(policy));
    }

    bool is_applied(const Rule& rule) const {
        const Rule* mapped = rule_at(rules_, rule.path);
        return mapped != nullptr && mapped->mode == rule.mode;
    }

    // A new node's is made under the lock: a change that is being made knows nothing of it.
    Result<> have_tree(const Seeder& seeder) {
        if (!TRY(stat_beneath(nodes_.get(), facts_.name))) {
            TRY(hold(patience_.required));
            if (!TRY(stat_beneath(nodes_.get(), facts_.name))) TRY(seeder.add_tree(template_tree, facts_.name));
        }
        tree_ = TRY(open_beneath(nodes_.get(), facts_.name, O_PATH | O_DIRECTORY));
        return {};
    }

    // All that is as it shall be, in one pass. Takes no lock: what another node changes at this moment holds here as
    // it would had this node booted before.
    Pass map_complete() {
        Parents in_tree(tree_.get());
        Parents on_root(root_.get());
        Pass pass;
        for (const Rule& rule : rules_) {
            const auto& last = pass.incomplete;
            if (!last.empty() && is_below(rule.path, last.back()->path)) {  // mounted on what is mounted later
                pass.incomplete.push_back(&rule);
                continue;
            }
            const auto mapped = map_if_complete(rule, in_tree, on_root, pass);
            if (!mapped)
                add_failure(pass, rule, mapped.error());
            else if (!*mapped)
                pass.incomplete.push_back(&rule);
        }
        return pass;
    }

    // False: it is to be completed first.
    Result<bool> map_if_complete(const Rule& rule, Parents& in_tree, Parents& on_root, Pass& pass) {
        if (!TRY(applies(rule))) return true;
        const char* name = last_name(rule.path);
        if (rule.mode == Mode::link) {
            const auto parent = on_root.of(rule.path);
            if (!parent && parent.error().sys == ENOENT && known_) return false;
            if (!parent) return Failure(parent.error());
            if (TRY(link_text(*parent, name)) != target_of_link(rule.path)) {
                TRY(link_state(root_.get(), rule.path));  // of a directory it has the words
                if (known_) return false;
                return fail("is no link").advise("pando cdsl apply makes it one, with its content for every node");
            }
            if (!TRY(has_copy(rule, in_tree)) && TRY(template_has(rule))) return false;
            ++pass.links;
            return true;
        }
        if (rule.mode == Mode::bind) {
            const auto parent = in_tree.of(rule.path);
            const UniqueFd source(parent ? openat(*parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1);
            if (!source.valid()) {
                const auto there = open_beneath(tree_.get(), rule.path, O_PATH | O_DIRECTORY);
                if (there || there.error().sys == ENOENT) return false;
                return Failure(there.error());  // it has the words
            }
            if (TRY(is_marked_parent(source.get()))) return false;
            TRY(bind_directory(source.get(), TRY(mount_point(rule, on_root)).get()));
            ++pass.binds;
        } else {
            TRY(map_without_copy(rule, on_root, pass));
        }
        reached("mounted");
        return true;
    }

    Result<> map_without_copy(const Rule& rule, Parents& on_root, Pass& pass) {
        const auto target = TRY(mount_point(rule, on_root));
        if (rule.mode == Mode::tmpfs) {
            TRY(mount_tmpfs(target.get()));
            ++pass.tmpfs;
            return {};
        }
        const auto source = TRY(ensure_directory(view_.get(), rule.path, rule.permissions));
        TRY(bind_directory(source.get(), target.get()));
        ++pass.binds;
        return {};
    }

    Result<UniqueFd> mount_point(const Rule& rule, Parents& on_root) const {
        if (const auto parent = on_root.of(rule.path)) {
            UniqueFd there(openat(*parent, last_name(rule.path), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (there.valid()) return there;
        }
        return ensure_directory(root_.get(), rule.path, rule.permissions);
    }

    // Copies and links that are missing, under the lock of changes and by what is on disk then: a path that another
    // node has just made everybody's is none of ours any more. Everything is mapped again, which does nothing where it
    // holds.
    Result<> mend(const Seeder& seeder, Pass& pass) {
        const bool required = std::any_of(pass.incomplete.begin(), pass.incomplete.end(),
                                          [](const Rule* rule) { return rule->required; });
        if (auto held = hold(required ? patience_.required : patience_.other); !held) {
            for (const Rule* rule : pass.incomplete) add_failure(pass, *rule, held.error().context("is left as it is"));
            return {};
        }
        pass = map_complete();  // by the rules as they are now
        const auto intents = read_intents(root_.get());
        if (!intents) {
            for (const Rule* rule : pass.incomplete)
                add_failure(pass, *rule, intents.error().context("is left as it is"));
            lock_.reset();
            return {};
        }
        std::vector<std::string> repaired;
        std::vector<std::pair<const Rule*, Error>> failed;
        for (const Rule& rule : rules_)
            if (Result<> done = complete(seeder, rule, *intents, repaired); !done)
                failed.emplace_back(&rule, done.error());
        pass = map_complete();
        pass.repaired = std::move(repaired);
        for (const auto& [rule, error] : failed) {
            add_failure(pass, *rule, error);
            std::erase(pass.incomplete, rule);
        }
        for (const Rule* rule : pass.incomplete)
            add_failure(pass, *rule, fail("lies below what cannot be mapped").error());
        lock_.reset();
        return {};
    }

    Result<> complete(const Seeder& seeder, const Rule& rule, const std::vector<Intent>& intents,
                      std::vector<std::string>& repaired) {
        if (!has_content(rule) || !TRY(applies(rule))) return {};
        const bool linked =
            rule.mode != Mode::link || !known_ || TRY(link_state(root_.get(), rule.path)) == LinkState::ours;
        if (linked && TRY(seeder.has(facts_.name, rule.path))) return {};
        for (const Intent& intent : intents)
            if (concerns(intent, rule.path))
                return fail("waits for {} of {}, which was interrupted", intent.holder.command, intent.holder.node)
                    .advise("pando cdsl repair completes it");
        TRY(complete_tree(seeder, rule));
        if (linked) return {};
        if (rule.when == When::present && !TRY(template_has(rule)) && !TRY(seeder.has(facts_.name, rule.path)))
            return fail("came after the rule was applied: every node sees this one")
                .advise("pando cdsl apply makes it each node's own");
        TRY(keep_link(rule, repaired));
        return {};
    }

    void take(Pass pass) {
        mapped_.binds = pass.binds;
        mapped_.links = pass.links;
        mapped_.tmpfs = pass.tmpfs;
        const auto append = [](std::vector<std::string>& to, std::vector<std::string>& from) {
            std::move(from.begin(), from.end(), std::back_inserter(to));
        };
        append(mapped_.failures, pass.failures);
        append(mapped_.required_failures, pass.required_failures);
        append(mapped_.repaired, pass.repaired);
    }

    static void add_failure(Pass& pass, const Rule& rule, const Error& error) {
        (rule.required ? pass.required_failures : pass.failures).push_back(line(rule.path, error));
    }

    static const char* last_name(const fs::path& path) { return path.c_str() + path.native().rfind('/') + 1; }

    static Result<bool> has_copy(const Rule& rule, Parents& in_tree) {
        const auto parent = in_tree.of(rule.path);
        struct stat st {};
        return parent && fstatat(*parent, last_name(rule.path), &st, AT_SYMLINK_NOFOLLOW) == 0;
    }

    Result<bool> template_has(const Rule& rule) const {
        return Seeder(nodes_.get(), {}, checkpoint_).has(template_tree, rule.path);
    }

    // On the shared root, not inside anything private.
    Result<bool> applies(const Rule& rule) const {
        return rule.when == When::always || TRY(stat_beneath(view_.get(), rule.path)).has_value();
    }

    // The tree may be older than the rule.
    Result<> complete_tree(const Seeder& seeder, const Rule& rule) const {
        if (TRY(seeder.has(facts_.name, rule.path))) return {};
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

    bool is_mount_point(const fs::path& path) const {
        const Rule* rule = rule_at(rules_, path);
        return rule != nullptr && rule->mode != Mode::link;
    }

    Result<> write_fact(const Seeder& seeder, const fs::path& given, const FactFile& file) const {
        const fs::path path = TRY(checked_path(given.native()));
        const Rule* rule = rule_over(rules_, path);
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

    // A program that writes by rename puts a file where the link was, and then every node sees it. The file is kept
    // aside and the link comes back.
    Result<> keep_link(const Rule& rule, std::vector<std::string>& repaired) const {
        const std::string kept = TRY(put_link(root_.get(), rule.path, facts_.name, {}, checkpoint_));
        if (!kept.empty())
            repaired.push_back(fmt::format("{}: a program had replaced the link by a file, which is now {}",
                                           rule.path.string(), kept));
        return {};
    }

    Result<> tell_not_applied(const Rule& rule) const {
        if (!TRY(applies(rule))) return {};
        const Rule* mapped = rule_at(rules_, rule.path);
        return fail("shall be {} and {}", name_of(rule.mode),
                    mapped == nullptr ? std::string("is not applied yet") : fmt::format("is {}", name_of(mapped->mode)))
            .advise("pando cdsl plan says what apply will do about it");
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
    Patience patience_;
    std::optional<ChangeLock> lock_;
    UniqueFd root_, nodes_, tree_, view_;
    Mapped mapped_;
};

}  // namespace

Result<Mapped> map(const fs::path& root, const std::vector<Rule>& policy, const NodeFacts& facts,
                   const Checkpoint& checkpoint, const Patience& patience) {
    return Mapping(root, policy, facts, checkpoint, patience).run();
}

}  // namespace pando::cdsl
