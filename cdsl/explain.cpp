// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/explain.h"

#include "base/printable.h"
#include "base/procfs.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/linked.h"
#include "cdsl/mounted.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <deque>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr std::array<std::pair<Reach, std::string_view>, 10> names{{{Reach::everyone, "shared"},
                                                                    {Reach::again, "shared_inside_private"},
                                                                    {Reach::own, "private"},
                                                                    {Reach::own_by_link, "private_by_link"},
                                                                    {Reach::displaced, "link_replaced"},
                                                                    {Reach::pending, "not_applied"},
                                                                    {Reach::memory, "volatile"},
                                                                    {Reach::kernel, "kernel"},
                                                                    {Reach::pando, "pando"},
                                                                    {Reach::elsewhere, "other_filesystem"}}};

constexpr int link_limit = 40;       // as the kernel's
constexpr size_t path_limit = 4095;  // PATH_MAX without its NUL

// The way of one path on one node, symlinks followed as a process there would.
class Way {
public:
    Way(const Survey& survey, const std::string& node) : survey_(survey), rules_(survey.rules_of(node)) {
        place_.node = node;
    }

    Result<Place> run(const fs::path& asked) {
        push_front(asked);
        TRY(walk());
        place_.path = at_;
        decide();
        if (survey_.here() == place_.node) look_for_other_mounts();
        return std::move(place_);
    }

private:
    void push_front(const fs::path& text) {
        std::vector<std::string> parts;
        for (const fs::path& name : text.relative_path())
            if (!name.empty() && name != ".") parts.push_back(name.string());
        left_.insert(left_.begin(), parts.begin(), parts.end());
    }

    // The rest is taken as it is written: there is nothing to look up.
    void stop_at(const fs::path& path) {
        at_ = path;
        for (const std::string& name : left_) at_ = name == ".." ? at_.parent_path() : at_ / name;
        left_.clear();
    }

    Result<> walk() {
        while (!left_.empty()) {
            const std::string name = left_.front();
            left_.pop_front();
            if (name == "..") {
                at_ = at_.parent_path();
                continue;
            }
            const fs::path next = at_ / name;
            const Rule* rule = rule_at(rules_, next);
            const bool ends_here = is_kernels(next) || next == fs::path("/") / pando_directory ||
                                   (rule != nullptr && (rule->mode == Mode::tmpfs || rule->mode == Mode::link));
            if (ends_here) {
                stop_at(next);
                return {};
            }
            const auto target = TRY(symlink_at(next));
            if (!target) {
                at_ = next;
                continue;
            }
            if (++links_ > link_limit)
                return bad_input("{}: more than {} symlinks on the way", printable(next.string()), link_limit);
            place_.followed.push_back(fmt::format("{} -> {}", next.string(), *target));
            if (target->starts_with('/')) at_ = "/";
            push_front(*target);
        }
        return {};
    }

    static bool is_kernels(const fs::path& path) {
        return path == "/proc" || path == "/sys" || path == "/dev" || path == "/run";
    }

    // The text of a symlink that is not ours; nothing for all else.
    Result<std::optional<std::string>> symlink_at(const fs::path& path) const {
        const auto [directory, relative] = place_on_disk(path);
        const auto parent = open_parent(directory, relative);
        if (!parent) return std::nullopt;  // not there, or a file in the way: said at the end
        return link_text(parent->get(), path.filename());
    }

    // Where the node's path is on the shared root, and by which descriptor.
    std::pair<int, fs::path> place_on_disk(const fs::path& path) const {
        const Rule* rule = rule_over(rules_, path);
        if (rule != nullptr && holds(*rule) && (rule->mode == Mode::bind || rule->mode == Mode::link))
            return {survey_.trees_fd(), fs::path(place_.node) / path.relative_path()};
        return {survey_.view(), path};
    }

    // A rule that is on disk; of others the path is shared still.
    bool holds(const Rule& rule) const {
        if (!survey_.is_applied(rule)) return false;
        if (rule.mode == Mode::link) {
            const auto state = linked(survey_, rule);
            return !state || (*state != Linked::not_present && *state != Linked::late);
        }
        if (rule.when == When::present) {
            const auto there = stat_beneath(survey_.view(), rule.path);
            return there && there->has_value();
        }
        return true;
    }

    void decide() {
        if (std::any_of(at_.begin(), at_.end(), [](const auto&) { return true; }) && at_ != "/") {
            const fs::path top = fs::path("/") / *std::next(at_.begin());
            if (is_kernels(top)) return kernels();
            if (top == fs::path("/") / pando_directory) return pandos();
        }
        const Rule* rule = rule_over(rules_, at_);
        if (rule != nullptr) place_.rule = *rule;
        const auto [directory, relative] = place_on_disk(at_);
        place_.at = directory == survey_.trees_fd() ? fs::path("/") / nodes_directory / relative : at_;
        place_.state = state_of(directory, relative);
        if (rule == nullptr)
            say(Reach::everyone, "a write reaches every node: it is the same one for all");
        else if (!holds(*rule))
            say(Reach::pending, pending_why(*rule));
        else
            decide_by(*rule);
    }

    void decide_by(const Rule& rule) {
        switch (rule.mode) {
            case Mode::shared:
                return say(Reach::again, "a write reaches every node, though what lies around it is each node's own");
            case Mode::tmpfs:
                place_.at.reset();
                place_.state = "in the node's memory";
                return say(Reach::memory, "a write reaches this node only, and is gone after its boot");
            case Mode::link:
                return by_link(rule);
            case Mode::bind:
                break;
        }
        if (!survey_.has_tree(place_.node)) place_.state = "no tree yet: starts from the template at the node's boot";
        if (survey_.here() == place_.node)
            if (const auto there = mounted(survey_, place_.node, rule); !there || *there != Mounted::ours)
                return say(Reach::pending,
                           fmt::format("{} is not mounted on this node: a write goes to the shared root, and reaches "
                                       "the nodes on which it is not mounted either",
                                       rule.path.string()));
        say(Reach::own, "a write reaches this node only, by rename too: the directory is its own");
    }

    void by_link(const Rule& rule) {
        const auto state = linked(survey_, rule);
        if (state && *state == Linked::ours) {
            if (!survey_.has_tree(place_.node))
                place_.state = "no tree yet: starts from the template at the node's boot";
            return say(Reach::own_by_link,
                       "a write through the link reaches this node only; a program that writes by rename replaces the "
                       "link, and every node sees its file until pando cdsl guard, a service of each node, makes it "
                       "this node's own and puts the link back");
        }
        place_.at = rule.path;
        place_.state = state_of(survey_.view(), rule.path);
        if (state && *state == Linked::missing)
            return say(Reach::displaced,
                       "the link is gone: what is written there now reaches every node; pando cdsl repair mends it");
        say(Reach::displaced,
            "something else stands where the link belongs: a write reaches every node; pando cdsl repair mends it");
    }

    std::string pending_why(const Rule& rule) const {
        const auto there = stat_beneath(survey_.view(), rule.path);
        if (rule.when == When::present && there && !there->has_value())
            return fmt::format(
                "{} is not on the root; it is each node's own from the boot, or pando cdsl apply, that "
                "finds it there; until then a write reaches every node{}",
                rule.path.string(), own_all_the_same(rule));
        if (rule.mode == Mode::link && survey_.is_applied(rule) && there && *there)
            return "it came after the rule was applied: a write reaches every node; pando cdsl apply makes it each "
                   "node's own";
        return "the policy has it and it is not applied to this root yet: a write reaches every node";
    }

    // A program that knows the tree's place needs no link on the root, as the unit that makes a node's host key.
    std::string own_all_the_same(const Rule& rule) const {
        const auto own = stat_beneath(survey_.trees_fd(), fs::path(place_.node) / rule.path.relative_path());
        if (!own || !*own) return {};
        return fmt::format("; {} has one of its own, for programs that name /{}{}", place_.node, local_directory,
                           rule.path.string());
    }

    void kernels() {
        place_.state = "in the node's memory";
        say(Reach::kernel, "the running system's: it is not on the shared root, and each node has its own");
    }

    void pandos() {
        place_.at = at_;
        const fs::path nodes = fs::path("/") / nodes_directory;
        const fs::path local = fs::path("/") / local_directory;
        const fs::path shared = fs::path("/") / shared_directory;
        const auto rest_of = [&](const fs::path& directory) { return at_.lexically_relative(directory); };
        if (at_ == local || is_below(at_, local)) {
            const fs::path inside = fs::path(place_.node) / rest_of(local).lexically_normal();
            place_.at = (nodes / inside).lexically_normal();
            place_.state = state_of(survey_.trees_fd(), inside.lexically_normal());
            return say(Reach::pando, "the tree of the node that looks: a write reaches this node only");
        }
        if (is_below(at_, shared)) {
            place_.at = fs::path("/") / rest_of(shared);
            place_.state = state_of(survey_.view(), *place_.at);
            return say(Reach::pando,
                       "the shared root without private mounts: a write reaches whoever has nothing "
                       "mounted there");
        }
        place_.state = state_of(survey_.view(), at_);
        if (!is_below(at_, nodes)) return say(Reach::pando, "Pando's own, the same for every node");
        const fs::path rest = rest_of(nodes);
        const std::string owner = rest.begin()->string();
        if (owner == template_tree)
            return say(Reach::pando, "the template: a write reaches the nodes that boot for the first time after it");
        say(Reach::pando, fmt::format("{}'s own: a write reaches {} only, whoever makes it", owner, owner));
    }

    // Another filesystem over a part of the root is this node's affair; we can tell of the node we run on only.
    void look_for_other_mounts() {
        if (place_.reach != Reach::everyone && place_.reach != Reach::again && place_.reach != Reach::own) return;
        fs::path existing = at_;
        auto opened = open_beneath(survey_.seen(), existing, O_PATH);
        while (!opened && existing != "/") {
            existing = existing.parent_path();
            opened = open_beneath(survey_.seen(), existing, O_PATH);
        }
        struct stat there {};
        struct stat root {};
        if (!opened || fstat(opened->get(), &there) < 0 || fstat(survey_.view(), &root) < 0) return;
        if (there.st_dev == root.st_dev) return;
        place_.at.reset();
        place_.state = fmt::format("on another filesystem{}", mount_over(existing));
        say(Reach::elsewhere, "on this node another filesystem is mounted there: a write goes to that one");
    }

    std::string mount_over(const fs::path& path) const {
        const auto mounts = our_mounts();
        if (!mounts) return {};
        const fs::path outside = (survey_.root() / path.relative_path()).lexically_normal();
        const Mount* nearest = nullptr;
        for (const Mount& mount : *mounts)
            if (outside == mount.point || is_below(outside, mount.point))
                if (nearest == nullptr || mount.point.size() >= nearest->point.size()) nearest = &mount;
        if (nearest == nullptr) return {};
        return fmt::format(": {} ({}) at {}", nearest->source, nearest->filesystem, nearest->point);
    }

    static std::string state_of(int directory, const fs::path& path) {
        const auto st = path.relative_path().empty() ? stat_of_top(directory) : stat_beneath(directory, path);
        if (!st) return st.error().what;
        if (!*st) return "nothing there";
        const struct stat& found = **st;
        if (S_ISDIR(found.st_mode)) return "a directory";
        if (S_ISREG(found.st_mode)) return fmt::format("a file, {} bytes", found.st_size);
        if (S_ISLNK(found.st_mode)) {
            const auto parent = open_parent(directory, path);
            const auto text = parent ? link_text(parent->get(), path.filename()) : std::nullopt;
            return text && *text ? "a symlink to " + **text : "a symlink";
        }
        return "a special file";
    }

    static Result<std::optional<struct stat>> stat_of_top(int directory) {
        struct stat st {};
        if (fstat(directory, &st) < 0) return fail_errno(errno, "looking at the root");
        return st;
    }

    void say(Reach reach, std::string why) {
        place_.reach = reach;
        place_.why = std::move(why);
    }

    const Survey& survey_;
    const std::vector<Rule>& rules_;
    Place place_;
    fs::path at_ = "/";
    std::deque<std::string> left_;
    int links_ = 0;
};

}  // namespace

std::string_view name_of(Reach reach) {
    return std::find_if(names.begin(), names.end(), [&](const auto& row) { return row.first == reach; })->second;
}

Result<Explanation> explain(const Survey& survey, const fs::path& path, const std::vector<std::string>& nodes) {
    const std::string& text = path.native();
    if (!text.starts_with('/'))
        return bad_input("{}: is not absolute", text.empty() ? "(empty)" : printable(text))
            .advise("begin it with a slash, as seen on the booted node");
    if (text.size() > path_limit) return bad_input("a path of {} bytes: no file has such a name", text.size());
    if (text.find('\0') != std::string::npos) return bad_input("{}: has a NUL in it", printable(text));
    Explanation explained{path, {}};
    for (const std::string& node : nodes) explained.places.push_back(TRY(Way(survey, node).run(path)));
    return explained;
}

}  // namespace pando::cdsl
