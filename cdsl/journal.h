// SPDX-License-Identifier: GPL-2.0-or-later
// Intents: what a change will do, written and flushed before it does anything. Whoever finds one and holds the lock of
// changes carries it out to the end, or undoes it, so that power may go between any two steps.
//
//   TRY(write_intent(root, intent));      // from here on the change will be completed
//   for (const Action& action : intent.actions) TRY(perform(root, action));
//   TRY(remove_intent(root, intent.id));
#pragma once

#include "cdsl/inventory.h"
#include "cdsl/lock.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::cdsl {

// One thing to be done, which may be done again: each knows by what is on disk that it was. All paths are below the
// root, which is meant without the private mounts over it.
struct Action {
    enum class Kind {
        seed,     // `path` into the tree `to`, from the tree `from` (empty: from the shared root)
        unseed,   // take what seed put there out of the tree `to`
        hollow,   // the directory `path` of the tree `to` is no content from now on
        keep,     // move `from` to `to`, a new name; what the inventory names below it stays
        empty,    // move all that is in the directory `from` into the new directory `to`
        fill,     // move all that is in the directory `from` into the directory `to`, remove `from`
        publish,  // move the file `from` over the link `to`
        unlink,   // remove the link `to`
        destroy,  // remove `from` with all in it
        prepare,  // mount points, template and links of every rule of the intent's inventory
        commit,   // write the inventory and the additions
        restore,  // undo empty, hollow and seed: the directory `to` has again what was moved to `from`, or is empty
        tidy,     // remove the directory `to` if it is empty
    };
    Kind kind = Kind::commit;
    std::filesystem::path from, to, path;

    bool operator==(const Action&) const = default;
};

std::string_view name_of(Action::Kind kind);
std::string text_of(const Action& action);  // "move /.pando/nodes/n2/srv/x to /.pando/kept/srv_x.n2.1"

struct Intent {
    std::string id;  // of its file in the journal
    Holder holder;
    std::vector<Action> actions;
    std::vector<Action> undo;  // until the commit; empty: the change is carried on with, never undone
    Inventory inventory;       // as it will be
    std::optional<std::vector<Rule>> additions;

    bool operator==(const Intent&) const = default;
};

// Is it for the change to say what becomes of the path? One of a whole root may be about any.
bool concerns(const Intent& intent, const std::filesystem::path& path);

std::string intent_text(const Intent& intent);
// Errors are of kind bad_input.
Result<Intent> parse_intent(std::string_view text);

// Gives the intent its id and flushes it to disk.
Result<> write_intent(int root, Intent& intent);
Result<> remove_intent(int root, const std::string& id);
// All there are, oldest first. An error when one cannot be read: nothing may be changed before somebody looked at it.
Result<std::vector<Intent>> read_intents(int root);

}  // namespace pando::cdsl
