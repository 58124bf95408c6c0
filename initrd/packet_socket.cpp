// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/packet_socket.h"

#include <poll.h>
#include <sys/socket.h>

namespace pando::initrd {

namespace fs = std::filesystem;
using nlohmann::json;

Result<sockaddr_un> packet_address(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof address.sun_path) return fail("{} is too long for a socket", path.string());
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

std::string receive_packet(int socket, size_t limit, Milliseconds within) {
    pollfd waiting{socket, POLLIN, 0};
    if (poll(&waiting, 1, Deadline::after(within).poll_timeout()) <= 0) return {};
    std::string packet(limit, '\0');
    const ssize_t size = recv(socket, packet.data(), packet.size(), MSG_DONTWAIT);
    packet.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return packet;
}

bool send_packet(int socket, const json& object) {
    const std::string packet = object.dump(-1, ' ', false, json::error_handler_t::replace);
    return send(socket, packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(packet.size());
}

}  // namespace pando::initrd
