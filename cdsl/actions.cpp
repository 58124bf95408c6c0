// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/actions.h"

#include "cdsl/additions.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/preparation.h"
#include "cdsl/seed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <utility>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr const char* writer = "change";  // in temporary names
constexpr int rounds = 3;                 // of moving what a running node writes meanwhile

// Never over something else: what is in the way would be lost.
Result<> move(int from, const fs::path& name, int to, const fs::path& new_name) {
    if (renameat2(from, name.c_str(), to, new_name.c_str(), RENAME_NOREPLACE) < 0)
        return fail_errno(errno, "moving {}", name.string());
    return {};
}

std::string staged(const std::string& name) { return "." + name + ".next"; }

// Of a kept copy until it is whole.
fs::path unfinished_name(const fs::path& kept) { return kept.parent_path() / ("." + kept.filename().string()); }

bool is_in_a_tree(const fs::path& path) {
    const fs::path inside = path.lexically_relative(nodes_directory);
    return !inside.empty() && *inside.begin() != "..";
}

// Paths below `path` that have content of their own in the nodes' trees.
std::vector<fs::path> content_below(const std::vector<Rule>& rules, const fs::path& path) {
    std::vector<fs::path> paths;
    for (const Rule& rule : rules)
        if (has_content(rule) && is_below(rule.path, path)) paths.push_back(rule.path);
    return paths;
}

class Performer {
public:
    Performer(const SharedRoot& shared, const Intent& intent, const Checkpoint& checkpoint)
        : root_(shared.bare()), path_(shared.path()), intent_(intent), checkpoint_(checkpoint) {}

    Result<> perform(const Action& action) const {
        switch (action.kind) {
            case Action::Kind::seed:
                return seed(action);
            case Action::Kind::unseed:
                return unseed(action);
            case Action::Kind::hollow:
                return hollow(action);
            case Action::Kind::keep:
                return keep(action);
            case Action::Kind::empty:
                return empty(action);
            case Action::Kind::fill:
                return fill(action);
            case Action::Kind::publish:
                return publish(action);
            case Action::Kind::unlink:
                return unlink(action);
            case Action::Kind::destroy:
                return destroy(action);
            case Action::Kind::prepare:
                return prepare(action);
            case Action::Kind::commit:
                return commit();
            case Action::Kind::restore:
                return restore(action);
            case Action::Kind::tidy:
                return tidy(action);
        }
        return {};
    }

private:
    Result<UniqueFd> nodes() const { return open_beneath(root_, nodes_directory, O_PATH | O_DIRECTORY); }
    Seeder seeder(int nodes) const { return Seeder(nodes, workplace, checkpoint_); }

    Rule rule_at(const fs::path& path) const {
        for (const Rule& rule : merged(intent_.inventory.rules))
            if (rule.path == path) return rule;
        return Rule{path, Mode::bind, Seed::copy};  // a directory that becomes part of a private one again
    }

    Result<> seed(const Action& action) const {
        const auto nodes = TRY(this->nodes());
        const Seeder seeder = this->seeder(nodes.get());
        TRY(seeder.clean());
        if (TRY(seeder.has(action.to, action.path))) return {};
        if (action.from.empty()) {
            const Rule rule = rule_at(action.path);
            if (rule.mode == Mode::link && TRY(link_state(root_, rule.path)) == LinkState::ours) return {};
            const auto make = [&](const Entry& to) { return seed_from_root(root_, rule, intent_.inventory.rules, to); };
            TRY(seeder.add(action.to, action.path, root_, make));
        } else {
            if (!TRY(seeder.has(action.from, action.path))) return {};  // had no content when it was made
            const auto start = TRY(open_beneath(nodes.get(), action.from, O_PATH | O_DIRECTORY));
            const auto parent = TRY(open_parent(start.get(), action.path));
            TRY(seeder.add(action.to, action.path, start.get(), [&](const Entry& to) {
                return copy_tree({parent.get(), action.path.filename().string()}, to);
            }));
        }
        return {};
    }

    // Its content is still on the shared root; where a link has taken that place, the tree's goes back there.
    Result<> unseed(const Action& action) const {
        if (rule_at(action.path).mode == Mode::link && TRY(link_state(root_, action.path)) == LinkState::ours)
            return publish({Action::Kind::publish, fs::path(nodes_directory) / action.to / action.path.relative_path(),
                            action.path.relative_path(), action.path});
        const auto before = TRY(read_inventory(root_));
        const auto nodes = TRY(this->nodes());
        return seeder(nodes.get())
            .remove(action.to, action.path, content_below(before ? before->rules : std::vector<Rule>{}, action.path));
    }

    Result<> hollow(const Action& action) const {
        const auto nodes = TRY(this->nodes());
        const auto there = TRY(stat_beneath(nodes.get(), action.to / action.path.relative_path()));
        if (!there) return {};
        // It was emptied before. What is in it now without the mark was seeded by a run that was interrupted later.
        const auto directory = TRY(open_beneath(nodes.get(), action.to / action.path.relative_path(), O_PATH));
        if (!TRY(is_marked_parent(directory.get())) && !TRY(names_in(directory.get())).empty()) return {};
        return seeder(nodes.get()).mark_parent(action.to, action.path);
    }

    Result<UniqueFd> directory_of(const fs::path& path) const {
        if (path.relative_path().parent_path() == kept_directory) TRY(ensure_directory(root_, kept_directory, 0700));
        return open_parent(root_, path);
    }

    Result<> keep(const Action& action) const {
        if (!TRY(stat_beneath(root_, action.to)) && TRY(stat_beneath(root_, action.from))) {
            const auto inside =
                action.path.empty() ? std::vector<fs::path>{} : content_below(intent_.inventory.rules, action.path);
            if (inside.empty())
                TRY(keep_whole(action));
            else
                TRY(gather(action, [&](int from, int into) { return move_around(from, into, action.path, inside); }));
        }
        return prune(action.from, action.path);
    }

    Result<> keep_whole(const Action& action) const {
        const auto to = TRY(directory_of(action.to));
        const auto from = TRY(open_parent(root_, action.from));
        TRY(move(from.get(), action.from.filename(), to.get(), action.to.filename()));
        TRY(flush_directory(to.get()));
        reached("kept");
        return flush_directory(from.get());
    }

    // In a tree the directory is no content from the first move on: what its node writes there before it is seeded
    // stays in it, and is not taken for all of it.
    Result<> empty(const Action& action) const {
        if (TRY(stat_beneath(root_, action.to)) || !TRY(stat_beneath(root_, action.from))) return {};
        return gather(action, [&](int from, int into) -> Result<> {
            if (is_in_a_tree(action.from)) TRY(mark_as_parent(from));
            return move_all_out(from, into, action.path);
        });
    }

    // Undoes empty, hollow and seed of one directory, which keeps its inode: it is a mount point on running nodes. What
    // it holds while the kept copy has its name are copies of the shared content. Without a kept copy it was empty.
    Result<> restore(const Action& action) const {
        const auto nodes = TRY(this->nodes());
        TRY(seeder(nodes.get()).clean());  // first of all: it may be what filled the disk
        const auto to = TRY(open_beneath(root_, action.to, O_PATH | O_DIRECTORY));
        if (action.from.empty()) {
            TRY(remove_copies(nodes.get(), to.get()));
            return mark_as_parent(to.get());  // a mount point
        }
        const fs::path unfinished = unfinished_name(action.from);
        if (TRY(stat_beneath(root_, action.from))) {
            const auto kept = TRY(open_beneath(root_, action.from, O_PATH | O_DIRECTORY));
            TRY(remove_copies(nodes.get(), to.get()));
            TRY(copy_attributes(kept.get(), to.get()));
            const auto parent = TRY(open_parent(root_, action.from));
            TRY(move(parent.get(), action.from.filename(), parent.get(), unfinished.filename()));
            reached("opened what was kept");
            TRY(flush_directory(parent.get()));
        }
        if (TRY(stat_beneath(root_, unfinished))) {
            const auto kept = TRY(open_beneath(root_, unfinished, O_PATH | O_DIRECTORY));
            TRY(move_all_in(kept.get(), to.get(), action.path));
            TRY(unmark_parent(to.get()));
            TRY(flush_directory(to.get()));
            reached("moved back");
            const auto parent = TRY(open_parent(root_, unfinished));
            if (unlinkat(parent.get(), unfinished.filename().c_str(), AT_REMOVEDIR) < 0)
                return fail_errno(errno, "removing {}", unfinished.string());
            reached("restored");
            return flush_directory(parent.get());
        }
        return unmark_parent(to.get());
    }

    // Each in one step, so that no half of one is ever taken for a whole.
    Result<> remove_copies(int nodes, int directory) const {
        const auto names = TRY(names_in(directory));
        if (names.empty()) return {};
        TRY(mark_as_parent(directory));
        for (const std::string& name : names) {
            if (unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) continue;
            if (errno != EISDIR && errno != EPERM) return fail_errno(errno, "removing {}", name);
            const auto work = TRY(ensure_directory(nodes, workplace, 0700));
            TRY(move(directory, name, work.get(), name));
            reached("took a copy out");
        }
        TRY(flush_directory(directory));
        return seeder(nodes).clean();
    }

    // A new directory with what `collect` moves into it; it has its name when all is in it.
    template <typename Collect>
    Result<> gather(const Action& action, Collect collect) const {
        const auto parent = TRY(directory_of(action.to));
        const auto from = TRY(open_beneath(root_, action.from, O_PATH | O_DIRECTORY));
        const fs::path unfinished = unfinished_name(action.to).filename();
        const auto into = TRY(ensure_directory(parent.get(), unfinished, 0700));
        TRY(collect(from.get(), into.get()));
        TRY(copy_attributes(from.get(), into.get()));
        TRY(flush_directory(into.get()));
        TRY(move(parent.get(), unfinished, parent.get(), action.to.filename()));
        reached("gathered");
        TRY(flush_directory(parent.get()));
        return flush_directory(from.get());
    }

    Result<> move_all_out(int from, int into, const fs::path& path) const {
        for (const std::string& name : TRY(names_in(from))) TRY(move_out(from, into, name, path));
        return {};
    }

    // Running nodes write where pieces are moved. Out of such a directory: a name that was moved before and is there
    // again is set aside, one that is gone is no error.
    Result<> move_out(int from, int into, const std::string& name, const fs::path& path) const {
        auto moved = move(from, name, into, name);
        if (!moved && moved.error().sys == EEXIST)
            TRY(set_aside(from, name, path / name));
        else if (!moved && moved.error().sys != ENOENT)
            return moved;
        reached("moved a piece");
        return {};
    }

    // Into such a directory: what has the name there is set aside.
    Result<> move_in(int from, int into, const std::string& name, const fs::path& path) const {
        auto moved = move(from, name, into, name);
        for (int round = 0; !moved && moved.error().sys == EEXIST && round < rounds; ++round) {
            TRY(set_aside(into, name, path / name));
            moved = move(from, name, into, name);
        }
        if (!moved && moved.error().sys != ENOENT) return moved;
        reached("moved a piece");
        return {};
    }

    Result<> move_all_in(int from, int into, const fs::path& path) const {
        for (const std::string& name : TRY(names_in(from))) TRY(move_in(from, into, name, path));
        return {};
    }

    // What belongs to other rules stays, in directories that are no content any more.
    Result<> move_around(int from, int into, const fs::path& path, const std::vector<fs::path>& inside) const {
        for (const std::string& name : TRY(names_in(from))) {
            const fs::path child = path / name;
            const auto is = [&](auto condition) { return std::any_of(inside.begin(), inside.end(), condition); };
            if (is([&](const fs::path& one) { return one == child; })) continue;
            if (is([&](const fs::path& one) { return is_below(one, child); })) {
                const auto deeper = TRY(open_beneath(from, name, O_PATH | O_DIRECTORY));
                const auto target = TRY(ensure_directory(into, name, 0700));
                TRY(move_around(deeper.get(), target.get(), child, inside));
                TRY(copy_attributes(deeper.get(), target.get()));
                continue;
            }
            TRY(move_out(from, into, name, path));
        }
        return mark_as_parent(from);
    }

    Result<> fill(const Action& action) const {
        if (TRY(stat_beneath(root_, action.from))) {
            const auto from = TRY(open_beneath(root_, action.from, O_PATH | O_DIRECTORY));
            const auto to = TRY(open_beneath(root_, action.to, O_PATH | O_DIRECTORY));
            if (rule_at(action.path).mode == Mode::shared)
                TRY(fill_and_leave(action, from.get(), to.get()));
            else
                TRY(fill_and_remove(action, from.get(), to.get()));
        }
        return prune(action.from, action.path);
    }

    Result<> pour(const Action& action, int from, int to) const {
        TRY(move_all_in(from, to, action.path));
        TRY(copy_attributes(from, to));
        return flush_directory(to);
    }

    // A node that runs has the directory in sight, and perhaps processes in it: it stays as the mount point.
    Result<> fill_and_leave(const Action& action, int from, int to) const {
        if (TRY(is_marked_parent(from))) return {};
        TRY(pour(action, from, to));
        TRY(mark_as_parent(from));
        reached("filled");
        return {};
    }

    // Whoever still writes into it cannot keep the change from its end: the directory itself is set aside, then.
    Result<> fill_and_remove(const Action& action, int from, int to) const {
        const auto parent = TRY(open_parent(root_, action.from));
        const fs::path name = action.from.filename();
        for (int round = 0; round < rounds; ++round) {
            TRY(pour(action, from, to));
            reached("poured");
            if (unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0) {
                reached("filled");
                return flush_directory(parent.get());
            }
            if (errno != ENOTEMPTY && errno != EEXIST) return fail_errno(errno, "removing {}", action.from.string());
        }
        TRY(set_aside(parent.get(), name, action.path));
        return flush_directory(parent.get());
    }

    // `path`: as which it is set aside.
    Result<> set_aside(int directory, const fs::path& taken, const fs::path& path) const {
        const auto kept = TRY(ensure_directory(root_, kept_directory, 0700));
        for (int number = 1; number < 1000; ++number) {
            const std::string name = fmt::format("{}.late.{}", flat_name(path), number);
            if (renameat2(directory, taken.c_str(), kept.get(), name.c_str(), RENAME_NOREPLACE) == 0) {
                reached("set aside");
                return flush_directory(kept.get());
            }
            if (errno == ENOENT) return {};  // gone again
            if (errno != EEXIST) return fail_errno(errno, "moving {} aside", path.string());
        }
        return fail("/{} is full of {}", kept_directory, path.string());
    }

    static Result<bool> is_link(int directory, const fs::path& name, const fs::path& path) {
        return TRY(link_text(directory, name)) == target_of_link(path);
    }

    Result<> publish(const Action& action) const {
        if (TRY(stat_beneath(root_, action.from))) {
            const auto from = TRY(open_parent(root_, action.from));
            const auto to = TRY(open_parent(root_, action.to));
            // A program may have replaced the link by a file of its own. One that does so from here on loses nothing
            // either: its file comes out of the exchange.
            const fs::path name = action.to.filename();
            if (!TRY(is_link(from.get(), name, action.to))) {
                if (TRY(link_state(root_, action.to)) == LinkState::other) TRY(set_aside(to.get(), name, action.to));
                const bool linked = TRY(link_state(root_, action.to)) == LinkState::ours;
                if (renameat2(from.get(), name.c_str(), to.get(), name.c_str(),
                              linked ? RENAME_EXCHANGE : RENAME_NOREPLACE) < 0)
                    return fail_errno(errno, "putting {} in place of the link", action.to.string());
                reached("published");
            }
            if (TRY(stat_beneath(root_, action.from))) {
                if (!TRY(is_link(from.get(), name, action.to)))
                    TRY(set_aside(from.get(), name, action.to));
                else if (unlinkat(from.get(), name.c_str(), 0) < 0)
                    return fail_errno(errno, "removing the link that was {}", action.to.string());
            }
            TRY(flush_directory(to.get()));
            TRY(flush_directory(from.get()));
        }
        return prune(action.from, action.path);
    }

    Result<> unlink(const Action& action) const {
        if (TRY(link_state(root_, action.to)) != LinkState::ours) return {};
        const auto parent = TRY(open_parent(root_, action.to));
        if (unlinkat(parent.get(), action.to.filename().c_str(), 0) < 0)
            return fail_errno(errno, "removing the link {}", action.to.string());
        reached("unlinked");
        return flush_directory(parent.get());
    }

    Result<> destroy(const Action& action) const {
        const auto parent = open_parent(root_, action.from);
        if (!parent && parent.error().sys == ENOENT) return {};
        if (!parent) return Failure(parent.error());
        TRY(remove_tree({parent->get(), action.from.filename().string()}));
        reached("destroyed");
        return flush_directory(parent->get());
    }

    Result<> prepare(const Action& action) const {
        std::vector<Rule> rules = merged(intent_.inventory.rules);
        if (!action.path.empty()) std::erase_if(rules, [&](const Rule& rule) { return rule.path != action.path; });
        return preparation(path_, rules, action.path.empty() ? Extent::whole : Extent::rules, checkpoint_)
            .execute(Plan::Mode::apply);
    }

    // What a full disk would stop is done before anything is final: both files are written before one of them is in
    // place, and the directories are made that the rest only moves into. The inventory comes first, so that it alone
    // tells whether the change was committed.
    Result<> commit() const {
        const auto pando = TRY(open_beneath(root_, pando_directory, O_PATH | O_DIRECTORY));
        std::vector<std::pair<std::string, std::string>> files = {{inventory_name, inventory_text(intent_.inventory)}};
        if (intent_.additions) files.emplace_back(additions_name, additions_text(*intent_.additions));
        const auto stage = [&]() -> Result<> {
            TRY(make_kept_directories());
            for (const auto& [name, text] : files) {
                TRY(replace_file(pando.get(), staged(name), text, 0644, writer));
                reached("staged a file");
            }
            return {};
        };
        TRY(stage());
        for (const auto& [name, text] : files) {
            if (renameat(pando.get(), staged(name).c_str(), pando.get(), name.c_str()) < 0)
                return fail_errno(errno, "putting the new {} in place", name);
            TRY(flush_directory(pando.get()));
            reached(fmt::format("wrote {}", name));
        }
        return {};
    }

    Result<> make_kept_directories() const {
        for (const Action& action : intent_.actions) {
            if (action.to.parent_path() != kept_directory) continue;
            TRY(ensure_directory(root_, kept_directory, 0700));
            if (action.kind != Action::Kind::empty || TRY(stat_beneath(root_, action.to))) continue;
            if (TRY(stat_beneath(root_, action.from))) TRY(ensure_directory(root_, unfinished_name(action.to), 0700));
        }
        reached("made room");
        return {};
    }

    Result<> tidy(const Action& action) const {
        const auto parent = open_parent(root_, action.to);
        if (!parent && parent.error().sys == ENOENT) return {};
        if (!parent) return Failure(parent.error());
        if (unlinkat(parent->get(), action.to.filename().c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT &&
            errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR && errno != EBUSY)
            return fail_errno(errno, "removing {}", action.to.string());
        return {};
    }

    // Directories that were in a tree for nothing but what has left it.
    Result<> prune(const fs::path& from, const fs::path& path) const {
        if (path.empty() || !is_in_a_tree(from)) return {};
        const auto nodes = TRY(this->nodes());
        return seeder(nodes.get()).prune(*from.lexically_relative(nodes_directory).begin(), path);
    }

    void reached(std::string_view done) const {
        if (checkpoint_) checkpoint_(done);
    }

    int root_;
    fs::path path_;
    const Intent& intent_;
    const Checkpoint& checkpoint_;
};

}  // namespace

Result<> perform(const SharedRoot& shared, const Intent& intent, const Action& action, const Checkpoint& checkpoint) {
    auto done = Performer(shared, intent, checkpoint).perform(action);
    if (!done) return Failure(done.error().context(text_of(action)));
    return {};
}

Result<bool> is_committed(const SharedRoot& shared, const Intent& intent) {
    return TRY(read_beneath(shared.bare(), inventory_path, inventory_limit)) == inventory_text(intent.inventory);
}

Result<> forget_commit(int root, const Intent& intent) {
    const auto remove = [&](const fs::path& path, int flags) -> Result<> {
        const auto parent = open_parent(root, path);
        if (!parent && parent.error().sys == ENOENT) return {};
        if (!parent) return Failure(parent.error());
        if (unlinkat(parent->get(), path.filename().c_str(), flags) < 0 && errno != ENOENT && errno != ENOTEMPTY &&
            errno != EEXIST)
            return fail_errno(errno, "removing /{}", path.string());
        return {};
    };
    for (const char* name : {inventory_name, additions_name}) TRY(remove(fs::path(pando_directory) / staged(name), 0));
    for (const Action& action : intent.actions)
        if (action.kind == Action::Kind::empty) TRY(remove(unfinished_name(action.to), AT_REMOVEDIR));
    return {};
}

}  // namespace pando::cdsl
