// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/man.h"

#include "cli/man_prose.h"
#include "cli/program.h"

#include <fmt/format.h>
#include <algorithm>
#include <cctype>

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

// "[OPTION]... NODE [WORD…]"
std::string synopsis_of(const CLI::App& verb) {
    std::string text = fmt::format(".B {}\n", roff("pando " + path_of(verb)));
    text += ".RI [ OPTION ]...\n";
    for (const CLI::Option* option : options(verb)) {
        if (!option->get_positional()) continue;
        text += option->get_required() ? fmt::format(".I {}\n", roff(shape(*option)))
                                       : fmt::format(".RI [ {} ]\n", roff(shape(*option)));
    }
    return text;
}

const CLI::App& program_of(const CLI::App& app) {
    const CLI::App* at = &app;
    while (at->get_parent() != nullptr) at = at->get_parent();
    return *at;
}

// The other verbs of its noun.
std::string neighbours_of(const CLI::App& verb) {
    std::string text;
    const CLI::App& noun = *verb.get_parent();
    if (noun.get_parent() == nullptr) return text;
    for (const CLI::App* other : verbs(noun))
        if (other != &verb) text += fmt::format(",\n.BR {} (8)", roff(man_name_of(*other)));
    return text;
}

}  // namespace

std::string man_name_of(const CLI::App& verb) {
    std::string name = "pando-" + path_of(verb);
    std::replace(name.begin(), name.end(), ' ', '-');
    return name;
}

std::string man_page_of(const CLI::App& verb) {
    const CLI::App& program = program_of(verb);
    std::vector<std::string> paths;
    for (const CLI::App* other : verbs(program)) paths.push_back(path_of(*other));
    const std::string name = man_name_of(verb);
    std::string title = name;
    std::transform(title.begin(), title.end(), title.begin(), [](unsigned char c) { return std::toupper(c); });
    std::string first = sentence(verb.get_description());
    if (!first.empty()) first[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(first[0])));

    std::string page = ".\\\" Made by: pando help man " + path_of(verb) + "\n";
    page += fmt::format(".TH {} 8 \"\" \"Pando\" \"System administration\"\n", roff(title));
    page += fmt::format(".SH NAME\n{} \\- {}\n", roff(name), roff(verb.get_description()));
    page += ".SH SYNOPSIS\n" + synopsis_of(verb);
    page += fmt::format(".SH DESCRIPTION\n{}\n{}", first, prose_of(man_template, path_of(verb), paths));
    page += ".SH OPTIONS\n" + options_of(verb) + options_of(program);
    page += section_of(man_template, "EXIT STATUS");
    page += fmt::format(".SH \"SEE ALSO\"\n.BR pando (8){}\n", neighbours_of(verb));
    return page;
}

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
