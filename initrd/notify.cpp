// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/notify.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <array>
#include <cstddef>

namespace pando::initrd {

Result<ReadySocket> ReadySocket::open(std::string_view name) {
    ReadySocket ready;
    ready.name_ = name;
    ready.fd_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!ready.fd_.valid()) return fail_errno(errno, "socket for daemon readiness");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() + 1 > sizeof address.sun_path) return fail("socket name {} is too long", name);
    name.copy(address.sun_path + 1, name.size());  // a leading zero byte makes it abstract
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (bind(ready.fd_.get(), reinterpret_cast<sockaddr*>(&address), length) < 0)
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

}  // namespace pando::initrd
