// SPDX-License-Identifier: GPL-2.0-or-later
// What a program looks for in the file system, and to whom it talks, seen by strace(1) while it runs where nothing but
// the chroot is.
//
//   const auto traced = TRY(run_traced(space, {"/usr/sbin/fence_ipmilan"}, "action=metadata\n", deadline));
//   for (const Lookup& lookup : traced.trace.lookups) …
#pragma once

#include "base/deadline.h"
#include "base/process.h"
#include "base/result.h"
#include "chroot-builder/survival_namespace.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pando::chroot {

struct Lookup {
    std::string program;         // that looked: the last one its process executed
    std::filesystem::path path;  // absolute
    bool found = false;
};

struct Contact {
    std::string program;
    std::string address;   // path of a socket, or an IP address
    int port = 0;          // 0: a socket of this machine
    bool reached = false;  // somebody may be there: always so for a datagram
};

struct Trace {
    std::vector<Lookup> lookups;  // in order, with repetitions
    std::vector<Contact> contacts;
};

// Adds one process's trace, as `strace -xx -y -e trace=%file,connect` writes it. `program` is what the process runs
// before its first execve; what it does until `from` was executed is left out (empty: nothing is).
void read_trace(std::string_view text, const std::string& program, std::string_view from, Trace& trace);

struct Traced {
    Result<Finished> finished;  // error: not done at the deadline; its trace tells how far it came
    Trace trace;
};

// Error: strace or nsenter is not installed, with advice.
Result<> tracer_is_there();

// Error: the program could not be traced.
Result<Traced> run_traced(const SurvivalNamespace& space, const std::vector<std::string>& argv,
                          const std::string& input, Deadline deadline);

}  // namespace pando::chroot
