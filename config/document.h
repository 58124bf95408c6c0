// SPDX-License-Identifier: GPL-2.0-or-later
// YAML text as a plain tree in which every value knows its line and column, and the list of what is wrong with it.
// The tree is bounded while it grows: size, depth, number of values; aliases are refused, so nothing expands.
//
//   Complaints complaints("cluster.yaml", text);
//   auto root = parse_document(text, complaints);
//   if (!root) return complaints.error();
#pragma once

#include "base/result.h"
#include "config/secrets.h"

#include <compare>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pando::config {

constexpr size_t value_limit = 250'000;  // values of one document
constexpr size_t complaint_limit = 50;   // what is shown; the rest is counted

struct Mark {
    int line = 1;  // both from 1; the column counts bytes, messages say characters (config/caret.h)
    int column = 1;
    auto operator<=>(const Mark&) const = default;
};

struct Value {
    enum class Kind { null, scalar, list, mapping };
    struct Entry;

    Kind kind = Kind::null;
    Mark mark;
    std::string text;            // of a scalar
    std::vector<Value> items;    // of a list
    std::vector<Entry> entries;  // of a mapping, in the file's order, keys unique

    const Value* find(std::string_view key) const;  // null when there is none, or when this is no mapping
    Value* find(std::string_view key);
    size_t count() const;  // values in it, itself included
};

struct Value::Entry {
    std::string key;
    Mark mark;  // of the key
    Value value;
};

// Collects what is wrong with one text. The same complaint about the same place is kept once.
class Complaints {
public:
    Complaints(std::string_view file_name, std::string_view text);

    // The line is quoted without what is secret in it, and so is what is said of a secret value.
    void add(Mark mark, std::string_view what, std::string_view advice);
    bool empty() const { return total_ == 0; }
    Failure error() const;  // all of them in the file's order, of kind bad_input

private:
    std::string file_name_;
    std::string_view text_;
    std::vector<std::string_view> lines_;
    std::optional<std::vector<Span>> secrets_;  // looked for at the first complaint
    std::vector<std::pair<Mark, std::string>> shown_;
    std::set<std::string> seen_;
    size_t total_ = 0;
};

// Nothing, and a complaint, when the text is no YAML or breaks a bound.
std::optional<Value> parse_document(std::string_view text, Complaints& complaints);

// "did you mean …" for a word that is none of `known`; else the list of them.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace pando::config
