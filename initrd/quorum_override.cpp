// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/quorum_override.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/procfs.h"
#include "chroot-builder/survival_namespace.h"
#include "fencing/agent.h"
#include "fencing/device_files.h"
#include "initrd/fence_verbs.h"

#include <fmt/ranges.h>
#include <algorithm>

namespace pando::initrd {
namespace {

using fencing::FencedNode;

constexpr const char* usage = "quorum [--without NODE]… [--fence | --is-off] [--reason TEXT]";
constexpr Milliseconds status_patience{40000};  // a BMC may need half of it
constexpr Milliseconds quorum_patience{15000};

Failure misuse(const std::string& what) { return bad_input("{}", what).advise(usage); }

bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

fencing::Asker asker(const QuorumWords& words) {
    const std::string here = read_line("/run/pando/node").value_or("");
    return {here, "somebody at " + here, words.reason};
}

std::vector<fencing::FenceAnswer> ask(const FencedNode& node) {
    config::Cluster one;
    config::Node& asked = one.nodes.emplace_back();
    asked.name = node.name;
    asked.id = node.id;
    asked.fence = node.devices;
    const fencing::Runner agents = [](const std::vector<std::string>& argv, const std::string& input,
                                      Deadline deadline) {
        return run({.argv = argv, .input = input, .deadline = deadline});
    };
    return fencing::ask_fence_devices(one, agents, Deadline::after(status_patience));
}

struct Look {
    Power power = Power::unknown;
    std::string says;  // each device, and the claim
};

Look look_at(const FencedNode& node) {
    const auto answers = ask(node);
    const auto beats = claim_beats(node.id);
    Look look;
    look.power = judge_power(answers, beats && *beats);
    std::vector<std::string> parts;
    for (const auto& answer : answers) parts.push_back(fmt::format("{} says {}", answer.device, answer.says));
    if (!beats) parts.push_back(fmt::format("its claim cannot be seen ({})", beats.error().what));
    if (beats && *beats) parts.emplace_back("a machine runs as it, and says so on the LUN every second");
    look.says = fmt::format("{}", fmt::join(parts, "; "));
    return look;
}

Result<> fence(const std::filesystem::path& chroot, const FencedNode& node, const QuorumWords& words) {
    const auto record =
        TRY(fencing::fence_node(chroot, node, asker(words), {.with_delays = false}, [](const fencing::CutOff&) {}));
    fmt::print("{} is cut off by {} in {:.1f} s, and stays off\n", node.name, record.device, record.seconds);
    return {};
}

// A person's word, kept as that of `fence confirm` is.
Result<> confirm(const std::filesystem::path& chroot, const FencedNode& node, const QuorumWords& words) {
    const auto who = asker(words);
    fencing::Record record{{}, "confirm", node.name, node.id, who.here, who.by, who.reason, true};
    TRY(append_record(fencing::history_file(chroot), record));
    fmt::print("{} is taken for off, as you say; it is in the history of fencings\n", node.name);
    return {};
}

Result<> prove_off(const std::filesystem::path& chroot, const FencedNode& node, const QuorumWords& words) {
    const Look look = look_at(node);
    fmt::print("{}: {}\n", node.name, look.says);
    if (look.power == Power::off) return {};
    if (words.fence) return fence(chroot, node, words);
    if (look.power == Power::on)
        return bad_input("node {} is on: {}", node.name, look.says)
            .advise("wait for it, mend its way to the others, or switch it off: --fence --reason TEXT");
    if (words.is_off) return confirm(chroot, node, words);
    return bad_input("whether node {} is off is not known: {}", node.name, look.says)
        .advise(
            fmt::format("go and see. When it is off: --without {} --is-off --reason TEXT. If it runs, THIS DESTROYS "
                        "THE ROOT",
                        node.name));
}

Result<> cancel_wait_for_all() {
    const auto done = run_ok({.argv = {"/usr/sbin/corosync-cmapctl", "-s", "quorum.cancel_wait_for_all", "u8", "1"},
                              .deadline = Deadline::after(std::chrono::seconds(10))});
    if (!done) return Failure(done.error().context("telling corosync"));
    const auto quorum = wait_for_quorum(Deadline::after(quorum_patience), [](const Quorum&) {});
    if (!quorum) return Failure(quorum.error().context("corosync was told, and yet"));
    fmt::print("quorum: {} of {} votes, {} needed; the boot goes on\n", quorum->votes, quorum->expected,
               quorum->needed);
    return {};
}

Result<> override_quorum(const QuorumWords& words) {
    const auto chroot = fencing::chroot_seen_from_here();
    const auto nodes = TRY(fencing::read_all_devices(chroot));
    const auto quorum = TRY(read_quorum());
    std::vector<std::string> missing;
    for (const FencedNode& node : nodes)
        if (!quorum.has(node.id)) missing.push_back(node.name);
    fmt::print("{} of {} votes, {} needed; {}missing: {}\n", quorum.votes, quorum.expected, quorum.needed,
               quorum.quorate ? "quorate; " : "",
               missing.empty() ? "none" : fmt::format("{}", fmt::join(missing, " ")));
    if (words.without.empty()) {
        for (const FencedNode& node : nodes)
            if (has(missing, node.name)) fmt::print("{}: {}\n", node.name, look_at(node).says);
        if (!quorum.quorate && quorum.votes >= quorum.needed)
            fmt::print("It waits until every node was seen once. To go on without: quorum --without {}\n",
                       fmt::join(missing, " --without "));
        return {};
    }
    TRY(judge_override(quorum, missing, words.without));
    for (const FencedNode& node : nodes)
        if (has(missing, node.name)) TRY(prove_off(chroot, node, words));
    // It may have come while its devices were asked, or somebody else may have gone.
    const auto now = TRY(read_quorum());
    if (now.members != quorum.members) return bad_input("the membership has changed meanwhile").advise("look again");
    TRY(cancel_wait_for_all());
    fmt::print(
        "dlm_controld fences who is missing once more before anybody mounts. Where no device answers it waits for\n"
        "a person: . /run/pando/enter, then pando-survival fence confirm NODE --reason TEXT\n");
    return {};
}

}  // namespace

Result<QuorumWords> parse_quorum_words(const std::vector<std::string>& words) {
    QuorumWords out;
    for (size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "--without" || word == "--reason") {
            if (i + 1 == words.size()) return misuse(word + " needs a value");
            if (word == "--reason")
                out.reason = words[++i];
            else
                out.without.push_back(words[++i]);
        } else if (word == "--fence") {
            out.fence = true;
        } else if (word == "--is-off") {
            out.is_off = true;
        } else {
            return misuse(fmt::format("quorum takes no {}", word));
        }
    }
    if (out.fence && out.is_off) return misuse("--fence or --is-off: a node that is off needs no fencing");
    if ((out.fence || out.is_off) && out.without.empty()) return misuse("without whom? --without NODE");
    if ((out.fence || out.is_off) && out.reason.find_first_not_of(" \t") == std::string::npos)
        return misuse("give the reason: --reason \"its board is dead\"; it is kept");
    return out;
}

Power judge_power(const std::vector<fencing::FenceAnswer>& answers, bool claim_beats) {
    if (claim_beats) return Power::on;
    bool off = false;
    for (const auto& answer : answers) {
        if (!answer.answered || answer.unfence) continue;
        if (answer.says != "off") return Power::on;
        off = true;
    }
    return off ? Power::off : Power::unknown;
}

Result<> judge_override(const Quorum& quorum, const std::vector<std::string>& missing,
                        const std::vector<std::string>& without) {
    if (quorum.quorate) return bad_input("there is quorum already: nobody waits for {}", fmt::join(without, " "));
    if (quorum.votes < quorum.needed)
        return bad_input("{} of {} votes are here, and {} are needed: it is not one node that is waited for",
                         quorum.votes, quorum.expected, quorum.needed)
            .advise("start more nodes: expected votes are never lowered, as two halves would both write");
    for (const std::string& name : without)
        if (!has(missing, name))
            return bad_input("{} is not missing", name).advise(fmt::format("missing: {}", fmt::join(missing, " ")));
    for (const std::string& name : missing)
        if (!has(without, name))
            return bad_input("{} is missing as well, and is waited for", name)
                .advise(fmt::format("--without {}", fmt::join(missing, " --without ")));
    return {};
}

int quorum_main(const std::vector<std::string>& words) {
    const auto parsed = parse_quorum_words(words);
    const auto done = parsed ? override_quorum(*parsed) : Result<>(Failure(parsed.error()));
    if (done) return 0;
    log::write(done.error());
    return done.error().kind == ErrorKind::bad_input ? 2 : 1;
}

int quorum_from_boot(const std::vector<std::string>& words) {
    const auto begin = [&]() -> Result<> {
        const auto daemons = TRY(processes_named("@corosync"));
        if (daemons.empty())
            return bad_input("corosync does not run yet: nobody waits for quorum").advise("pando-boot status");
        const auto survival = TRY(chroot::SurvivalNamespace::of(daemons.front()));
        std::vector<std::string> argv = {"/usr/sbin/pando-survival", "quorum"};
        argv.insert(argv.end(), words.begin(), words.end());
        return Failure(survival.become(argv));
    };
    const auto failed = begin();
    log::write(failed.error());
    return failed.error().kind == ErrorKind::bad_input ? 2 : 1;
}

}  // namespace pando::initrd
