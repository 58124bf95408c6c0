// SPDX-License-Identifier: GPL-2.0-or-later
// Texts with {{variables}}: config/templates/NAME.in, embedded when Pando is built; a site may have its own in their
// place (config/site_templates.h).
//
//   auto text = TRY(fill(*embedded_template("hosts"), {{"nodes", lines}}, "hosts.in"));
//
// Lines that begin with `##` explain the template to its reader and are left out. A variable that is named in one is
// used: so a template says that it goes without it.
#pragma once

#include "base/result.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pando::config {

std::optional<std::string_view> embedded_template(std::string_view name);

using Variables = std::map<std::string, std::string>;

// refused: who writes a template is told what he left out. taken: who renders by one of another version of Pando, which
// may have had fewer variables, goes without.
enum class Unused { refused, taken };

// A variable that is not given, or given and not used, is an error, of kind bad_input and with line and column. What is
// put in is not looked at again. `file_name` is only for messages.
Result<std::string> fill(std::string_view text, const Variables& variables, std::string_view file_name,
                         Unused unused = Unused::refused);

}  // namespace pando::config
