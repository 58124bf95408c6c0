// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/text_diff.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstdint>
#include <vector>

namespace pando {
namespace {

constexpr size_t around = 3;                // lines of context
constexpr size_t table_limit = 16'000'000;  // cells; what differs more than that is shown as all gone, all new

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
    Lines lines;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
        lines.push_back(text.substr(at, end - at));
        at = end;
    }
    return lines;
}

struct Row {
    char sign = ' ';
    std::string_view line;
};

// The longest common subsequence of what is between the common begin and end.
void add_middle(const Lines& before, const Lines& after, size_t begin, size_t old_end, size_t new_end,
                std::vector<Row>& rows) {
    const size_t height = old_end - begin, width = new_end - begin;
    if ((height + 1) * (width + 1) > table_limit) {
        for (size_t i = begin; i < old_end; ++i) rows.push_back({'-', before[i]});
        for (size_t j = begin; j < new_end; ++j) rows.push_back({'+', after[j]});
        return;
    }
    std::vector<uint32_t> length((height + 1) * (width + 1));
    const auto at = [&](size_t i, size_t j) -> uint32_t& { return length[i * (width + 1) + j]; };
    for (size_t i = height; i-- > 0;)
        for (size_t j = width; j-- > 0;)
            at(i, j) =
                before[begin + i] == after[begin + j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
    size_t i = 0, j = 0;
    while (i < height || j < width) {
        if (i < height && j < width && before[begin + i] == after[begin + j]) {
            rows.push_back({' ', before[begin + i]});
            ++i, ++j;
        } else if (i < height && (j == width || at(i + 1, j) >= at(i, j + 1))) {
            rows.push_back({'-', before[begin + i++]});
        } else {
            rows.push_back({'+', after[begin + j++]});
        }
    }
}

std::vector<Row> compare(const Lines& before, const Lines& after) {
    const size_t shorter = std::min(before.size(), after.size());
    size_t begin = 0;
    while (begin < shorter && before[begin] == after[begin]) ++begin;
    size_t tail = 0;
    while (tail < shorter - begin && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
    std::vector<Row> rows;
    for (size_t i = 0; i < begin; ++i) rows.push_back({' ', before[i]});
    add_middle(before, after, begin, before.size() - tail, after.size() - tail, rows);
    for (size_t i = before.size() - tail; i < before.size(); ++i) rows.push_back({' ', before[i]});
    return rows;
}

// "3,7": the first line and how many; one alone is not counted, and of none the line before is told.
std::string range(size_t first, size_t count) {
    if (count == 1) return std::to_string(first + 1);
    return fmt::format("{},{}", count == 0 ? first : first + 1, count);
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, std::string_view name) {
    if (before == after) return {};
    const std::vector<Row> rows = compare(lines_of(before), lines_of(after));
    std::string out = fmt::format("--- {} as it is\n+++ {} as it will be\n", name, name);
    size_t old_line = 0, new_line = 0;  // of rows[at]
    for (size_t at = 0; at < rows.size();) {
        const size_t next = static_cast<size_t>(std::find_if(rows.begin() + static_cast<std::ptrdiff_t>(at), rows.end(),
                                                             [](const Row& row) { return row.sign != ' '; }) -
                                                rows.begin());
        if (next == rows.size()) break;
        const size_t first = std::max(at, next - std::min(next, around));
        old_line += first - at, new_line += first - at;
        size_t end = next, quiet = 0;  // a change within twice the context goes into the same part
        for (size_t i = next; i < rows.size() && quiet <= 2 * around; ++i) {
            quiet = rows[i].sign == ' ' ? quiet + 1 : 0;
            if (quiet == 0) end = i + 1;
        }
        end = std::min(rows.size(), end + around);
        std::string body;
        size_t old_count = 0, new_count = 0;
        for (size_t i = first; i < end; ++i) {
            body += fmt::format("{}{}", rows[i].sign, rows[i].line);
            if (!rows[i].line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
            if (rows[i].sign != '+') ++old_count;
            if (rows[i].sign != '-') ++new_count;
        }
        out += fmt::format("@@ -{} +{} @@\n{}", range(old_line, old_count), range(new_line, new_count), body);
        old_line += old_count, new_line += new_count;
        at = end;
    }
    return out;
}

}  // namespace pando
