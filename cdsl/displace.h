// SPDX-License-Identifier: GPL-2.0-or-later
// Files found where a link belongs: kept in /.pando/displaced before the link comes back.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>

namespace pando::cdsl {

// Gives the file at `path` a second name, PATH.LABEL.NUMBER with the first number that is free, and returns it: nothing
// is lost whenever power goes. The same file twice has one name.
Result<std::string> displace(int root, const std::filesystem::path& path, const std::string& label);

}  // namespace pando::cdsl
