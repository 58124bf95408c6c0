// SPDX-License-Identifier: GPL-2.0-or-later
// A packet of JSON over a socket of the local machine: what initrd/control_socket.h and initrd/ask_boot.h both speak.
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <sys/un.h>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace pando::initrd {

// Error: the path is longer than an address may be.
Result<sockaddr_un> packet_address(const std::filesystem::path& path);

// A packet of at most `limit` bytes, or nothing when none came in time.
std::string receive_packet(int socket, size_t limit, Milliseconds within);

bool send_packet(int socket, const nlohmann::json& object);

}  // namespace pando::initrd
