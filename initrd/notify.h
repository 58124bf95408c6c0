// SPDX-License-Identifier: GPL-2.0-or-later
// Both ends of sd_notify(3): how corosync and dlm_controld say that they are ready. An abstract socket, so a
// daemon in another mount namespace reaches it.
//
//   auto ready = TRY(ReadySocket::open("pando-corosync"));
//   … spawn with env NOTIFY_SOCKET=ready.address() …
//   TRY(ready.wait(child, deadline));
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"

#include <string>

namespace pando::initrd {

class ReadySocket {
public:
    static Result<ReadySocket> open(std::string_view name);
    std::string address() const { return "@" + name_; }  // the value of NOTIFY_SOCKET
    // Until READY=1 came. Error: the daemon ended first, or the deadline passed.
    Result<> wait(Child& daemon, Deadline deadline) const;

private:
    std::string name_;
    UniqueFd fd_;
};

// The sending end: READY=1 to whoever started us, if it asked for that by NOTIFY_SOCKET.
Result<> report_ready();

}  // namespace pando::initrd
