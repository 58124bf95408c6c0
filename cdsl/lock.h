// SPDX-License-Identifier: GPL-2.0-or-later
// The locks of changes: held by whoever changes something of a root, on whichever node; one for CDSLs and the
// cluster's description, one for packages, whose scripts may take the other, one for stopping nodes. Each is an flock
// on a file of the root: GFS2 carries it to all nodes, and a dead node's is free once that node was fenced and its
// journal recovered.
//
//   const auto lock = TRY(ChangeLock::take(root, {"n1", "pando cdsl apply"},
//   Deadline::after(std::chrono::minutes(10))));
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pando::cdsl {

// Who changes something. Written into the lock's file, so that others can say whom they wait for.
struct Holder {
    std::string node;     // empty: the name of this host
    std::string command;  // "pando cdsl apply"
    pid_t process = 0;    // 0: this one
    int64_t since = 0;    // seconds since 1970; 0: now

    Holder filled() const;
    bool operator==(const Holder&) const = default;
};

std::string holder_line(const Holder& holder);
std::optional<Holder> parse_holder(std::string_view line);

// What a lock is for.
struct Guarded {
    const char* file;  // below /.pando/journal
    const char* what;  // for messages
};
constexpr Guarded cdsl_changes{"lock", "CDSLs of this root"};
constexpr Guarded package_changes{"packages.lock", "packages of this root"};
constexpr Guarded node_operations{"nodes.lock", "which nodes are up"};

class ChangeLock {
public:
    ChangeLock() = default;
    ChangeLock(ChangeLock&&) = default;
    ChangeLock& operator=(ChangeLock&&) = default;
    ~ChangeLock();

    // Waits until the deadline; says once (info) that it waits, and for whom. Makes the lock's directory.
    static Result<ChangeLock> take(int root, const Holder& who, Deadline deadline,
                                   const Guarded& guarded = cdsl_changes);

    // Nothing when somebody holds it.
    static Result<std::optional<ChangeLock>> take_now(int root, const Holder& who,
                                                      const Guarded& guarded = cdsl_changes);

    // Who holds it, in words; nothing when nobody does. Writes nothing.
    static Result<std::optional<std::string>> held_by(int root, const Guarded& guarded = cdsl_changes);

private:
    static Result<ChangeLock> signed_by(UniqueFd fd, const Holder& who);

    UniqueFd fd_;  // locked
};

}  // namespace pando::cdsl
