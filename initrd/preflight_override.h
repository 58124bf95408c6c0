// SPDX-License-Identifier: GPL-2.0-or-later
// A node whose fence device is as dead as the node itself keeps every other one from booting: its preflight finds a
// device that does not answer. When the node is gone a person says so, and for this boot its silent devices are passed
// over. Nothing is taken for off by it: dlm_controld fences the node all the same, or waits for a word of its own.
//
//   pando-boot preflight --without n3 --reason "its board is dead"
#pragma once

#include "base/result.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace pando::initrd {

// In memory, for this boot alone.
constexpr const char* preflight_words_file = "/run/pando/preflight.json";

struct PreflightWords {
    std::vector<std::string> without;
    std::string reason;
};
Result<PreflightWords> parse_preflight_words(const std::vector<std::string>& words);

// Node to reason; empty where nobody said anything.
std::map<std::string, std::string> nodes_said_off(const std::filesystem::path& file = preflight_words_file);
// To those before.
Result<> say_off(const PreflightWords& words, const std::filesystem::path& file = preflight_words_file);

int preflight_verb_main(const std::vector<std::string>& words);

}  // namespace pando::initrd
