// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/document.h"

#include "config/caret.h"
#include "config/load.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>
#include <algorithm>
#include <array>
#include <sstream>
#include <unordered_set>

namespace pando::config {

const Value* Value::find(std::string_view key) const {
    for (const auto& entry : entries)
        if (entry.key == key) return &entry.value;
    return nullptr;
}

Value* Value::find(std::string_view key) {
    for (auto& entry : entries)
        if (entry.key == key) return &entry.value;
    return nullptr;
}

size_t Value::count() const {
    size_t sum = 1;
    for (const auto& item : items) sum += item.count();
    for (const auto& entry : entries) sum += entry.value.count();
    return sum;
}

// --- complaints ----------------------------------------------------------------------------------------------------

namespace {

constexpr size_t shown_width = 110;  // characters of a source line in a message

// A file's text must not steer the terminal it is shown on.
std::string printable(std::string_view text) {
    std::string out;
    for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return out;
}

// The start of a character at or before `at`; what begins inside one is not shown as half of it.
size_t character_start(std::string_view line, size_t at) {
    at = std::min(at, line.size());
    while (at > 0 && at < line.size() && (static_cast<unsigned char>(line[at]) & 0xc0U) == 0x80) --at;
    return at;
}

// A line as a message quotes it, and where in it the place is.
struct ShownLine {
    std::string text;
    size_t byte = 0;
    bool at_secret = false;  // the place is a secret value
};

ShownLine without(const std::vector<Span>& secrets, std::string_view line, size_t line_begin, size_t byte) {
    ShownLine shown;
    size_t copied = 0;
    std::optional<size_t> at;
    for (const Span& secret : secrets) {
        if (secret.end <= line_begin || secret.begin >= line_begin + line.size()) continue;
        size_t begin = std::max(secret.begin, line_begin) - line_begin;
        if (secret.begin < line_begin) begin = std::min(line.find_first_not_of(' '), line.size());
        const size_t end = std::min(secret.end - line_begin, line.size());
        if (begin >= end) continue;
        if (byte < begin && !at) at = shown.text.size() + byte - std::min(byte, copied);
        shown.text += line.substr(copied, begin - copied);
        if (byte >= begin && byte < end) at = shown.text.size(), shown.at_secret = true;
        shown.text += "(secret)";
        copied = end;
    }
    shown.byte = at.value_or(shown.text.size() + byte - std::min(byte, copied));
    shown.text += line.substr(copied);
    return shown;
}

// What is said of a secret value names it in quotes: `"VALUE": a fence option may hold no "`.
std::string without_quoted(std::string_view what) {
    const size_t begin = what.find('"');
    size_t end = std::max(what.rfind("\":") + 1, what.rfind("\" ") + 1);  // 0: there is none
    if (begin == std::string_view::npos || end-- == 0 || begin == end) return std::string(what);
    return fmt::format("{}(secret){}", what.substr(0, begin), what.substr(end + 1));
}

}  // namespace

Complaints::Complaints(std::string_view file_name, std::string_view text) : file_name_(file_name) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark is in no column
    text_ = text;
    size_t begin = 0;
    while (begin <= text.size()) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        lines_.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
}

void Complaints::add(Mark mark, std::string_view what, std::string_view advice) {
    if (shown_.size() >= complaint_limit) {
        ++total_;
        return;
    }
    // By the parser's own columns: nothing has to be counted for what was said before.
    if (!seen_.insert(fmt::format("{}:{}: {}", mark.line, mark.column, what)).second) return;
    const bool known = mark.line >= 1 && static_cast<size_t>(mark.line) <= lines_.size();
    const std::string_view line = known ? lines_[static_cast<size_t>(mark.line) - 1] : std::string_view();
    const size_t byte = static_cast<size_t>(std::max(mark.column, 1)) - 1;  // the parser counts bytes
    const size_t past = byte - std::min(byte, line.size());
    ++total_;
    if (!secrets_) secrets_ = secret_spans(text_);
    const ShownLine shown =
        known ? without(*secrets_, line, static_cast<size_t>(line.data() - text_.data()), byte) : ShownLine{};
    std::string text = fmt::format("{}:{}:{}: {}", file_name_, mark.line, characters(line.substr(0, byte)) + past + 1,
                                   printable(shown.at_secret ? without_quoted(what) : std::string(what)));
    if (known) {
        // A long line is shown from shortly before the place.
        const size_t from = shown.byte > shown_width - 20 ? character_start(shown.text, shown.byte - 40) : 0;
        const std::string_view rest = std::string_view(shown.text).substr(from);
        const std::string_view before = rest.substr(0, shown.byte - std::min(shown.byte, from));
        text += fmt::format("\n    {}\n    {:>{}}", printable(rest.substr(0, character_start(rest, shown_width))), "^",
                            width(printable(before)) + past + 1);
    }
    if (!advice.empty()) text += fmt::format("\n  advice: {}", printable(advice));
    shown_.emplace_back(mark, std::move(text));
}

Failure Complaints::error() const {
    auto ordered = shown_;
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const auto& one, const auto& other) { return one.first < other.first; });
    std::string what;
    for (const auto& [mark, text] : ordered) what += (what.empty() ? "" : "\n") + text;
    if (total_ > shown_.size()) what += fmt::format("\n… and {} more", total_ - shown_.size());
    return Failure(Error{std::move(what),
                         fmt::format("mend the {} named above; docs/cluster-yaml.md describes every key",
                                     total_ == 1 ? "place" : fmt::format("{} places", total_)),
                         ErrorKind::bad_input, 0});
}

// --- parsing -------------------------------------------------------------------------------------------------------

namespace {

Mark to_mark(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

struct Refused {  // thrown through yaml-cpp, which has no other way to be stopped
    Mark mark;
    std::string what;
    std::string advice;
};

// yaml-cpp's events become the tree; every bound is checked before anything is kept.
class Builder : public YAML::EventHandler {
public:
    Value root;

    void OnDocumentStart(const YAML::Mark& mark) override { root.mark = to_mark(mark); }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { place({.mark = to_mark(mark)}); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        throw Refused{to_mark(mark), "aliases (*name) are not taken here", "put what nodes share into a profile"};
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& text) override {
        refuse_tag(mark, tag);
        place({.kind = Value::Kind::scalar, .mark = to_mark(mark), .text = text});
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        refuse_tag(mark, tag);
        descend({.kind = Value::Kind::list, .mark = to_mark(mark)});
    }
    void OnSequenceEnd() override { ascend(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        refuse_tag(mark, tag);
        descend({.kind = Value::Kind::mapping, .mark = to_mark(mark)});
    }
    void OnMapEnd() override { ascend(); }

private:
    struct Level {
        Value value;
        std::optional<Value::Entry> pending;  // the key that waits for its value
        std::unordered_set<std::string> keys;
    };
    std::vector<Level> levels_;
    size_t values_ = 0;

    static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!")
            throw Refused{to_mark(mark), "YAML tags (!name) are not taken here", "remove the tag"};
    }

    void bound(Mark mark) {
        if (++values_ > value_limit)
            throw Refused{mark, fmt::format("more than {} values", value_limit), "this is no cluster description"};
    }

    void descend(Value value) {
        bound(value.mark);
        if (levels_.size() >= static_cast<size_t>(cluster_depth_limit))
            throw Refused{value.mark, fmt::format("nested more than {} deep", cluster_depth_limit),
                          "nothing in a cluster description is that deep: look for a bracket too many"};
        if (!levels_.empty() && levels_.back().value.kind == Value::Kind::mapping && !levels_.back().pending)
            throw Refused{value.mark, "a key must be a plain word", "write `key: value`"};
        levels_.push_back({std::move(value), std::nullopt, {}});
    }

    void ascend() {
        Value done = std::move(levels_.back().value);
        levels_.pop_back();
        keep(std::move(done));
    }

    void place(Value value) {
        bound(value.mark);
        keep(std::move(value));
    }

    void keep(Value value) {
        if (levels_.empty()) {
            root = std::move(value);
            return;
        }
        Level& level = levels_.back();
        if (level.value.kind == Value::Kind::list) {
            level.value.items.push_back(std::move(value));
        } else if (level.pending) {
            level.pending->value = std::move(value);
            level.value.entries.push_back(std::move(*level.pending));
            level.pending.reset();
        } else {
            if (value.kind != Value::Kind::scalar)
                throw Refused{value.mark, "a key must be a plain word", "write `key: value`"};
            if (!level.keys.insert(value.text).second)
                throw Refused{value.mark, fmt::format("\"{}\" is given twice in one mapping", value.text),
                              "keep one of them"};
            level.pending = Value::Entry{value.text, value.mark, {}};
        }
    }
};

}  // namespace

std::optional<Value> parse_document(std::string_view text, Complaints& complaints) {
    if (text.size() > cluster_file_limit) {
        complaints.add({}, fmt::format("{} bytes, the limit is {}", text.size(), cluster_file_limit),
                       "this is no cluster description");
        return std::nullopt;
    }
    if (const size_t at = text.find('\0'); at != std::string_view::npos) {
        const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
        complaints.add({static_cast<int>(line) + 1, 1}, "a NUL byte: this is no text", "save the file as UTF-8 text");
        return std::nullopt;
    }
    std::istringstream stream{std::string(text)};
    Builder builder;
    try {
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder) || builder.root.kind == Value::Kind::null) {
            complaints.add({}, "the file is empty", "begin with docs/examples/cluster.yaml");
            return std::nullopt;
        }
        Builder second;
        if (parser.HandleNextDocument(second)) {
            complaints.add(second.root.mark, "a second YAML document", "one file describes one cluster: remove `---`");
            return std::nullopt;
        }
    } catch (const Refused& refused) {
        complaints.add(refused.mark, refused.what, refused.advice);
        return std::nullopt;
    } catch (const YAML::Exception& error) {
        complaints.add(to_mark(error.mark), fmt::format("not valid YAML: {}", error.msg),
                       "look at this line and the one above it: indentation, a colon without a blank, open quotes");
        return std::nullopt;
    }
    return std::move(builder.root);
}

// --- did you mean --------------------------------------------------------------------------------------------------

namespace {

// Edits (insert, remove, replace, swap neighbours) between two words.
size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<size_t>> table(a.size() + 1, std::vector<size_t>(b.size() + 1));
    for (size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
    for (size_t j = 0; j <= b.size(); ++j) table[0][j] = j;
    for (size_t i = 1; i <= a.size(); ++i)
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t replaced = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
        }
    return table[a.size()][b.size()];
}

}  // namespace

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
    constexpr size_t longest = 64;
    std::string list;
    const std::string* best = nullptr;
    size_t best_distance = 0;
    for (const auto& name : known) {
        list += (list.empty() ? "" : ", ") + name;
        const size_t edits = distance(word.substr(0, longest), name);
        if (best == nullptr || edits < best_distance) best = &name, best_distance = edits;
    }
    if (best != nullptr && best_distance <= std::max<size_t>(1, best->size() / 3))
        return fmt::format("did you mean \"{}\"?", *best);
    return fmt::format("one of: {}", list);
}

}  // namespace pando::config
