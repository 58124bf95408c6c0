// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/man.h"

#include "cli/program.h"

#include <fmt/format.h>

namespace pando::cli {
namespace {

// Text as roff wants it: a backslash is an escape, "-" a hyphen unless escaped, a dot in front a request.
std::string roff(std::string_view text) {
    std::string result;
    for (char c : text) {
        if (c == '\\') {
            result += "\\e";
        } else if (c == '-') {
            result += "\\-";
        } else {
            result += c;
        }
    }
    if (result.starts_with('.') || result.starts_with('\'')) result.insert(0, "\\&");
    return result;
}

// As a sentence; some of the table's lines are questions.
std::string sentence(std::string_view text) { return roff(text) + (text.ends_with('?') ? "" : "."); }

std::string default_of(const CLI::Option& option) {
    const std::string value = option.get_default_str();
    return value.empty() || value == "\"\"" ? "" : fmt::format(" Default: {}.", value);
}

// "--root TEXT", "NODE…"
std::string shape(const CLI::Option& option) {
    if (option.get_positional()) return option.get_name(true, false) + (option.get_items_expected_max() > 1 ? "…" : "");
    std::string text = option.get_name(false, true);
    if (option.get_items_expected_max() > 0) text += " " + option.get_type_name();
    return text;
}

std::string options_of(const CLI::App& app) {
    std::string text;
    for (const CLI::Option* option : options(app)) {
        if (option == app.get_help_ptr() && app.get_parent() != nullptr) continue;  // said once, for all
        text += fmt::format(".TP\n\\fB{}\\fR\n{}{}.{}\n", roff(shape(*option)), roff(option->get_description()),
                            option->get_required() ? " (required)" : "", roff(default_of(*option)));
    }
    return text;
}

}  // namespace

std::string man_page(const CLI::App& app) {
    constexpr std::string_view mark = ".\\\" COMMANDS\n";
    std::string page(man_template);
    std::string commands = ".SH OPTIONS\n" + options_of(app) + ".SH COMMANDS\n";
    for (const CLI::App* verb : verbs(app))
        commands += fmt::format(".SS pando {}\n{}\n{}", roff(path_of(*verb)), sentence(verb->get_description()),
                                options_of(*verb));
    const size_t at = page.find(mark);
    return page.replace(at, mark.size(), commands);
}

}  // namespace pando::cli
