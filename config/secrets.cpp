// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/secrets.h"

#include "config/schema.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <set>

namespace pando::config {
namespace {

constexpr size_t npos = std::string_view::npos;
constexpr size_t look_ahead = 256;  // bytes in which what follows a value is recognized
constexpr int look_back = 1000;     // lines in which the section of a key is looked for

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view line_at(std::string_view text, size_t begin) {
    return text.substr(begin, std::min(text.find('\n', begin), text.size()) - begin);
}

size_t indentation(std::string_view line) { return std::min(line.find_first_not_of(" \t\r"), line.size()); }
bool is_empty(std::string_view line) { return indentation(line) == line.size(); }

// Rows of the schema that only sound like it: corosync's token is a time, rescue's keys are public.
void collect(const std::vector<Description>& rows, const std::string& section,
             std::set<std::pair<std::string, std::string>>& out) {
    for (const Description& row : rows) {
        if (is_secret(row.key)) out.emplace(section, row.key);
        collect(row.below, row.key, out);
    }
}
bool is_row(const std::string& section, const std::string& key) {
    static const auto rows = [] {
        std::set<std::pair<std::string, std::string>> all;
        collect(describe(cluster_table()), "", all);
        return all;
    }();
    return rows.contains({section, key});
}

class Finder {
public:
    explicit Finder(std::string_view text) : text_(text) {}

    std::vector<Span> find() {
        for (size_t i = 0; i < text_.size(); ++i) {
            const char c = text_[i];
            if (c == '\n') {
                line_ = i + 1;
                remark_ = false;
                continue;
            }
            if (c == '#' && (i == line_ || is_blank(text_[i - 1]))) remark_ = true;
            if (!remark_ && (c == '{' || c == '[')) ++depth_;
            if (!remark_ && (c == '}' || c == ']') && depth_ > 0) --depth_;
            if ((c != ':' && c != '=') || !ends_secret_key(i)) continue;
            const Span value = c == ':' ? value_of_key(i + 1) : Span{i + 1, end_of_word(i + 1)};
            if (value.begin >= value.end) continue;
            spans_.push_back(value);
            i = value.end - 1;
            const size_t newline = text_.rfind('\n', i);
            line_ = newline == npos ? 0 : newline + 1;
        }
        return std::move(spans_);
    }

private:
    std::string_view text_;
    std::vector<Span> spans_;
    size_t line_ = 0;      // where the line begins
    size_t key_ = 0;       // where the last key begins
    size_t depth_ = 0;     // of brackets that are open
    bool remark_ = false;  // behind a #

    bool ends_secret_key(size_t at) {
        size_t end = at;
        while (end > line_ && is_blank(text_[end - 1])) --end;
        if (end > line_ && (text_[end - 1] == '"' || text_[end - 1] == '\'')) --end;
        size_t begin = end;
        while (begin > line_ && is_word(text_[begin - 1])) --begin;
        key_ = begin;
        const std::string key(text_.substr(begin, end - begin));
        return is_secret(key) && !is_row(section_of_key(), key);
    }

    static std::string word_before(std::string_view text, size_t end) {
        while (end > 0 && (is_blank(text[end - 1]) || text[end - 1] == ':')) --end;
        size_t begin = end;
        while (begin > 0 && is_word(text[begin - 1])) --begin;
        return std::string(text.substr(begin, end - begin));
    }

    // The key around it; "?" where that cannot be told.
    std::string section_of_key() const {
        const std::string_view before = text_.substr(line_, key_ - line_);
        size_t closed = 0;
        for (size_t i = before.size(); i > 0; --i) {
            if (before[i - 1] == '}') ++closed;
            if (before[i - 1] != '{') continue;
            if (closed == 0) return word_before(before, i - 1);
            --closed;
        }
        if (depth_ > 0 || before.find_first_not_of(" -") != npos) return "?";
        int lines = 0;
        for (size_t end = line_; end > 0;) {
            if (++lines > look_back) return "?";
            const size_t newline = end > 1 ? text_.rfind('\n', end - 2) : npos;
            const size_t begin = newline == npos ? 0 : newline + 1;
            const std::string_view line = text_.substr(begin, end - 1 - begin);
            end = begin;
            const size_t own = std::min(line.find_first_not_of(" -"), line.size());
            if (own == line.size() || line[own] == '#' || own >= before.size()) continue;
            const size_t colon = line.find(':', own);
            return colon == npos ? "?" : word_before(line, colon);
        }
        return before.empty() ? "" : "?";
    }

    // With nothing but a dash before it: then what is deeper than the key is its value.
    bool in_block() const {
        return depth_ == 0 && !remark_ && text_.substr(line_, key_ - line_).find_first_not_of(" -\"'") == npos;
    }

    // Behind the last line from `begin` on that is deeper than the key.
    size_t end_of_deeper(size_t begin) const {
        size_t end = begin > 0 ? begin - 1 : 0;
        while (begin < text_.size()) {
            const std::string_view line = line_at(text_, begin);
            if (!is_empty(line) && indentation(line) <= key_ - line_) break;
            begin += line.size() + 1;
            if (!is_empty(line)) end = begin - 1;
        }
        return std::min(end, text_.size());
    }

    Span value_of_key(size_t at) const {
        while (at < text_.size() && is_blank(text_[at])) ++at;
        const size_t begin = at;
        // What YAML allows in front of a value.
        while (at < text_.size() && (text_[at] == '!' || text_[at] == '&')) {
            while (at < text_.size() && !is_blank(text_[at]) && text_[at] != '\n') ++at;
            while (at < text_.size() && is_blank(text_[at])) ++at;
        }
        if (at >= text_.size() || text_[at] == '{') return {};
        if (text_[at] == '\n' || text_[at] == '#') return value_below(std::min(text_.find('\n', at), text_.size()));
        size_t end = end_of_scalar(at);
        if (remark_) end = std::min(end, at + line_at(text_, at).size());
        while (end > at && is_blank(text_[end - 1])) --end;
        return {begin, end};
    }

    // A value that begins in the next line; keys and lists are none.
    Span value_below(size_t newline) const {
        if (!in_block() || newline >= text_.size()) return {};
        size_t begin = newline + 1;
        while (begin < text_.size() && is_empty(line_at(text_, begin))) begin += line_at(text_, begin).size() + 1;
        if (begin >= text_.size()) return {};
        const std::string_view line = line_at(text_, begin);
        const size_t own = indentation(line);
        const std::string_view first = line.substr(own);
        const bool quoted = first[0] == '"' || first[0] == '\'';
        if (own <= key_ - line_ || first.starts_with("- ") || first == "-" || first[0] == '{' || first[0] == '[' ||
            (!quoted && (first.find(": ") != npos || first.ends_with(':'))))
            return {};
        return {begin + own, end_of_deeper(begin)};
    }

    // Behind a quoted value; where the quotes are not closed, everything.
    size_t end_of_quoted(size_t at) const {
        const char quote = text_[at];
        for (size_t i = at + 1; i < text_.size(); ++i) {
            if (quote == '"' ? text_[i] == '\\' : text_.substr(i, 2) == "''")
                ++i;
            else if (text_[i] == quote)
                return i + 1;
        }
        return text_.size();
    }

    // A comma and a bracket may belong to the value, unless it stands in brackets and more follows that is none.
    bool ends_plain(size_t at, size_t line_end) const {
        if (depth_ == 0 || std::string_view(",}]").find(text_[at]) == npos) return false;
        const std::string_view rest = text_.substr(at, std::min(line_end - at, look_ahead));
        const bool to_end = line_end - at <= look_ahead;
        if (rest[0] == '}' || rest[0] == ']') {
            const size_t next = std::min(rest.find_first_not_of("}] \t\r"), rest.size());
            return next == rest.size() ? to_end : rest[next] == ',' || rest[next] == '#';
        }
        size_t next = 1;
        while (next < rest.size() && is_blank(rest[next])) ++next;
        if (next == rest.size()) return to_end;
        if (rest[next] == '#') return true;
        if (rest[next] == '"' || rest[next] == '\'') ++next;
        while (next < rest.size() && (is_word(rest[next]) || rest[next] == '"' || rest[next] == '\'')) ++next;
        while (next < rest.size() && is_blank(rest[next])) ++next;
        return next < rest.size() && (rest[next] == ':' || rest[next] == '=');
    }

    size_t end_of_plain(size_t at) const {
        const size_t end = at + line_at(text_, at).size();
        for (size_t i = at; i < end; ++i)
            if (ends_plain(i, end) || (text_[i] == '#' && i > 0 && is_blank(text_[i - 1]))) return i;
        return in_block() ? std::max(end, end_of_deeper(end + 1)) : end;
    }

    size_t end_of_word(size_t at) const {
        while (at < text_.size() && !is_blank(text_[at]) && std::string_view("\n,]}").find(text_[at]) == npos) ++at;
        return at;
    }

    size_t end_of_scalar(size_t at) const {
        if (text_[at] == '"' || text_[at] == '\'') {
            const size_t end = end_of_quoted(at);
            // What stands behind it without a blank is a mistake, and no less secret.
            return std::string_view(" \t\r\n,}]").find(end < text_.size() ? text_[end] : '\n') != npos
                       ? end
                       : end_of_plain(end);
        }
        if ((text_[at] == '|' || text_[at] == '>') && depth_ == 0)
            return std::max(at + line_at(text_, at).size(), end_of_deeper(at + line_at(text_, at).size() + 1));
        return end_of_plain(at);
    }
};

class Mask {
public:
    std::string operator()(std::string_view text) {
        std::string out;
        size_t copied = 0;
        for (const Span& value : secret_spans(text)) {
            out += text.substr(copied, value.begin - copied);
            const std::string secret(text.substr(value.begin, value.end - value.begin));
            out += fmt::format("(secret {})", numbers_.emplace(secret, numbers_.size() + 1).first->second);
            copied = value.end;
        }
        return out += text.substr(copied);
    }

private:
    std::map<std::string, size_t> numbers_;
};

}  // namespace

std::vector<Span> secret_spans(std::string_view yaml) { return Finder(yaml).find(); }

std::pair<std::string, std::string> without_secrets(std::string_view before, std::string_view after) {
    Mask mask;
    auto shown_before = mask(before);
    return {std::move(shown_before), mask(after)};
}

}  // namespace pando::config
