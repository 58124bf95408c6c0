// SPDX-License-Identifier: GPL-2.0-or-later
// Keeps private files private when programs write them by rename (hostnamectl, useradd, sed -i, many editors): such a
// program puts its file where the link stands, on the shared root, for every node. The guard makes that file the
// content of its own node and puts the link back, within moments.
//
// It knows who wrote because inotify tells of this machine's writes only. Nothing is copied: the link and the file
// change places in one step, so what is taken is what was there, and a program that still has it open goes on writing
// to it. It does so under the lock of changes and by the inventory as it is then: a path that is being shared again is
// left alone. Power may go at any time: the next start completes it.
//
//   auto guard = TRY(LinkGuard::start("/", "n1"));
//   while (…poll(guard.descriptor())…) for (const std::string& line : TRY(guard.settle())) log::info("{}", line);
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "cdsl/apply.h"
#include "cdsl/policy.h"

#include <sys/stat.h>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pando::cdsl {

class LinkGuard {
public:
    // Watches the links of the inventory from now on; completes what an earlier guard of this node was doing. What
    // stands in place of a link already is somebody's, nobody knows whose: settle() names it.
    static Result<LinkGuard> start(const std::filesystem::path& root, const std::string& node,
                                   const Checkpoint& checkpoint = {});

    // Readable when something happened where a link stands.
    int descriptor() const { return events_.get(); }
    size_t links() const { return rules_.size(); }
    // Is there something that a change of CDSLs holds up? Then settle() is to be called again soon, without an event.
    bool waiting() const { return waiting_; }

    // Takes in what happened until now; waits for nothing. A line for every file that became the node's own, and for
    // every one that could not. Also looks whether the inventory has changed.
    Result<std::vector<std::string>> settle();

private:
    LinkGuard(std::string node, Checkpoint checkpoint) : node_(std::move(node)), checkpoint_(std::move(checkpoint)) {}

    Result<> follow_inventory();
    Result<> watch(const std::set<std::filesystem::path>& parents);
    Result<bool> inventory_changed() const;
    Result<> take_in_events();
    void look_at_new_links();
    void forget_what_is_in_place();
    Result<> settle_under_lock();
    void settle_one(const Rule& rule);
    void say(const std::filesystem::path& path, const std::string& line);

    Result<bool> adopt(const Rule& rule, bool written);
    Result<bool> swap(const Rule& rule, int parent, int tree, const struct stat& seen);
    Result<bool> complete(const Rule& rule) const;
    Result<> take_symlink(const Rule& rule, int tree, const std::string& text) const;
    Result<UniqueFd> place_in_tree(const Rule& rule) const;
    void reached(std::string_view done) const {
        if (checkpoint_) checkpoint_(done);
    }

    std::string node_;
    Checkpoint checkpoint_;
    UniqueFd view_, nodes_, events_;
    std::map<std::filesystem::path, Rule> rules_;       // of mode link
    std::map<int, std::filesystem::path> directories_;  // by watch
    struct stat inventory_ {};
    std::set<std::filesystem::path> new_links_;          // not looked at yet
    std::set<std::filesystem::path> written_;            // by a program of this machine
    std::set<std::filesystem::path> begun_;              // by a guard that did not come to the end
    std::map<std::filesystem::path, std::string> said_;  // what is wrong with a path is said once
    std::vector<std::string> lines_;
    bool waiting_ = false;
};

}  // namespace pando::cdsl
