// SPDX-License-Identifier: GPL-2.0-or-later
// The lab's network: one namespace with a bridge, and nothing that leads out of it.
#pragma once

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pando::lab {

std::filesystem::path namespace_file(const std::string& name);  // /run/netns/NAME

struct NetworkPlan {
    std::string owner;                   // the lab's directory, noted in the namespace
    std::string bridge;                  // br0
    std::vector<std::string> addresses;  // of the bridge, with prefix length
    std::vector<std::string> taps;       // one per NIC of a blade
};

// The input of `ip -batch`.
std::string network_commands(const NetworkPlan& plan);

Result<> create_network(const std::string& name, const NetworkPlan& plan);
// Whose it is; empty when its making was cut short. An Error when there is none.
Result<std::string> network_owner(const std::string& name);
// No error when there is none.
Result<> delete_network(const std::string& name);

// For Command::prepare. With a session of its own the program is a daemon: out of reach of the terminal's Ctrl-C, and
// without whatever files our own caller had left open.
Result<std::function<bool()>> enter_namespace(const std::string& name, bool own_session);
// This very process, for good: before it becomes another program.
Result<> move_into_namespace(const std::string& name);

// A TCP connection that starts inside the namespace, from a program outside.
Result<UniqueFd> connect_inside(const std::string& name, const std::string& address, uint16_t port, Deadline deadline);

// Is the port bound by some socket of the namespace the process lives in? `table`: "udp" or "tcp".
Result<bool> port_bound(pid_t process, const std::string& table, const std::string& address, uint16_t port);
// The same question to the text of /proc/PID/net/udp or tcp. A wildcard address (0.0.0.0) counts as every address.
bool port_in_table(const std::string& text, const std::string& address, uint16_t port);

}  // namespace pando::lab
