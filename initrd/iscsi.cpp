// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/iscsi.h"

#include "base/file.h"
#include "base/process.h"
#include "base/sysroot.h"
#include "hwdetect/coldplug.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <cstring>

namespace pando::initrd {
namespace {

constexpr Milliseconds connect_limit{5000};  // a portal that answers at all does so at once
constexpr Milliseconds login_limit{30000};
constexpr Milliseconds pause{1000};  // after a round in which every portal said no at once

// Does the portal answer on TCP? Told apart from the login, so that a person knows whether to look at the network
// or at the target.
Result<> reach(const config::Portal& portal, Deadline deadline) {
    const bool v6 = portal.ip.v6;
    sockaddr_storage storage{};
    socklen_t size = 0;
    // connect() takes every kind of address by its common head.
    if (v6) {
        auto* address = reinterpret_cast<sockaddr_in6*>(&storage);
        address->sin6_family = AF_INET6;
        address->sin6_port = htons(portal.port);
        std::memcpy(&address->sin6_addr, portal.ip.bytes.data(), sizeof address->sin6_addr);
        size = sizeof *address;
    } else {
        auto* address = reinterpret_cast<sockaddr_in*>(&storage);
        address->sin_family = AF_INET;
        address->sin_port = htons(portal.port);
        std::memcpy(&address->sin_addr, portal.ip.bytes.data(), sizeof address->sin_addr);
        size = sizeof *address;
    }
    const UniqueFd tcp(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!tcp.valid()) return fail_errno(errno, "making a socket");
    if (connect(tcp.get(), reinterpret_cast<sockaddr*>(&storage), size) == 0) return {};
    if (errno != EINPROGRESS) return fail_errno(errno, "out of reach");
    const Deadline limit = deadline.capped(connect_limit);
    pollfd connected{tcp.get(), POLLOUT, 0};
    int ready = 0;
    while ((ready = poll(&connected, 1, limit.poll_timeout())) < 0 && errno == EINTR) continue;
    if (ready <= 0) return fail("out of reach: no answer").kind(ErrorKind::timeout);
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(tcp.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return fail_errno(error, "out of reach");
    return {};
}

// Exit statuses of iscsistart (open-iscsi's iscsi_err.h) that a person can do something about.
std::string_view meaning(int status) {
    switch (status) {
        case 4:
            return "the connection broke";
        case 5:
            return "the login failed";
        case 8:
            return "no answer to the login in time";
        case 12:
            return "the driver's interface failed: is iscsi_tcp loaded?";
        case 19:
            return "the target refused the login: unknown target name, or this initiator is not allowed";
        case 24:
            return "the target refused the login: authentication";
        default:
            return "the login failed";
    }
}

constexpr int session_exists = 15;

Result<> log_in(const config::Iscsi& iscsi, const config::Portal& portal, const std::string& initiator,
                Deadline deadline) {
    const auto done =
        TRY(run({.argv = {"iscsistart", "-i", initiator, "-t", iscsi.target, "-g", "1", "-a", portal.ip.text(), "-p",
                          fmt::to_string(portal.port), "-P", "node.session.initial_login_retry_max=1"},
                 .deadline = deadline.capped(login_limit)}));
    if (done.ok() || done.status == session_exists) return {};
    std::string said = done.err.empty() ? done.out : done.err;
    while (!said.empty() && said.back() == '\n') said.pop_back();
    return fail("{} (iscsistart: status {}{}{})", meaning(done.status), done.status, said.empty() ? "" : ", ", said);
}

// A session of an earlier attempt.
bool has_session(const std::string& target) {
    const auto root = Sysroot::open("/");
    if (!root) return false;
    const auto sessions = root->list("sys/class/iscsi_session");
    if (!sessions) return false;
    for (const std::string& session : *sessions) {
        const auto directory = std::filesystem::path("sys/class/iscsi_session") / session;
        const auto name = root->read_line(directory / "targetname");
        const auto state = root->read_line(directory / "state");
        if (name && *name == target && state && *state == "LOGGED_IN") return true;
    }
    return false;
}

struct Attempt {
    std::string portal;
    Error error;
    bool reached = false;
};

Failure all_failed(const config::Iscsi& iscsi, const std::string& initiator, const std::vector<Attempt>& attempts) {
    std::string text;
    bool reached = false;
    for (const Attempt& attempt : attempts) {
        text += fmt::format("{}portal {}: {}", text.empty() ? "" : "; ", attempt.portal, attempt.error.what);
        reached = reached || attempt.reached;
    }
    auto failure = fail("no iSCSI session to {}: {}", iscsi.target, text);
    failure.kind(ErrorKind::timeout);
    return reached ? failure.advise(
                         fmt::format("the portal answers: does it export this target, and to initiator {}?", initiator))
                   : failure.advise(
                         "no portal answers: is the storage up, is the portals: list right, and does this "
                         "node's address lie in the storage's network?");
}

constexpr Milliseconds longer_than_patience{30000};

}  // namespace

Result<> hold_io_for(const std::string& target, Milliseconds patience) {
    const std::filesystem::path sessions = "/sys/class/iscsi_session";
    const auto seconds = (patience + longer_than_patience).count() / 1000;
    for (const std::string& session : TRY(list_directory(sessions)))
        if (read_line(sessions / session / "targetname").value_or("") == target)
            TRY(write_existing(sessions / session / "recovery_tmo", std::to_string(seconds)));
    return {};
}

std::string initiator_name(const config::Iscsi& iscsi, const config::Node& node) {
    return iscsi.initiator_prefix + ":" + node.name;
}

Result<std::string> iscsi_login(const config::Iscsi& iscsi, const std::string& initiator, Deadline deadline) {
    std::vector<config::Portal> portals;
    for (const std::string& text : iscsi.portals) portals.push_back(TRY(config::parse_portal(text)));
    if (portals.empty()) return bad_input("iSCSI target {}: no portal", iscsi.target);
    // sd_mod: the disks of a session appear after coldplug, and nobody else loads their driver.
    TRY(hwdetect::load_modules({"iscsi_tcp", "sd_mod"}));
    if (has_session(iscsi.target)) return iscsi.portals.front();
    for (;;) {
        std::vector<Attempt> attempts;
        for (size_t i = 0; i < portals.size(); ++i) {
            Result<> done = reach(portals[i], deadline);
            const bool reached = done.has_value();
            if (reached) done = log_in(iscsi, portals[i], initiator, deadline);
            if (done || has_session(iscsi.target)) return iscsi.portals[i];
            attempts.push_back({iscsi.portals[i], done.error(), reached});
        }
        if (deadline.capped(pause).remaining() < pause) return all_failed(iscsi, initiator, attempts);
        (void)poll(nullptr, 0, static_cast<int>(pause.count()));
    }
}

}  // namespace pando::initrd
