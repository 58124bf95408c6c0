// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/node_power.h"

#include "base/file.h"
#include "base/log.h"
#include "base/node_range.h"
#include "cdsl/lock.h"
#include "cli/consent.h"
#include "cli/node_change.h"
#include "nodes/grouped.h"
#include "nodes/stop.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <algorithm>
#include <csignal>
#include <iterator>

namespace pando::cli {
namespace {

constexpr auto lock_patience = std::chrono::hours(2);  // a rolling reboot of many nodes takes as long
constexpr Milliseconds order_patience{60000};
constexpr Milliseconds look_interval{2000};  // as often as a node reports
constexpr Milliseconds ask_patience{30000};

using Names = std::vector<std::string>;

// Ctrl-C ends what is waited for, and what is left to do is said. Programs that run meanwhile hear it by themselves.
class Interrupt {
public:
    static Result<Interrupt> wanted() {
        sigset_t signals;
        sigemptyset(&signals);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
        sigprocmask(SIG_BLOCK, &signals, nullptr);
        Interrupt interrupt;
        interrupt.fd_ = UniqueFd(signalfd(-1, &signals, SFD_CLOEXEC));
        if (!interrupt.fd_.valid()) return fail_errno(errno, "waiting for signals");
        return interrupt;
    }
    Result<> pause(Milliseconds most) const {
        pollfd event{fd_.get(), POLLIN, 0};
        if (poll(&event, 1, static_cast<int>(most.count())) > 0)
            return fail("interrupted: what was told to stop goes on");
        return {};
    }

private:
    UniqueFd fd_;
};

// Everything that a step needs; what holds in the cluster is read anew for each.
struct Operation {
    const StopOptions& options;
    nodes::Means means;
    nodes::Remote remote;
    Interrupt interrupt;
    Names done;
    Names drained;  // of those that are not done
};

std::string verb_of(const StopOptions& options) { return options.reboot ? "reboot" : "off"; }

Result<> order(const Operation& operation, const Names& batch) {
    const Names argv = {"systemctl", "--no-block", operation.options.reboot ? "reboot" : "poweroff"};
    std::string trouble;
    for (const auto& answer : operation.remote.run(batch, argv, order_patience)) {
        // Cut off by what it asked for: whether it was heard shows.
        if (answer.status && (*answer.status == 0)) continue;
        trouble +=
            fmt::format("{}{}: {}", trouble.empty() ? "" : "; ", answer.node,
                        answer.status ? fmt::format("status {}, {}", *answer.status, answer.err) : answer.trouble);
    }
    if (trouble.empty()) return {};
    return fail("not all could be told to stop: {}", trouble)
        .advise("a node that hangs: pando fence now NODE --reason TEXT, which resets it");
}

// The reports come by themselves, and nobody tells that the file is another one: it is looked at.
Result<> wait_until_back(const Operation& operation, const Names& batch, Milliseconds ordered, Deadline deadline) {
    const std::string boot = TRY(read_line("/proc/sys/kernel/random/boot_id"));
    std::map<std::string, std::string> says;
    for (;;) {
        Names away;
        const auto snapshot = report::load_snapshot(report::snapshot_file);
        for (const std::string& name : batch) {
            const auto back = snapshot ? nodes::is_back(*snapshot, name, ordered, since_boot(), boot)
                                       : nodes::Back{false, snapshot.error().what};
            if (back.is) continue;
            away.push_back(name);
            says[name] = back.says;
        }
        if (away.empty()) return {};
        if (deadline.passed()) {
            std::string what;
            for (const std::string& name : away)
                what += fmt::format("{}{}: {}", what.empty() ? "" : "; ", name, says[name]);
            return fail("{} did not come back well in time: {}", folded(away), what)
                .advise("pando status; its console; pando node list");
        }
        TRY(operation.interrupt.pause(look_interval));
    }
}

Result<> wait_until_off(const Operation& operation, const Names& batch, Deadline deadline) {
    for (;;) {
        const auto now = TRY(operation.means.now());
        Names on;
        std::string says;
        for (const std::string& name : batch) {
            const auto* const node = now.cluster.find_node(name);
            if (node == nullptr) continue;  // it was removed meanwhile
            const auto proof = nodes::ask_whether_off(*node, operation.means.agents, deadline.capped(ask_patience));
            if (!now.is_member(*node) && proof.verdict == nodes::Verdict::off) continue;
            on.push_back(name);
            says += fmt::format("{}{}: {}{}", says.empty() ? "" : "; ", name,
                                now.is_member(*node) ? "still a member, " : "", proof.text());
        }
        if (on.empty()) return {};
        if (deadline.passed())
            return fail("{} is not off in time: {}", folded(on), says).advise("its console; pando fence now NODE");
        TRY(operation.interrupt.pause(look_interval));
    }
}

// What was true when the plan was made, or before work was moved away, may not be any more: another node may have died.
Result<nodes::VotesWithout> enough_votes(const Operation& operation, const Names& batch) {
    const auto votes = nodes::votes_without(TRY(operation.means.now()), batch);
    if (!votes.enough() && !operation.options.lose_quorum)
        return fail("the votes have changed, {} stays up: {}", folded(batch), votes.text())
            .advise("pando status tells who is missing");
    return votes;
}

Result<> stop_batch(Operation& operation, Names batch) {
    const StopOptions& options = operation.options;
    log::info("{} {}: {}", verb_of(options), folded(batch), TRY(enough_votes(operation, batch)).text());
    if (!options.no_drain) {
        operation.drained = batch;  // also one whose hooks ran in part
        TRY(drain(operation.remote, batch, false, std::chrono::minutes(options.minutes)));
        (void)TRY(enough_votes(operation, batch));
    }

    const Milliseconds ordered = since_boot();
    const bool here = std::erase(batch, operation.means.here) != 0;
    if (!batch.empty()) {
        TRY(operation.interrupt.pause(Milliseconds(0)));
        TRY(order(operation, batch));
        const auto deadline = Deadline::after(std::chrono::minutes(options.minutes));
        // Whoever goes down with the others sees nothing of their return.
        if (!here)
            TRY(options.reboot ? wait_until_back(operation, batch, ordered, deadline)
                               : wait_until_off(operation, batch, deadline));
        operation.done.insert(operation.done.end(), batch.begin(), batch.end());
    }
    if (!here) return {};
    log::info("{}, this node, {} now; pando status on another node, or on the boot server, tells of it",
              operation.means.here, options.reboot ? "reboots" : "powers off");
    TRY(order(operation, {operation.means.here}));
    operation.done.push_back(operation.means.here);
    return {};
}

void tell_rest(const Operation& operation, const std::vector<Names>& batches, size_t at) {
    Names rest;
    for (; at < batches.size(); ++at) rest.insert(rest.end(), batches[at].begin(), batches[at].end());
    std::erase_if(rest, [&](const std::string& name) {
        return std::find(operation.done.begin(), operation.done.end(), name) != operation.done.end();
    });
    log::info("done: {}", operation.done.empty() ? "none" : folded(operation.done));
    Names drained = operation.drained;
    std::erase_if(drained, [&](const std::string& name) {
        return std::find(operation.done.begin(), operation.done.end(), name) != operation.done.end();
    });
    if (!drained.empty())
        log::hint(
            "{} went through /etc/pando/drain.d, as a whole or in part; to have the work back: pando node drain {} "
            "--undo",
            folded(drained), folded(drained));
    if (!rest.empty())
        log::hint("when that is mended: pando node {} {}{}", verb_of(operation.options), folded(rest),
                  operation.options.rolling ? " --rolling" : "");
}

}  // namespace

Result<> drain(const nodes::Remote& remote, const Names& names, bool undo, Milliseconds patience) {
    const std::string directory = undo ? "/etc/pando/undrain.d" : "/etc/pando/drain.d";
    const auto answers = remote.run(
        names, {"sh", "-c", fmt::format("test ! -d {0} || exec run-parts --exit-on-error --verbose {0}", directory)},
        patience);
    Names failed;
    for (const auto& answer : answers)
        if (answer.status != 0) failed.push_back(answer.node);
    const bool said =
        std::any_of(answers.begin(), answers.end(), [](const auto& answer) { return !answer.out.empty(); });
    if (said || !failed.empty()) fmt::print("{}", nodes::to_text(nodes::grouped(answers)));
    if (failed.empty()) return {};
    return fail("{} did not go through {}: nothing more was done", folded(failed), directory)
        .advise("mend what the hook says; --no-drain passes the hooks over");
}

Result<int> stop_nodes(const StopOptions& options) {
    const auto cluster = TRY(read_cluster_now());
    const nodes::Stop stop{.nodes = TRY(options.choice.of(cluster.now.cluster)),
                           .here = TRY(read_line("/run/pando/node")),
                           .reboot = options.reboot,
                           .rolling = options.rolling,
                           .lose_quorum = options.lose_quorum};
    Operation operation{.options = options,
                        .means = TRY(nodes::means_of_this_node(*cluster.store)),
                        .remote = TRY(nodes::Remote::of_this_node(cluster.now.bundle, stop.here)),
                        .interrupt = {},
                        .done = {},
                        .drained = {}};
    // Held to the end: two who stop nodes at once would each count the other's as up.
    const UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) return fail_errno(errno, "opening /");
    const cdsl::Holder who{stop.here, fmt::format("pando node {} {}", verb_of(options), options.choice.nodes)};
    const auto lock =
        options.dry_run
            ? cdsl::ChangeLock()
            : TRY(cdsl::ChangeLock::take(root.get(), who, Deadline::after(lock_patience), cdsl::node_operations));
    const auto plan = TRY(nodes::plan_stop(TRY(operation.means.now()), stop));
    if (!plan.not_up.empty()) fmt::print("{}: not up, nothing is done to it\n", folded(plan.not_up));
    if (plan.batches.empty()) return 0;
    for (const Names& batch : plan.batches) fmt::print("- {} {}\n", verb_of(options), folded(batch));
    fmt::print("votes: {}{}\n", plan.votes.text(), plan.votes.enough() ? "" : ": THE REST FREEZES");
    std::fflush(stdout);
    if (options.dry_run) return 0;
    if (!TRY(agreed(options.yes))) {
        log::info("nothing was done");
        return 1;
    }
    operation.interrupt = TRY(Interrupt::wanted());
    for (size_t i = 0; i < plan.batches.size(); ++i) {
        const auto stopped = stop_batch(operation, plan.batches[i]);
        if (stopped) continue;
        log::write(stopped.error());
        tell_rest(operation, plan.batches, i);
        return 1;
    }
    log::info("done: {}", folded(operation.done));
    return 0;
}

}  // namespace pando::cli
