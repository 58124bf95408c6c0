// SPDX-License-Identifier: GPL-2.0-or-later
// The asking side of initrd/control_socket.h, for a shell of the operator's. It brings nothing of the boot with it: the
// chroot's helper asks too, and stays small.
//
//   const json answer = TRY(ask_boot({{"verb", "status"}}));  // pando-boot status
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace pando::initrd {

constexpr const char* control_socket = "/run/pando/boot.sock";

// Error of kind timeout: process 1 does not answer. sys ENOENT or ECONNREFUSED: there is no boot.
Result<nlohmann::json> ask_boot(const nlohmann::json& request, const std::filesystem::path& path = control_socket);

// Tells process 1 that a person has come: a boot that has failed waits as long as this is open. It is closed by process
// 1 when the boot is over.
Result<UniqueFd> attend_boot(const std::string& who, const std::filesystem::path& path = control_socket);

}  // namespace pando::initrd
