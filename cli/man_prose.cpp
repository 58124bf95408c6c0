// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/man_prose.h"

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

namespace pando::cli {
namespace {

struct Section {
    std::string title;
    std::vector<std::string> paragraphs;  // lines with their line ends; the .PP between them left out
    std::string text;                     // head and all
};

std::vector<Section> sections(std::string_view page) {
    constexpr std::string_view head = ".SH ";
    std::vector<Section> result;
    std::istringstream lines{std::string(page)};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(head)) {
            std::string title = line.substr(head.size());
            std::erase(title, '"');
            result.push_back({.title = title, .paragraphs = {""}, .text = ""});
        }
        if (result.empty()) continue;
        Section& section = result.back();
        section.text += line + "\n";
        if (line.starts_with(head) || line.starts_with(".\\\"")) continue;
        // An example belongs to what introduces it.
        if (line == ".nf" && section.paragraphs.back().empty() && section.paragraphs.size() > 1) {
            section.paragraphs.pop_back();
            section.paragraphs.back() += ".PP\n";
        }
        if (line == ".PP")
            section.paragraphs.emplace_back();
        else
            section.paragraphs.back() += line + "\n";
    }
    return result;
}

// The words of a paragraph behind each "pando", markup removed: "node replace n7 --pending", …
std::vector<std::string> invocations(const std::string& paragraph) {
    std::vector<std::string> result;
    std::istringstream lines(paragraph);
    for (std::string line; std::getline(lines, line);) {
        std::erase(line, '"');
        std::erase(line, '\\');
        for (const std::string_view macro : {".BR ", ".B ", "    "})
            if (line.starts_with(macro)) line.erase(0, macro.size());
        constexpr std::string_view program = "pando ";
        if (line.starts_with(program)) result.push_back(line.substr(program.size()) + " ");
    }
    return result;
}

// The longest command that an invocation begins with; with its last word before punctuation: "chroot status,".
std::set<std::string> named(const std::string& paragraph, const std::vector<std::string>& paths) {
    std::set<std::string> result;
    for (const std::string& words : invocations(paragraph)) {
        const std::string* longest = nullptr;
        for (const std::string& path : paths) {
            const bool begins = words.starts_with(path) &&
                                std::string_view(" ,.;:)").find(words[path.size()]) != std::string_view::npos;
            if (begins && (longest == nullptr || path.size() > longest->size())) longest = &path;
        }
        if (longest != nullptr) result.insert(*longest);
    }
    return result;
}

}  // namespace

std::string prose_of(std::string_view page, std::string_view path, const std::vector<std::string>& paths) {
    // Of the program as a whole, or lists.
    constexpr std::array general = {"NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "FILES", "SEE ALSO"};
    std::string prose;
    for (const Section& section : sections(page)) {
        if (std::find(general.begin(), general.end(), section.title) != general.end()) continue;
        std::set<std::string> about;
        for (const std::string& paragraph : section.paragraphs) {
            if (auto names = named(paragraph, paths); !names.empty()) about = std::move(names);
            if (about.contains(std::string(path))) prose += ".PP\n" + paragraph;
        }
    }
    return prose;
}

std::string section_of(std::string_view page, std::string_view title) {
    for (const Section& section : sections(page))
        if (section.title == title) return section.text;
    return {};
}

}  // namespace pando::cli
