// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/change.h"

#include "cdsl/actions.h"

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr auto patience = std::chrono::minutes(10);  // another node may be copying a large directory

struct Outcome {
    std::optional<Error> undone;  // why it was given up
    std::vector<std::string> problems;
};

std::string line(const Error& error) {
    return error.advice.empty() ? error.what : fmt::format("{} ({})", error.what, error.advice);
}

std::string name_of(const Intent& intent) { return fmt::format("{} of {}", intent.holder.command, intent.holder.node); }

// Once committed the change is complete without them.
bool is_dispensable(Action::Kind kind) { return kind == Action::Kind::prepare || kind == Action::Kind::destroy; }

Result<> forget(const SharedRoot& shared, const Intent& intent, const Checkpoint& checkpoint) {
    TRY(remove_intent(shared.bare(), intent.id));
    if (checkpoint) checkpoint("removed the intent");
    return {};
}

Result<> undo(const SharedRoot& shared, const Intent& intent, const Checkpoint& checkpoint) {
    for (const Action& back : intent.undo) TRY(perform(shared, intent, back, checkpoint));
    TRY(forget_commit(shared.bare(), intent));
    return forget(shared, intent, checkpoint);
}

// An error: neither complete nor undone, the intent stays.
Result<Outcome> finish(const SharedRoot& shared, const Intent& intent, const Checkpoint& checkpoint) {
    Outcome outcome;
    for (const Action& action : intent.actions) {
        auto done = perform(shared, intent, action, checkpoint);
        if (done) continue;
        const auto committed = is_committed(shared, intent);
        if (!committed) return Failure(done.error());
        if (*committed && is_dispensable(action.kind)) {
            outcome.problems.push_back(line(done.error()));
            continue;
        }
        if (action.kind == Action::Kind::prepare && intent.undo.empty()) {
            // Nothing is half done by it: what is missing shows in the plan. Of a whole root it is all there was to do.
            if (action.path.empty()) {
                outcome.undone = done.error();
                break;
            }
            outcome.problems.push_back(line(done.error()));
            continue;
        }
        if (intent.undo.empty() || *committed) return Failure(done.error());
        if (auto undone = undo(shared, intent, checkpoint); !undone)
            return Failure(done.error().context(fmt::format("and cannot be undone ({})", undone.error().what)));
        outcome.undone = done.error();
        return outcome;
    }
    TRY(forget(shared, intent, checkpoint));
    return outcome;
}

Result<std::vector<std::string>> complete(const SharedRoot& shared, const Intent& intent,
                                          const Checkpoint& checkpoint) {
    auto outcome = finish(shared, intent, checkpoint);
    if (!outcome)
        return Failure(
            Error{fmt::format("{} was interrupted and cannot be completed: {}", name_of(intent), outcome.error().what),
                  !outcome.error().advice.empty() ? outcome.error().advice
                  : check_undo(shared, intent)    ? "mend the cause and run pando cdsl repair, or pando cdsl repair "
                                                    "--undo; nothing was lost"
                                                  : "mend the cause and run pando cdsl repair; nothing was lost",
                  outcome.error().kind, outcome.error().sys});
    std::vector<std::string> lines = {
        outcome->undone ? fmt::format("{} was interrupted, and undone: {}", name_of(intent), outcome->undone->what)
                        : fmt::format("{} was interrupted, and is complete now", name_of(intent))};
    for (std::string& problem : outcome->problems) lines.push_back(std::move(problem));
    return lines;
}

}  // namespace

Result<> check_undo(const SharedRoot& shared, const Intent& intent) {
    if (TRY(is_committed(shared, intent)))
        return bad_input("{} was interrupted after its commit and can only be completed", name_of(intent))
            .advise("pando cdsl repair does that");
    if (intent.undo.empty())
        return bad_input("{} was interrupted and cannot be undone, only completed", name_of(intent))
            .advise("pando cdsl repair does that");
    return {};
}

Result<std::vector<std::string>> recover(const SharedRoot& shared, const Checkpoint& checkpoint, Recovery recovery) {
    const auto intents = TRY(read_intents(shared.bare()));
    std::vector<std::string> lines;
    for (const Intent& intent : intents) {
        if (recovery == Recovery::undo) {
            TRY(check_undo(shared, intent));
            if (auto undone = undo(shared, intent, checkpoint); !undone)
                return Failure(undone.error().context(fmt::format("undoing {}", name_of(intent))));
            lines.push_back(fmt::format("{} was interrupted, and is undone now", name_of(intent)));
            continue;
        }
        for (std::string& one : TRY(complete(shared, intent, checkpoint))) lines.push_back(std::move(one));
    }
    return lines;
}

Result<std::vector<std::string>> recover_now(const SharedRoot& shared, const Holder& who, const Checkpoint& checkpoint,
                                             const std::function<bool(const Intent&)>& may) {
    if (TRY(read_intents(shared.bare())).empty()) return std::vector<std::string>{};
    const auto lock = TRY(ChangeLock::take_now(shared.bare(), who));
    if (!lock) return std::vector<std::string>{};  // whoever has it began with that
    for (const Intent& intent : TRY(read_intents(shared.bare())))
        if (may && !may(intent))
            return fail("{} of {} was interrupted", intent.holder.command, intent.holder.node)
                .advise("pando-links.service completes it on a node that is up, or pando cdsl repair");
    return recover(shared, checkpoint);
}

Result<Change> Change::begin(const fs::path& root, Holder who, Checkpoint checkpoint, Recovery recovery) {
    auto shared = TRY(SharedRoot::open(root));
    auto lock = TRY(ChangeLock::take(shared.bare(), who, Deadline::after(patience)));
    Change change(std::move(shared), std::move(lock), std::move(who), std::move(checkpoint));
    change.recovered_ = TRY(recover(change.shared_, change.checkpoint_, recovery));
    return change;
}

Result<std::vector<std::string>> Change::carry_out(Intent intent) const {
    intent.holder = who_;
    TRY(write_intent(shared_.bare(), intent));
    if (checkpoint_) checkpoint_("wrote the intent");
    auto outcome = finish(shared_, intent, checkpoint_);
    if (!outcome)
        return Failure(Error{outcome.error().what,
                             outcome.error().advice.empty()
                                 ? "mend the cause and run pando cdsl repair: it goes on where "
                                   "this stopped, and nothing was lost"
                                 : outcome.error().advice,
                             outcome.error().kind, outcome.error().sys});
    if (outcome->undone) {
        Error error = *outcome->undone;
        error.what += "; what was done before it is undone";
        return Failure(error);
    }
    return std::move(outcome->problems);
}

}  // namespace pando::cdsl
