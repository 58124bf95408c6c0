// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/secrets.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <map>

namespace pando::nodes {
namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

size_t indentation(std::string_view line) { return std::min(line.find_first_not_of(' '), line.size()); }

// Where the scalar that begins at `at` ends, in its own line or behind it.
size_t end_of_scalar(std::string_view text, size_t at, size_t line_start) {
    const char first = text[at];
    if (first == '"' || first == '\'') {
        for (size_t i = at + 1; i < text.size(); ++i) {
            const bool escaped = first == '"' ? text[i] == '\\' : text.substr(i, 2) == "''";
            if (escaped)
                ++i;
            else if (text[i] == first)
                return i + 1;
        }
        return text.size();
    }
    size_t end = std::min(text.find('\n', at), text.size());
    if (first != '|' && first != '>') {
        for (size_t i = at; i < end; ++i)
            if (text[i] == ',' || text[i] == '}' || (text[i] == '#' && text[i - 1] == ' ')) return i;
        return end;
    }
    // A block: all lines that are deeper than the key's.
    const size_t own = indentation(text.substr(line_start));
    while (end < text.size()) {
        const std::string_view next = text.substr(end + 1, text.find('\n', end + 1) - end - 1);
        if (next.find_first_not_of(' ') != std::string_view::npos && indentation(next) <= own) break;
        end += next.size() + 1;
    }
    return std::min(end, text.size());
}

class Mask {
public:
    std::string operator()(std::string_view text) {
        std::string out;
        size_t copied = 0, line_start = 0;
        for (size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\n') line_start = i + 1;
            if (text[i] != ':' || !ends_secret_key(text.substr(line_start, i - line_start))) continue;
            const size_t value = text.find_first_not_of(' ', i + 1);
            if (value == std::string_view::npos || value == i + 1 ||
                std::string_view("\n{#").find(text[value]) != std::string_view::npos)
                continue;
            size_t end = end_of_scalar(text, value, line_start);
            while (end > value && text[end - 1] == ' ') --end;
            out += text.substr(copied, value - copied);
            out += name_of(text.substr(value, end - value));
            copied = end;
            i = end - 1;
        }
        return out += text.substr(copied);
    }

private:
    static bool ends_secret_key(std::string_view line) {
        size_t end = line.size();
        if (end > 0 && (line[end - 1] == '"' || line[end - 1] == '\'')) --end;
        size_t begin = end;
        while (begin > 0 && is_word(line[begin - 1])) --begin;
        return is_secret(line.substr(begin, end - begin));
    }
    std::string name_of(std::string_view value) {
        const auto number = numbers_.emplace(std::string(value), numbers_.size() + 1).first->second;
        return fmt::format("(secret {})", number);
    }

    std::map<std::string, size_t> numbers_;
};

}  // namespace

bool is_secret(std::string_view option) {
    constexpr std::array<std::string_view, 5> words = {"pass", "secret", "token", "key", "community"};
    if (option.ends_with("_file")) return false;  // it names where the secret is
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return option.find(word) != std::string_view::npos; });
}

std::pair<std::string, std::string> without_secrets(std::string_view before, std::string_view after) {
    Mask mask;
    auto shown_before = mask(before);
    return {std::move(shown_before), mask(after)};
}

}  // namespace pando::nodes
