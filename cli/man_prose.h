// SPDX-License-Identifier: GPL-2.0-or-later
// The paragraphs of the manual page that speak of one command, for the page of that command: the prose is written once.
//
//   prose_of(man_template, "node replace", paths)   // roff, empty when nothing speaks of it
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pando::cli {

// A paragraph speaks of the commands that it or its example names (as `.B pando node replace`); one that names none
// goes on about those of the paragraph before it, up to the end of the section. `paths` are all commands.
std::string prose_of(std::string_view page, std::string_view path, const std::vector<std::string>& paths);

// A whole section with its head, empty when there is none: section_of(page, "EXIT STATUS").
std::string section_of(std::string_view page, std::string_view title);

}  // namespace pando::cli
