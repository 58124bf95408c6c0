// SPDX-License-Identifier: GPL-2.0-or-later
// Taking a lab down. Relies on nothing but the process records and the namespace, so that it also clears away what a
// killed `up` left behind.
#include "base/file.h"
#include "base/lock.h"
#include "lab/lab.h"
#include "lab/layout.h"
#include "lab/network.h"
#include "lab/processes.h"

namespace pando::lab {
namespace fs = std::filesystem;
namespace {

constexpr auto grace = std::chrono::seconds(3);
constexpr auto lock_deadline = std::chrono::minutes(2);
constexpr int most_rounds = 5;

// A record that cannot be read is told and passed over: its process lives in the namespace, which is swept next.
Result<size_t> end_recorded(const fs::path& lab, const Progress& progress) {
    std::vector<Ending> running;
    const auto recorded = TRY(recorded_processes(process_directory(lab)));
    for (const Error& error : recorded.damaged) {
        progress(fmt::format("warning: {}", error.what));
        progress("  -> passed over: whatever it stood for is ended with the lab's network namespace");
    }
    for (const auto& record : recorded.records)
        if (auto child = find_running(record)) running.push_back({std::move(*child), record.stop_signal});
    const size_t count = running.size();
    TRY(end_all(std::move(running), grace));
    return count;
}

// Blades (children of their BMCs), and whatever was started between its start and its record: only the lab's
// processes are in its namespace.
Result<size_t> end_in_namespace(const std::string& network) {
    std::vector<Ending> running;
    for (const pid_t pid : TRY(processes_in_namespace(namespace_file(network)))) {
        auto child = Child::adopt(pid);
        if (child) running.push_back({std::move(*child), SIGTERM});
    }
    const size_t count = running.size();
    TRY(end_all(std::move(running), grace));
    return count;
}

// Two labs of one name in two state directories would share the namespace's name: the second is never begun, and
// taking it down must not hit the first.
Result<> check_owner(const std::string& network, const fs::path& directory) {
    std::error_code ec;
    if (!fs::exists(namespace_file(network), ec)) return {};
    const auto owner = network_owner(network);
    // One that cannot be asked was cut short while it was made.
    if (!owner || owner->empty() || *owner == directory.string()) return {};
    return bad_input("network namespace {} belongs to the lab in {}, not to {}", network, *owner, directory.string())
        .advise("take it down with the --state-dir it was brought up with");
}

}  // namespace

Result<> Lab::down(const std::string& name, const fs::path& state, bool purge, const Progress& progress) {
    TRY(check_name(name));
    const fs::path directory = state / name;
    const std::string network = network_name(name);
    std::error_code ec;
    if (!fs::exists(directory, ec) && !fs::exists(namespace_file(network), ec)) {
        progress(fmt::format("lab {}: nothing to take down", name));
        return {};
    }
    TRY(make_directories(state));
    const auto lock = TRY(FileLock::take(lock_file(directory), Deadline::after(lock_deadline)));

    TRY(check_owner(network, directory));
    // BMCs and services first, so that nothing starts a blade again.
    size_t ended = TRY(end_recorded(directory, progress));
    for (int round = 0;; ++round) {
        const size_t count = TRY(end_in_namespace(network));
        if (count == 0) break;
        ended += count;
        if (round == most_rounds)
            return fail("lab {}: new processes keep appearing in network namespace {}", name, network)
                .advise(fmt::format("look for who starts them: ip netns pids {}", network));
    }
    TRY(delete_network(network));
    if (fs::exists(namespace_file(network), ec)) return fail("network namespace {} is still there", network);

    for (const auto& entry : list_directory(directory).value_or(std::vector<std::string>{})) {
        if (entry == "logs" && !purge) continue;
        fs::remove_all(directory / entry, ec);
        if (ec) return fail_errno(ec.value(), "removing {}", (directory / entry).string());
    }
    if (purge) fs::remove(directory, ec);
    progress(fmt::format("lab {}: down, {} processes ended{}", name, ended,
                         purge ? "" : ", logs kept in " + logs_directory(directory).string()));
    return {};
}

}  // namespace pando::lab
