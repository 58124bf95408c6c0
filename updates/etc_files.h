// SPDX-License-Identifier: GPL-2.0-or-later
// What /etc holds, so that a change can name the files that it touched: digests of files, targets of links.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace pando::updates {

using EtcFiles = std::map<std::string, std::string>;  // "/etc/hosts" to what it holds, as one word

// A file that goes while it is looked at is left out. Nothing is followed: a CDSL is a link like any other.
Result<EtcFiles> read_etc(const std::filesystem::path& root);

// Sorted; files that came, went or changed.
std::vector<std::string> changed_files(const EtcFiles& before, const EtcFiles& after);

}  // namespace pando::updates
