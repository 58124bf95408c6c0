// SPDX-License-Identifier: GPL-2.0-or-later
// A fuzz target: gives the inputs to begin with, and looks at one input. driver.cpp has main() and the mutations.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pando::fuzz {

std::vector<std::string> seeds();

// Words worth inserting, of the language the target reads.
std::vector<std::string> words();

// Empty when every promise was kept; else what was broken. Crashes and sanitizer reports need no word.
std::string look_at(std::string_view input);

}  // namespace pando::fuzz
