// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/processes.h"

#include "base/file.h"
#include "base/number.h"
#include "base/procfs.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

namespace pando::lab {
namespace fs = std::filesystem;
namespace {

constexpr auto kill_grace = std::chrono::seconds(5);

Result<uint64_t> start_time(pid_t pid) { return parse_start_time(TRY(read_file(fmt::format("/proc/{}/stat", pid)))); }

Result<ProcessRecord> read_record(const fs::path& file) {
    const std::string text = TRY(read_file(file));
    ProcessRecord record;
    try {
        const auto json = nlohmann::json::parse(text);
        record.who = json.at("who");
        record.pid = json.at("pid");
        record.start = json.at("start");
        record.boot = json.at("boot");
        record.stop_signal = json.at("stop_signal");
    } catch (const nlohmann::json::exception& error) {
        return fail("{} is not a process record: {}", file.string(), error.what());
    }
    // 0 and what is below mean groups of processes to kill(2) and its kin.
    if (record.pid <= 0) return fail("{} is not a process record: pid {}", file.string(), record.pid);
    return record;
}

void send_signal(const Child& child, int signal) { syscall(SYS_pidfd_send_signal, child.pidfd(), signal, nullptr, 0); }

}  // namespace

Result<uint64_t> parse_start_time(const std::string& stat) {
    constexpr int start_field = 22;
    const size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return fail("/proc/PID/stat of another kind: {}", stat);
    std::istringstream fields(stat.substr(name_end + 1));  // from field 3 on
    std::string field;
    for (int i = 3; i <= start_field; ++i) fields >> field;
    const auto start = whole_number<uint64_t>(field);
    if (!fields || !start) return fail("/proc/PID/stat of another kind: {}", stat);
    return *start;
}

Result<std::string> boot_id() { return read_line("/proc/sys/kernel/random/boot_id"); }

Result<> record_process(const fs::path& directory, ProcessRecord record) {
    record.start = TRY(start_time(record.pid));
    record.boot = TRY(boot_id());
    const nlohmann::json json = {{"who", record.who},
                                 {"pid", record.pid},
                                 {"start", record.start},
                                 {"boot", record.boot},
                                 {"stop_signal", record.stop_signal}};
    return write_file_atomic(directory / (record.who + ".json"), json.dump() + "\n");
}

Result<RecordedProcesses> recorded_processes(const fs::path& directory) {
    RecordedProcesses found;
    auto names = list_directory(directory);
    if (!names && names.error().sys == ENOENT) return found;
    if (!names) return Failure(names.error());
    for (const auto& name : *names) {
        // Names with a leading dot are the halves of an interrupted write.
        if (name[0] == '.' || !name.ends_with(".json")) continue;
        if (auto record = read_record(directory / name))
            found.records.push_back(std::move(*record));
        else
            found.damaged.push_back(record.error());
    }
    return found;
}

std::optional<Child> find_running(const ProcessRecord& record) {
    if (record.boot != boot_id().value_or("?")) return std::nullopt;
    // The descriptor first: from here on the pid cannot become another process.
    auto child = Child::adopt(record.pid);
    if (!child || !child->running()) return std::nullopt;
    if (start_time(record.pid).value_or(0) != record.start) return std::nullopt;
    return std::move(*child);
}

Result<std::vector<pid_t>> processes_in_namespace(const fs::path& file) {
    std::vector<pid_t> pids;
    struct stat wanted {};
    if (stat(file.c_str(), &wanted) < 0) {
        if (errno == ENOENT) return pids;
        return fail_errno(errno, "looking at {}", file.string());
    }
    for (const pid_t pid : TRY(all_processes())) {
        if (pid == getpid()) continue;
        struct stat own {};
        // A process that ends meanwhile has no namespace any more.
        if (stat(fmt::format("/proc/{}/ns/net", pid).c_str(), &own) < 0) continue;
        if (own.st_dev == wanted.st_dev && own.st_ino == wanted.st_ino) pids.push_back(pid);
    }
    return pids;
}

Result<> end_all(std::vector<Ending> processes, Milliseconds grace) {
    for (const auto& process : processes) send_signal(process.child, process.signal);
    const Deadline polite = Deadline::after(grace);
    for (auto& process : processes) {
        if (process.child.wait(polite)) continue;
        send_signal(process.child, SIGKILL);
        (void)TRY(process.child.wait(Deadline::after(kill_grace)));
    }
    return {};
}

}  // namespace pando::lab
