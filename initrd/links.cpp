// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/links.h"

#include "base/file.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <array>
#include <sstream>

namespace pando::initrd {
namespace {

// SIOCGIFFLAGS on any socket: works in whichever network namespace we are, whatever /sys shows.
std::optional<unsigned> interface_flags(const std::string& name) {
    if (name.size() >= IFNAMSIZ) return std::nullopt;
    const UniqueFd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    if (!any.valid() || ioctl(any.get(), SIOCGIFFLAGS, &request) < 0) return std::nullopt;
    return static_cast<unsigned short>(request.ifr_flags);
}

}  // namespace

Result<LinkEvents> LinkEvents::listen() {
    LinkEvents events;
    events.socket_.reset(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV6_IFADDR;
    // bind() takes every kind of address by its common head.
    const auto* common = reinterpret_cast<const sockaddr*>(&address);
    if (!events.socket_.valid() || bind(events.socket_.get(), common, sizeof address) < 0)
        return fail_errno(errno, "listening for network links");
    return events;
}

Result<bool> LinkEvents::until(const std::function<bool()>& done, Deadline deadline) {
    std::array<char, 16384> message;
    for (;;) {
        if (done()) return true;
        pollfd ready{socket_.get(), POLLIN, 0};
        const int n = poll(&ready, 1, deadline.poll_timeout());
        if (n < 0 && errno != EINTR) return fail_errno(errno, "waiting for network links");
        if (n == 0 && deadline.passed()) return done();
        // Only that something happened matters; so does it when the kernel had to drop some (ENOBUFS).
        if (n > 0)
            while (recv(socket_.get(), message.data(), message.size(), 0) > 0) continue;
    }
}

bool interface_exists(const std::string& name) { return if_nametoindex(name.c_str()) != 0; }

bool interface_running(const std::string& name) {
    const auto flags = interface_flags(name);
    return flags && (*flags & IFF_UP) != 0 && (*flags & IFF_RUNNING) != 0;
}

AddressCheck address_check(const std::string& interface) {
    AddressCheck check;
    auto table = read_file("/proc/net/if_inet6");  // "fe80… 02 40 20 80     eth0"; none without IPv6
    if (!table) return check;
    std::istringstream lines(*table);
    std::string address, index, prefix, scope, flags, name;
    while (lines >> address >> index >> prefix >> scope >> flags >> name) {
        constexpr std::string_view link_local = "20";
        if (name != interface || scope == link_local) continue;
        const unsigned long bits = std::strtoul(flags.c_str(), nullptr, 16);
        if ((bits & IFA_F_DADFAILED) != 0)
            check.duplicate = address;
        else if ((bits & IFA_F_TENTATIVE) != 0)
            check.pending = true;
    }
    return check;
}

}  // namespace pando::initrd
