// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/fence_verbs.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/procfs.h"
#include "config/register.h"
#include "fencing/agent.h"
#include "fencing/device_tests.h"
#include "fencing/dlm.h"
#include "initrd/fence_words.h"
#include "initrd/follow.h"
#include "initrd/probe.h"
#include "initrd/quorum.h"

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

namespace pando::initrd {
namespace {

using fencing::Asker;
using fencing::FencedNode;

constexpr Milliseconds status_patience{40000};  // a BMC may need half of it
constexpr Milliseconds dlm_patience{20000};
constexpr Milliseconds lun_patience{15000};

Result<Finished> inside(const std::vector<std::string>& argv, Deadline deadline) {
    return run({.argv = argv, .deadline = deadline});
}

std::string here() { return read_line("/run/pando/node").value_or(""); }

Asker asker_of(const FenceWords& words) {
    return {here(), words.by.empty() ? "somebody in the chroot of " + here() : words.by, words.reason};
}

Result<bool> asked_on_terminal(const std::string& question, const std::string& otherwise, std::string& answer) {
    if (isatty(STDIN_FILENO) == 0)
        return bad_input("nobody is there to ask: the input is no terminal").advise(otherwise);
    fmt::print("{} ", question);
    std::fflush(stdout);
    return static_cast<bool>(std::getline(std::cin, answer));
}

// --- test ---------------------------------------------------------------------------------------------------------

std::vector<std::string> members(const std::vector<FencedNode>& nodes) {
    const auto quorum = read_quorum();
    std::vector<std::string> names;
    for (const FencedNode& node : nodes)
        if (quorum && quorum->has(node.id)) names.push_back(node.name);
    return names;
}

Result<int> test(const FenceWords& words) {
    const auto chroot = fencing::chroot_seen_from_here();
    const auto nodes = TRY(fencing::read_all_devices(chroot));
    config::Cluster asked;
    for (const std::string& name : words.nodes) (void)TRY(fencing::find_node_devices(chroot, name));
    for (const FencedNode& node : nodes) {
        const bool named = std::find(words.nodes.begin(), words.nodes.end(), node.name) != words.nodes.end();
        if (!words.nodes.empty() && !named) continue;
        config::Node& one = asked.nodes.emplace_back();
        one.name = node.name;
        one.id = node.id;
        one.fence = node.devices;
    }
    const fencing::Runner agents = [](const std::vector<std::string>& argv, const std::string& input,
                                      Deadline deadline) {
        return run({.argv = argv, .input = input, .deadline = deadline});
    };
    const auto answers = fencing::ask_fence_devices(asked, agents, Deadline::after(status_patience));
    const auto up = members(nodes);
    TRY(fencing::record_tests(chroot, answers, up, here(), asker_of(words).by));
    bool fault = false;
    auto json = nlohmann::json::array();
    for (const auto& answer : answers) {
        const bool good = fencing::is_good(answer, up);
        const bool own_is_silent = answer.node == here() && !answer.answered;
        fault = fault || (!good && !own_is_silent);
        json.push_back({{"node", answer.node}, {"device", answer.device}, {"good", good}, {"says", answer.says}});
        if (!words.json)
            fmt::print("{:<8} {} of {}: {}{}\n", good ? "ok" : (own_is_silent ? "warning" : "FAULT"), answer.device,
                       answer.node, answer.says, good || !answer.answered ? "" : ", and the node is up");
    }
    if (words.json) fmt::print("{}\n", json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
    return fault ? 1 : 0;
}

// --- history ------------------------------------------------------------------------------------------------------

Result<int> history(const FenceWords& words) {
    const auto lines = fencing::read_lines(fencing::history_file(fencing::chroot_seen_from_here()));
    if (!words.json) fmt::print("{}", fencing::to_text(lines));
    if (words.json)
        for (const std::string& line : lines) fmt::print("{}\n", line);
    return 0;
}

// --- now ----------------------------------------------------------------------------------------------------------

Result<bool> is_waited_for(uint32_t id) {
    const auto waiting = TRY(fencing::who_is_waited_for(inside, Deadline::after(dlm_patience)));
    return std::any_of(waiting.begin(), waiting.end(), [&](const auto& one) { return one.id == id; });
}

Result<> refuse_this_node(const FencedNode& node) {
    if (node.name != here()) return {};
    return bad_input("{} is the node that this command runs on", node.name).advise("give it on another node");
}

// True: a member, which the cluster itself fences when it misses it.
Result<bool> agree_to_shoot(const FenceWords& words, const FencedNode& node) {
    const auto quorum = read_quorum();
    const bool member = quorum && quorum->has(node.id);
    if (words.yes || (quorum && quorum->quorate && !member)) return member;
    const std::string known = !quorum  ? "corosync does not answer: nobody can tell whether the node is up"
                              : member ? "the node is up, a member of the cluster"
                                       : "there is no quorum here: the node may be up, with the others";
    std::string answer;
    TRY(asked_on_terminal(fmt::format("{}. {} is switched off as it is. Do this? [y/N]", known, node.name),
                          "when it is meant: --yes", answer));
    if (answer != "y" && answer != "yes") return bad_input("nothing was done");
    return member;
}

Result<int> now(const FenceWords& words) {
    const auto chroot = fencing::chroot_seen_from_here();
    const auto node = TRY(fencing::find_node_devices(chroot, words.nodes[0]));
    TRY(refuse_this_node(node));
    const bool member = TRY(agree_to_shoot(words, node));
    fencing::CutOff cut;
    const auto record = TRY(fencing::fence_node(chroot, node, asker_of(words), {.with_delays = false},
                                                [&](const fencing::CutOff& done) { cut = done; }));
    fmt::print("{} is cut off by {} in {:.1f} s\n", node.name, record.device, record.seconds);
    const auto waited_for = is_waited_for(node.id);
    if (!waited_for) log::warning("{}", waited_for.error().what);
    if (waited_for && *waited_for) {
        TRY(fencing::acknowledge(inside, node.id, Deadline::after(dlm_patience)));
        fmt::print("the others wait for {} no more\n", node.name);
    } else if (member) {
        fmt::print("the cluster misses it in some seconds, fences it once more and switches it on again\n");
        return 0;
    }
    TRY(fencing::power_again(chroot, node, asker_of(words), cut));
    return 0;
}

// --- confirm ------------------------------------------------------------------------------------------------------

// The partition with the claims, which the follower was given.
Result<std::string> bundle_partition() {
    const auto followers = TRY(processes_named(std::string("@") + follower_name));
    if (followers.empty()) return fail("@{} does not run", follower_name);
    std::vector<std::string> words(1);
    for (const char c : TRY(read_file(fmt::format("/proc/{}/cmdline", followers.front()))))
        if (c == '\0')
            words.emplace_back();
        else
            words.back() += c;
    if (words.size() < 3) return fail("@{} was started without a device", follower_name);
    return words[2];
}

Result<std::string> look_at_claim(const std::string& partition, uint32_t id) {
    const auto store = TRY(open_store(partition));
    const auto alive = TRY(config::who_is_alive(*store));
    const auto claim = TRY(config::read_claim(*store, id));
    if (!claim || claim->state == config::ClaimState::left) return std::string("silent");
    const auto beat = alive.find(claim->boot);
    return std::string(beat != alive.end() && beat->second ? "beats" : "silent");
}

}  // namespace

// By a process of its own: a LUN that hangs must not hang who asks.
Result<bool> claim_beats(uint32_t id) {
    const std::string partition = TRY(bundle_partition());
    auto probe = TRY(Probe::start([&] { return look_at_claim(partition, id); }));
    pollfd asked{probe.fd(), POLLIN, 0};
    if (poll(&asked, 1, static_cast<int>(lun_patience.count())) == 1)
        probe.take();
    else
        probe.end();
    if (!probe.answer()) return fail("the LUN does not answer").kind(ErrorKind::timeout);
    return TRY(*probe.answer()) == "beats";
}

namespace {

Result<> refuse_if_it_lives(const FencedNode& node) {
    const auto quorum = TRY(read_quorum());
    if (quorum.has(node.id))
        return bad_input("node {} is a member of the cluster: it is not off", node.name)
            .advise(fmt::format("to switch it off: pando fence now {}", node.name));
    const auto beats = claim_beats(node.id);
    if (!beats) {
        log::warning("whether a machine runs as {} cannot be seen on the LUN: {}", node.name, beats.error().what);
        return {};
    }
    if (*beats)
        return bad_input("a machine runs as node {}, and says so on the LUN every second: it is not off", node.name)
            .advise("look at its console, and switch it off or pull its plug; then give the command again");
    return {};
}

Result<> name_again(const FenceWords& words, const FencedNode& node) {
    std::string name = words.is_off;
    if (name.empty()) {
        fmt::print("The others go on and write as soon as you say that {} is off.\n", node.name);
        fmt::print("If it runs, or comes back by itself, THIS DESTROYS THE ROOT. See it off with your own eyes.\n");
        TRY(asked_on_terminal("The name of the node that is off:", fmt::format("--is-off {}", node.name), name));
    }
    if (name == node.name) return {};
    return bad_input("\"{}\" is not {}: nothing was done", name, node.name);
}

Result<int> confirm(const FenceWords& words) {
    const auto chroot = fencing::chroot_seen_from_here();
    const auto node = TRY(fencing::find_node_devices(chroot, words.nodes[0]));
    TRY(refuse_this_node(node));
    if (!TRY(is_waited_for(node.id)))
        return bad_input("nobody waits for {} to be fenced: there is nothing to confirm", node.name)
            .advise("who waits for what: pando-survival status");
    TRY(refuse_if_it_lives(node));
    TRY(name_again(words, node));
    const Milliseconds begun = since_boot();
    const auto done = fencing::acknowledge(inside, node.id, Deadline::after(dlm_patience));
    const Asker asker = asker_of(words);
    fencing::Record record{{}, "confirm", node.name, node.id, asker.here, asker.by, asker.reason, done.has_value()};
    if (!done) record.says = done.error().what;
    record.seconds = static_cast<double>((since_boot() - begun).count()) / 1000;
    if (const auto kept = append_record(fencing::history_file(chroot), record); !kept) log::write(kept.error());
    TRY(done);
    fencing::forget_failing(chroot, node.id);
    fmt::print("the others wait for {} no more\n", node.name);
    const auto quorum = read_quorum();
    if (quorum && !quorum->quorate)
        fmt::print("but there is no quorum, {} of {} votes: the root stays frozen until more nodes are there\n",
                   quorum->votes, quorum->needed);
    return 0;
}

Result<int> act(const std::vector<std::string>& words) {
    const FenceWords parsed = TRY(parse_fence_words(words));
    if (parsed.verb == "test") return test(parsed);
    if (parsed.verb == "history") return history(parsed);
    return parsed.verb == "now" ? now(parsed) : confirm(parsed);
}

}  // namespace

int fence_verbs_main(const std::vector<std::string>& words) {
    const auto done = act(words);
    if (done) return *done;
    log::write(done.error());
    return done.error().kind == ErrorKind::bad_input ? 2 : 1;
}

}  // namespace pando::initrd
