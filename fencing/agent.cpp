// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/agent.h"

#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/utc.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace pando::fencing {
namespace {

namespace fs = std::filesystem;

constexpr const char* log_file = "/var/log/fence.log";
// dlm_controld asks again at once, without end. An agent that fails at once must not fill memory with lines.
constexpr Milliseconds shortest_round{3000};

fs::path failing_file(const fs::path& chroot, uint32_t id) {
    return chroot / fmt::format("var/log/pando-fence-failing.{}", id);
}

uint32_t count_failure(const fs::path& chroot, uint32_t id, const std::string& says) {
    const auto before = read_failing(chroot, id);
    const uint32_t rounds = before ? before->rounds + 1 : 1;
    const nlohmann::json json = {{"rounds", rounds}, {"says", says}};
    (void)write_file_atomic(failing_file(chroot, id),
                            json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), 0600);
    return rounds;
}

bool is_power_of_two(uint32_t number) { return (number & (number - 1)) == 0; }

// From here on what is logged goes there; dlm_controld has led our streams to nowhere.
void log_to_file() {
    const int fd = open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return;
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

double seconds_since(Milliseconds begun) { return static_cast<double>((since_boot() - begun).count()) / 1000; }

Record unfenced(const FencedNode& node, const Asker& asker) {
    const Milliseconds begun = since_boot();
    Unfenced done = unfence(node);
    Record record{{}, "unfence", node.name, node.id, asker.here, asker.by, asker.reason, done.result.has_value()};
    if (!done.result) record.says = done.result.error().what;
    record.seconds = seconds_since(begun);
    record.attempts = std::move(done.attempts);
    return record;
}

// The power in a process of its own: dlm_controld may go on with the recovery meanwhile.
void leave_power_to_child(const CutOff& cut, const fs::path& chroot, const FencedNode& node, const Asker& asker) {
    if (cut.way != Way::cycle) return;
    const pid_t pid = fork();
    if (pid != 0) {
        if (pid < 0) log::warning("{}: not switched on again: no process for it", cut.device->name);
        return;
    }
    setsid();
    (void)power_again(chroot, node, asker, cut);
    _exit(0);
}

Result<> serve(const FenceRequest& request, const fs::path& chroot) {
    const auto node = TRY(read_node_devices(chroot, request.id));
    const Asker asker{read_line("/run/pando/node").value_or(""), by_dlm_controld, {}};
    if (request.unfence) {
        const Record record = unfenced(node, asker);
        (void)append_record(history_file(chroot), record);
        if (!record.ok) return fail("{}", record.says);
        return {};
    }
    const auto power = [&](const CutOff& cut) { leave_power_to_child(cut, chroot, node, asker); };
    (void)TRY(fence_node(chroot, node, asker, {}, power));
    return {};
}

}  // namespace

Result<> power_again(const fs::path& chroot, const FencedNode& node, const Asker& asker, const CutOff& cut) {
    const auto on = switch_on(cut);
    if (!on || on->ok) return {};
    Record record{{}, "power", node.name, node.id, asker.here, asker.by, asker.reason, false, on->device, on->says};
    record.seconds = on->seconds;
    TRY(append_record(history_file(chroot), record));
    log::warning("{}: {} is off, and was not switched on again: {}", on->device, node.name, on->says);
    return {};
}

std::optional<Failing> read_failing(const fs::path& chroot, uint32_t id) {
    const auto json = nlohmann::json::parse(read_file(failing_file(chroot, id)).value_or(""), nullptr, false);
    if (!json.is_object() || !json.contains("rounds") || !json["rounds"].is_number_unsigned()) return std::nullopt;
    Failing failing{id, json["rounds"].get<uint32_t>(), {}};
    if (json.contains("says") && json["says"].is_string()) failing.says = json["says"];
    return failing;
}

void forget_failing(const fs::path& chroot, uint32_t id) { (void)remove_tree(failing_file(chroot, id)); }

Result<FenceRequest> parse_fence_request(std::string_view input) {
    FenceRequest request;
    while (!input.empty()) {
        const std::string_view line = input.substr(0, input.find('\n'));
        input.remove_prefix(std::min(input.size(), line.size() + 1));
        if (line.starts_with("node=")) request.id = whole_number<uint32_t>(line.substr(5)).value_or(0);
        if (line == "action=on") request.unfence = true;
    }
    if (request.id == 0) return bad_input("no node=ID on standard input").advise("dlm_controld gives it");
    return request;
}

Result<Record> fence_node(const fs::path& chroot, const FencedNode& node, const Asker& asker,
                          const LevelOptions& options, const std::function<void(const CutOff&)>& then) {
    const Milliseconds begun = since_boot();
    const CutOff cut = cut_off(node, options);
    Record record{{}, "fence", node.name, node.id, asker.here, asker.by, asker.reason, cut.done()};
    record.seconds = seconds_since(begun);
    record.attempts = cut.attempts;
    for (const Attempt& attempt : cut.attempts)
        if (!attempt.ok) log::error("{}: {}: {}", attempt.device, attempt.action, attempt.says);
    if (cut.done()) {
        record.device = cut.device->name;
        log::info("{}: node id {} is fenced", record.device, node.id);
        forget_failing(chroot, node.id);
        // Told before it is written down: whoever waits for the fencing waits for nothing else.
        if (then) then(cut);
        if (const auto written = append_record(history_file(chroot), record); !written) log::write(written.error());
        return record;
    }
    record.says = cut.trouble();
    const uint32_t rounds = count_failure(chroot, node.id, record.says);
    if (is_power_of_two(rounds)) {
        if (rounds > 1) record.says += fmt::format(" ({} times now)", rounds);
        if (const auto written = append_record(history_file(chroot), record); !written) log::write(written.error());
    }
    return fail("node id {} is not fenced: {}", node.id, cut.trouble());
}

int fence_main() {
    const Milliseconds begun = since_boot();
    const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
    log_to_file();
    log::info("{} asked to fence: {}", utc_now(), input.substr(0, input.find('\n')));
    const auto request = parse_fence_request(input);
    const auto done = request ? serve(*request, "/") : Result<>(Failure(request.error()));
    if (done) return 0;
    log::write(done.error());
    const Milliseconds took = since_boot() - begun;
    if (took < shortest_round) (void)poll(nullptr, 0, Deadline::after(shortest_round - took).poll_timeout());
    return 1;
}

}  // namespace pando::fencing
