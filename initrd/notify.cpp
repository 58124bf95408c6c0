// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/notify.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <array>
#include <cstddef>
#include <cstdlib>

namespace pando::initrd {
namespace {

struct Address {
    sockaddr_un address{};
    socklen_t length = 0;
    const sockaddr* pointer() const { return reinterpret_cast<const sockaddr*>(&address); }
};

Result<Address> abstract(std::string_view name) {
    Address made;
    made.address.sun_family = AF_UNIX;
    if (name.size() + 1 > sizeof made.address.sun_path) return fail("socket name {} is too long", name);
    name.copy(made.address.sun_path + 1, name.size());  // a leading zero byte makes it abstract
    made.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    return made;
}

}  // namespace

Result<ReadySocket> ReadySocket::open(std::string_view name) {
    ReadySocket ready;
    ready.name_ = name;
    ready.fd_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!ready.fd_.valid()) return fail_errno(errno, "socket for daemon readiness");
    const auto address = TRY(abstract(name));
    if (bind(ready.fd_.get(), address.pointer(), address.length) < 0)
        return fail_errno(errno, "socket {} for daemon readiness", name);
    return ready;
}

Result<> ReadySocket::wait(Child& daemon, Deadline deadline) const {
    for (;;) {
        std::array<pollfd, 2> fds{pollfd{fd_.get(), POLLIN, 0}, pollfd{daemon.pidfd(), POLLIN, 0}};
        const int ready = poll(fds.data(), fds.size(), deadline.poll_timeout());
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return fail_errno(errno, "waiting for {}", name_);
        if (ready == 0) return fail("{} did not report that it is ready in time", name_).kind(ErrorKind::timeout);
        if (fds[0].revents != 0) {
            std::array<char, 4096> text;
            const ssize_t n = recv(fd_.get(), text.data(), text.size(), 0);
            if (n > 0 &&
                std::string_view(text.data(), static_cast<size_t>(n)).find("READY=1") != std::string_view::npos)
                return {};
            continue;
        }
        const int status = TRY(daemon.wait(Deadline::after(Milliseconds(0))));
        return fail("{} ended with status {} before it was ready", name_, status);
    }
}

Result<> report_ready() {
    const char* const name = getenv("NOTIFY_SOCKET");
    if (name == nullptr || name[0] != '@') return {};
    const auto address = TRY(abstract(name + 1));
    const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const std::string_view text = "READY=1";
    if (!fd.valid() || sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL, address.pointer(), address.length) < 0)
        return fail_errno(errno, "telling {} that we are ready", name);
    return {};
}

}  // namespace pando::initrd
