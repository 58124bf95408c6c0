// SPDX-License-Identifier: GPL-2.0-or-later
// Running programs: always an argv list, never a shell; always a deadline.
//
//   auto done = TRY(run({.argv = {"mkfs.gfs2", "-O", device}, .deadline = Deadline::after(60s)}));
//   Child daemon = TRY(Child::spawn({.argv = {"corosync", "-f"}, .argv0 = "@corosync"}));
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/result.h"

#include <sys/types.h>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pando {

struct Command {
    std::vector<std::string> argv;                // argv[0] is looked up in PATH
    std::optional<std::string> argv0 = {};        // shown in place of argv[0] (systemd spares names that begin with @)
    std::map<std::string, std::string> env = {};  // added to the environment
    std::string input = {};                       // given on standard input; empty: /dev/null
    std::filesystem::path directory = {};         // working directory
    Deadline deadline = Deadline::after(std::chrono::minutes(1));  // run() only; the program is killed at it
    // Called in the child between fork and exec, for namespaces, chroot, scheduling. Async-signal-safe
    // calls only; false ends the child with status 126.
    std::function<bool()> prepare = {};
    std::optional<std::filesystem::path> output_file = {};  // stdout and stderr appended there (spawn() only)
};

struct Finished {
    int status = 0;   // exit status; 128 + signal when a signal ended it
    std::string out;  // at most 16 MiB of each are kept
    std::string err;
    bool ok() const { return status == 0; }
    std::string last_words() const;  // the last line of stderr, or of stdout where that is empty
};

// Runs to the end and returns whatever the status was. Error: not started, or killed at the deadline with all it
// had started. What the program left running when it ended is not waited for.
Result<Finished> run(const Command& command);

// As run(), and a status other than 0 is an error that quotes the last lines of stderr.
Result<Finished> run_ok(const Command& command);

// A program that goes on. Destroying the object leaves the program alone.
class Child {
public:
    static Result<Child> spawn(const Command& command);
    static Result<Child> adopt(pid_t pid);  // a process somebody else started

    pid_t pid() const { return pid_; }
    int pidfd() const { return pidfd_.get(); }  // readable once the program has ended: poll it
    // The exit status, as in Finished; an Error of kind timeout when it has not ended by then. 0 for an adopted
    // process that is not our child: the kernel tells its status to nobody else.
    Result<int> wait(Deadline deadline);
    // SIGTERM, then SIGKILL when `grace` is over. True when SIGTERM was enough.
    Result<bool> stop(Milliseconds grace);
    bool running() const;

private:
    pid_t pid_ = -1;
    UniqueFd pidfd_;
    std::optional<int> status_;  // once it was waited for
};

// Both ends CLOEXEC, and neither in the place of a standard stream.
struct Pipe {
    UniqueFd read, write;
};
Result<Pipe> make_pipe();

// "mkfs.gfs2 -O '/dev/my disk'": for messages and logs, quoted so that it can be pasted.
std::string shown(const std::vector<std::string>& argv);

// The file a program name leads to in PATH (or the name itself when it has a slash).
Result<std::filesystem::path> find_program(const std::string& name);

}  // namespace pando
