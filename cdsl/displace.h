// SPDX-License-Identifier: GPL-2.0-or-later
// Files found where a link belongs: kept in /.pando/displaced.
#pragma once

#include "base/result.h"
#include "cdsl/apply.h"
#include "cdsl/copy.h"

#include <filesystem>
#include <functional>
#include <string>

namespace pando::cdsl {

// Gives the file at `path` a second name, PATH.LABEL.NUMBER with the first number that is free, and returns it: nothing
// is lost whenever power goes. The same file twice has one name.
Result<std::string> displace(int root, const std::filesystem::path& path, const std::string& label);

// Puts the link of `path` there. What stood there comes out in one exchange with it, so that whoever writes at that
// moment, on any node, loses nothing; it is kept as PATH.LABEL.NUMBER, and that name is returned. Empty when there was
// nothing, the link itself, or something `spare` says is to be had elsewhere. A directory stays where it is: an Error.
// Only one caller at a time may use a label.
Result<std::string> put_link(int root, const std::filesystem::path& path, const std::string& label,
                             const std::function<Result<bool>(const Entry&)>& spare = {},
                             const Checkpoint& checkpoint = {});

}  // namespace pando::cdsl
