// SPDX-License-Identifier: GPL-2.0-or-later
// At boot: the node's tree, its facts, its mounts. Runs as process 1 of the initramfs and calls no program.
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
        : root_path_(root), rules_(policy), facts_(facts), checkpoint_(checkpoint) {
        std::sort(rules_.begin(), rules_.end(), [](const Rule& a, const Rule& b) { return a.path < b.path; });
    }

    Result<Mapped> run() {
        if (facts_.name.empty() || facts_.name.starts_with('.') || facts_.name.find('/') != std::string::npos)
            return bad_input("\"{}\" is no name of a node", facts_.name);
        root_.reset(open(root_path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!root_.valid()) return fail_errno(errno, "opening {}", root_path_.string());
        if (!TRY(stat_beneath(root_.get(), fs::path(nodes_directory) / template_tree)))
            return fail("the root has no {}/{}", nodes_directory, template_tree)
                .advise("prepare it from a node that has it mounted: pando cdsl prepare --root TREE --cluster FILE");
        nodes_ = TRY(open_beneath(root_.get(), nodes_directory, O_PATH | O_DIRECTORY));

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
        return std::move(mapped_);
    }

private:
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

    bool is_mount_point(const fs::path& path) const {
        const auto at = std::lower_bound(rules_.begin(), rules_.end(), path,
                                         [](const Rule& rule, const fs::path& wanted) { return rule.path < wanted; });
        return at != rules_.end() && at->path == path && at->mode != Mode::link;
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
        if (!TRY(was_prepared(rule)))
            return fail("is no link yet")
                .advise("pando cdsl prepare makes it one, with its content kept for every node");
        const auto parent = TRY(open_parent(root_.get(), rule.path));
        if (state == LinkState::other) {
            const std::string kept = TRY(keep_aside(parent.get(), rule.path));
            mapped_.repaired.push_back(fmt::format("{}: a program had replaced the link by a file, which is now {}",
                                                   rule.path.string(), kept));
        }
        TRY(replace_by_link(parent.get(), rule.path.filename(), target_of_link(rule.path), facts_.name));
        reached("linked again");
        return {};
    }

    Result<bool> was_prepared(const Rule& rule) {
        if (!prepared_) {
            const auto inventory = TRY(read_inventory(root_.get()));
            prepared_ = inventory ? inventory->rules : std::vector<Rule>{};
        }
        return std::any_of(prepared_->begin(), prepared_->end(),
                           [&](const Rule& known) { return known.path == rule.path && known.mode == Mode::link; });
    }

    // A second name for the file: nothing is lost whenever power goes. The first free number is taken.
    Result<std::string> keep_aside(int parent, const fs::path& path) const {
        const auto directory = TRY(open_beneath(root_.get(), displaced_directory, O_PATH | O_DIRECTORY));
        std::string base = path.relative_path().string();
        std::replace(base.begin(), base.end(), '/', '_');
        base = base.substr(0, 160) + "." + facts_.name;
        const auto original = TRY(stat_beneath(parent, path.filename()));
        if (!original) return fail("went away meanwhile");
        for (int number = 1; number < 1000; ++number) {
            const std::string name = fmt::format("{}.{}", base, number);
            const std::string shown = fmt::format("/{}/{}", displaced_directory, name);
            if (linkat(parent, path.filename().c_str(), directory.get(), name.c_str(), 0) == 0) {
                TRY(sync_filesystem(directory.get()));
                reached("kept aside");
                return shown;
            }
            if (errno != EEXIST) return fail_errno(errno, "keeping it as {}", shown);
            const auto taken = TRY(stat_beneath(directory.get(), name));
            if (taken && taken->st_ino == original->st_ino && taken->st_dev == original->st_dev) return shown;
        }
        return fail("/{} is full of it", displaced_directory).advise("look through that directory and empty it");
    }

    void reached(std::string_view done) const {
        if (checkpoint_) checkpoint_(done);
    }

    fs::path root_path_;
    std::vector<Rule> rules_;
    const NodeFacts& facts_;
    Checkpoint checkpoint_;
    UniqueFd root_, nodes_, tree_, view_;
    std::optional<std::vector<Rule>> prepared_;
    Mapped mapped_;
};

}  // namespace

Result<Mapped> map(const fs::path& root, const std::vector<Rule>& policy, const NodeFacts& facts,
                   const Checkpoint& checkpoint) {
    return Mapping(root, policy, facts, checkpoint).run();
}

}  // namespace pando::cdsl
