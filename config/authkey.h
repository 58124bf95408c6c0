// SPDX-License-Identifier: GPL-2.0-or-later
// corosync's key: who has it is a member. Made once, readable by root alone.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>

namespace pando::config {

constexpr size_t authkey_least = 128;  // bytes, corosync's own bounds
constexpr size_t authkey_most = 4096;
constexpr size_t authkey_made = 256;

// Refuses a key of a wrong length, and one that others may read.
Result<std::string> read_authkey(const std::filesystem::path& file);

// A new key of 256 random bytes, mode 0400; whole or not there. Never replaces a file.
Result<> make_authkey(const std::filesystem::path& file);

}  // namespace pando::config
