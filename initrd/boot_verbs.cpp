// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/boot_verbs.h"

#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/sysroot.h"
#include "chroot-builder/agents.h"
#include "chroot-builder/residence.h"
#include "chroot-builder/survival_namespace.h"
#include "config/bundle.h"
#include "config/fence_agent.h"
#include "initrd/ask_boot.h"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <iostream>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t shown_lines = 40;  // of each daemon's log
constexpr Milliseconds fence_patience = std::chrono::minutes(10);

bool no_boot(const Error& error) { return error.sys == ENOENT || error.sys == ECONNREFUSED; }

Failure over() {
    Failure failure = bad_input("no boot runs here: this node is up, or was not started by pando-boot");
    failure.advise(
        "pando status tells how a node that is up is; boot.stages: in cluster.yaml changes the next boots; systemctl "
        "reboot ends a node in order");
    return failure;
}

int report(const Error& error) {
    log::write(error);
    return error.kind == ErrorKind::bad_input ? 2 : 1;
}

// What process 1 has to say to an order.
Result<> order(const json& request) {
    const auto answer = ask_boot(request);
    if (!answer) return no_boot(answer.error()) ? over() : Failure(answer.error());
    if (!answer->value("ok", false))
        return bad_input("{}", answer->value("error", "")).advise(answer->value("advice", ""));
    fmt::print("{}\n", answer->value("text", ""));
    return {};
}

Result<> status(bool as_json) {
    auto now = ask_boot({{"verb", "status"}});
    if (!now && !no_boot(now.error())) return Failure(now.error());
    const json doing = now ? *now : json();
    const auto timeline = Timeline::load();
    if (!timeline) return Failure(timeline.error()).advise("was this system started by pando-boot?");
    if (!as_json) {
        fmt::print("{}", status_text(*timeline, doing));
        return {};
    }
    json all = json::parse(TRY(read_file(timeline_file)), nullptr, false);
    all["now"] = doing;
    fmt::print("{}\n", all.dump(2, ' ', false, json::error_handler_t::replace));
    return {};
}

std::string last_lines(const std::string& text) {
    size_t at = text.size();
    for (size_t lines = 0; at > 0; --at)
        if (text[at - 1] == '\n' && ++lines > shown_lines) break;
    return text.substr(at);
}

void show_kernel_log() {
    const UniqueFd log(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    std::array<char, 8192> record{};
    for (;;) {
        const ssize_t size = read(log.get(), record.data(), record.size());
        if (size < 0 && errno == EPIPE) continue;  // the oldest were written over meanwhile
        if (size <= 0) return;
        if (const auto line = boot_line({record.data(), static_cast<size_t>(size)})) fmt::print("{}\n", *line);
    }
}

Result<> show_log() {
    show_kernel_log();
    const fs::path logs = fs::path(chroot::chroot_path) / "var/log";
    std::error_code ec;
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator entry(logs, ec), end; !ec && entry != end; entry.increment(ec))
        if (entry->is_regular_file(ec)) files.push_back(entry->path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
        const auto text = read_file(file);
        if (text && !text->empty()) fmt::print("\n--- {} ---\n{}", file.string(), last_lines(*text));
    }
    return {};
}

Result<uint32_t> id_of(const std::string& name) {
    const auto bundle = read_file(config::live_bundle_path);
    if (!bundle)
        return fail("this boot has no description of the cluster yet").advise("fence it from a node that is up");
    const config::Cluster cluster = TRY(TRY(config::decode(*bundle)).description());
    const config::Node* node = cluster.find_node(name);
    if (node == nullptr) return bad_input("the description has no node {}", name);
    if (read_line("/run/pando/node").value_or("") == name)
        return bad_input("{} is this node", name).advise("pando-boot reboot, or poweroff");
    return node->id;
}

// A slip of the finger cuts a node's power.
Result<> ask_again(const std::string& node) {
    fmt::print("Node {} loses its power now, whatever it does. Type its name again: ", node);
    std::fflush(stdout);
    std::string typed;
    std::getline(std::cin, typed);
    if (typed == node) return {};
    return bad_input("that was not {}: nothing was done", node);
}

// As dlm_controld would: the one agent that it knows, in the chroot, by the node's id.
Result<> fence(const std::string& name, bool sure) {
    if (const auto boots = ask_boot({{"verb", "status"}}); !boots && no_boot(boots.error()))
        return bad_input("no boot runs here: on a node that is up dlm_controld fences who has left the cluster")
            .advise("to try a device: . /run/pando/enter, then its agent with action status");
    const uint32_t id = TRY(id_of(name));
    const auto agent = chroot::find_agent(TRY(Sysroot::open(chroot::chroot_path)), config::fence_agent);
    if (!agent) return fail("the chroot is not filled yet").advise("pando-boot status: stage chroot comes first");
    if (!sure) TRY(ask_again(name));
    const auto survival = TRY(chroot::SurvivalNamespace::create(chroot::chroot_path));
    const auto done =
        TRY(survival.run({agent->string()}, fmt::format("node={}\n", id), Deadline::after(fence_patience)));
    fmt::print("{}", last_lines(read_file(fs::path(chroot::chroot_path) / "var/log/fence.log").value_or("")));
    if (!done.ok()) return fail("node {} is not fenced: what each device said is above", name);
    fmt::print("node {} is fenced\n", name);
    return {};
}

Result<> carry_out(const BootVerb& verb) {
    if (verb.name == "status") return status(verb.json);
    if (verb.name == "log") return show_log();
    if (verb.name == "fence") return fence(verb.operand, verb.yes);
    if (verb.name == "retry") return order({{"verb", "retry"}, {"stage", verb.operand}});
    if (verb.name == "set") return order({{"verb", "set"}, {"setting", verb.operand}});
    return order({{"verb", verb.name}});
}

}  // namespace

std::optional<BootVerb> parse_boot_verb(const std::vector<std::string>& arguments) {
    struct Shape {
        std::string_view name;
        size_t least, most;  // operands
        std::string_view option;
    };
    constexpr std::array shapes = {
        Shape{"status", 0, 0, "--json"}, Shape{"retry", 0, 1, ""},  Shape{"set", 1, 1, ""},     Shape{"log", 0, 0, ""},
        Shape{"fence", 1, 1, "--yes"},   Shape{"reboot", 0, 0, ""}, Shape{"poweroff", 0, 0, ""}};
    if (arguments.empty()) return std::nullopt;
    const auto* const shape =
        std::find_if(shapes.begin(), shapes.end(), [&](const Shape& each) { return each.name == arguments.front(); });
    if (shape == shapes.end()) return std::nullopt;
    BootVerb verb{std::string(shape->name), {}};
    size_t operands = 0;
    for (size_t i = 1; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (argument.starts_with("-")) {
            if (argument != shape->option) return std::nullopt;
            (argument == "--json" ? verb.json : verb.yes) = true;
            continue;
        }
        ++operands;
        verb.operand = argument;
    }
    if (operands < shape->least || operands > shape->most) return std::nullopt;
    return verb;
}

std::optional<std::string> boot_line(std::string_view record) {
    // "6,339,5140900,-;pando: text": level, number, microseconds, flags.
    constexpr std::string_view ours = "pando: ";
    const size_t text = record.find(';');
    if (text == std::string_view::npos || record.substr(text + 1, ours.size()) != ours) return std::nullopt;
    const size_t first = record.find(','), second = record.find(',', first + 1), third = record.find(',', second + 1);
    if (third == std::string_view::npos || third > text) return std::nullopt;
    const auto microseconds = whole_number<uint64_t>(record.substr(second + 1, third - second - 1));
    if (!microseconds) return std::nullopt;
    std::string_view line = record.substr(text + 1 + ours.size());
    line = line.substr(0, line.find('\n'));
    return fmt::format("[{:8.2f}] {}", static_cast<double>(*microseconds) / 1e6, line);
}

std::string status_text(const Timeline& timeline, const json& now) {
    std::string text = fmt::format("{} of cluster {}: {}\n", timeline.node.empty() ? "(no node yet)" : timeline.node,
                                   timeline.cluster.empty() ? "(not known yet)" : timeline.cluster,
                                   now.is_object() ? now.value("state", "") : timeline.state);
    for (const StageRecord& stage : timeline.stages) {
        const std::string took = stage.result == "running" ? "" : fmt::format("{:.2f} s  ", stage.end - stage.start);
        text += fmt::format("  {:<9} {:<7} {}{}\n", stage.name, stage.result, took,
                            stage.error.empty() ? stage.detail : stage.error);
    }
    if (!now.is_object() || !now.contains("stage")) return text;
    const int64_t deadline = now.value("deadline", int64_t{0});
    const std::string waiting = now.value("waiting_for", "");
    text += fmt::format("{}: {} s; {}", now.value("stage", ""), now.value("elapsed", int64_t{0}),
                        waiting.empty() ? "at work" : "waiting for " + waiting);
    if (deadline != 0) text += fmt::format("; at {} s {}", deadline, now.value("then", ""));
    return text + "\n";
}

std::optional<int> boot_verb_main(const std::vector<std::string>& arguments) {
    const auto verb = parse_boot_verb(arguments);
    if (!verb) return std::nullopt;
    const auto done = carry_out(*verb);
    return done ? 0 : report(done.error());
}

}  // namespace pando::initrd
