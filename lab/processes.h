// SPDX-License-Identifier: GPL-2.0-or-later
// The processes of a lab, written down so that exactly they are ended later and never a stranger with a recycled pid.
//
//   TRY(record_process(directory, {.who = "dnsmasq", .pid = child.pid()}));
//   auto running = find_running(record);     // nothing when it has ended, or the pid is somebody else's by now
#pragma once

#include "base/process.h"
#include "base/result.h"

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pando::lab {

struct ProcessRecord {
    std::string who;  // "dnsmasq", "n1-bmc": also the name of its file
    pid_t pid = -1;
    uint64_t start = 0;         // clock ticks since the host's boot, /proc/PID/stat field 22
    std::string boot;           // the host's boot id
    int stop_signal = SIGTERM;  // what asks it to end
};

// Field 22 of the text of /proc/PID/stat. The second field is a name that may hold spaces and parentheses.
Result<uint64_t> parse_start_time(const std::string& stat);
Result<std::string> boot_id();  // differs after every boot of the host

// Fills in start and boot and writes directory/WHO.json.
Result<> record_process(const std::filesystem::path& directory, ProcessRecord record);
// Those of the directory, sorted by name; none when there is no such directory. What cannot be read hides nothing else.
struct RecordedProcesses {
    std::vector<ProcessRecord> records;
    std::vector<Error> damaged;
};
Result<RecordedProcesses> recorded_processes(const std::filesystem::path& directory);

std::optional<Child> find_running(const ProcessRecord& record);

// All processes (this one left out) that live in the network namespace behind `file`.
Result<std::vector<pid_t>> processes_in_namespace(const std::filesystem::path& file);

// Asks every one, waits for all of them together, kills what is left when `grace` is over.
struct Ending {
    Child child;
    int signal = SIGTERM;
};
Result<> end_all(std::vector<Ending> processes, Milliseconds grace);

}  // namespace pando::lab
