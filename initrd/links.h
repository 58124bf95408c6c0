// SPDX-License-Identifier: GPL-2.0-or-later
// Waiting for network links: the kernel's rtnetlink messages wake us, its flags are the state.
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/result.h"

#include <functional>
#include <string>

namespace pando::initrd {

class LinkEvents {
public:
    // Links and IPv6 addresses of this network namespace.
    static Result<LinkEvents> listen();
    // Asks `done` now and after every change, until it is true or the deadline passes. What it said last.
    Result<bool> until(const std::function<bool()>& done, Deadline deadline);

private:
    UniqueFd socket_;
};

bool interface_exists(const std::string& name);
bool interface_running(const std::string& name);  // up, with a link, ready to carry packets

// IPv6 addresses of the interface that are not yet known to be ours alone, or were found to be somebody else's. The
// link-local one does not count: nothing of ours uses it, and its test takes a second of every boot.
struct AddressCheck {
    bool pending = false;
    std::string duplicate;  // the address, as in /proc/net/if_inet6
};
AddressCheck address_check(const std::string& interface);

}  // namespace pando::initrd
