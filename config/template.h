// SPDX-License-Identifier: GPL-2.0-or-later
// Texts with {{variables}}: config/templates/NAME.in, embedded when Pando is built.
//
//   auto text = TRY(fill(*embedded_template("hosts"), {{"nodes", lines}}));
//
// Lines that begin with `##` explain the template to its reader and are left out.
#pragma once

#include "base/result.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pando::config {

std::optional<std::string_view> embedded_template(std::string_view name);

// A variable that is not given, or given and not used, is an error. What is put in is not looked at again.
Result<std::string> fill(std::string_view text, const std::map<std::string, std::string>& variables);

}  // namespace pando::config
