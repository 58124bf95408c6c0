// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/yaml_text.h"

#include <algorithm>

namespace pando::config {
namespace {

using Json = nlohmann::ordered_json;
constexpr size_t none = std::string::npos;
constexpr std::string_view blanks = " \t\r\n";

// --- what is written -----------------------------------------------------------------------------------------------

std::string scalar_text(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string flow(const Json& value) {
    if (!value.is_structured()) return yaml_scalar(scalar_text(value));
    std::vector<std::string> parts;
    for (const auto& [key, item] : value.items())
        parts.push_back(value.is_object() ? yaml_scalar(key) + ": " + flow(item) : flow(item));
    return fmt::format("{}{}{}", value.is_object() ? "{" : "[", fmt::join(parts, ", "), value.is_object() ? "}" : "]");
}

// A key a line; a list of mappings, an item a line.
std::vector<std::string> block_lines(const Json& mapping) {
    std::vector<std::string> lines;
    for (const auto& [key, item] : mapping.items()) {
        const bool open = item.is_array() && !item.empty() && item.front().is_object();
        lines.push_back(yaml_scalar(key) + ":" + (open ? "" : " " + flow(item)));
        if (!open) continue;
        for (const Json& one : item) lines.push_back("  - " + flow(one));
    }
    return lines;
}

// The tree that a parser makes of it.
Value tree_of(const Json& value) {
    Value out;
    out.kind = value.is_object() ? Value::Kind::mapping : value.is_array() ? Value::Kind::list : Value::Kind::scalar;
    if (!value.is_structured()) out.text = scalar_text(value);
    for (const auto& [key, item] : value.items()) {
        if (value.is_object()) out.entries.push_back({key, {}, tree_of(item)});
        if (value.is_array()) out.items.push_back(tree_of(item));
    }
    return out;
}

bool says_the_same(const Value& one, const Value& other) {
    const auto same_entry = [](const Value::Entry& a, const Value::Entry& b) {
        return a.key == b.key && says_the_same(a.value, b.value);
    };
    return one.kind == other.kind && one.text == other.text &&
           std::equal(one.items.begin(), one.items.end(), other.items.begin(), other.items.end(), says_the_same) &&
           std::equal(one.entries.begin(), one.entries.end(), other.entries.begin(), other.entries.end(), same_entry);
}

// --- where things are in the text ----------------------------------------------------------------------------------

// A layout that is not understood ends the search. Whoever searches hands it on.
Failure beyond(std::string_view why) { return bad_input("{}", why); }

// Offsets are in bytes, and so are the parser's columns.
class Layout {
public:
    explicit Layout(std::string_view text) : text_(text) {
        starts_.push_back(text.starts_with("\xef\xbb\xbf") ? 3 : 0);  // a byte order mark is in no column
        for (size_t at = text.find('\n'); at != none; at = text.find('\n', at + 1)) starts_.push_back(at + 1);
    }

    size_t offset(Mark mark) const {
        const size_t line = static_cast<size_t>(std::max(mark.line, 1)) - 1;
        const size_t start = line < starts_.size() ? starts_[line] : text_.size();
        return std::min(text_.size(), start + static_cast<size_t>(std::max(mark.column, 1)) - 1);
    }
    size_t line_start(size_t at) const {
        const size_t before = at == 0 ? none : text_.rfind('\n', at - 1);
        return before == none ? starts_.front() : before + 1;
    }
    size_t next_line(size_t at) const {
        const size_t end = text_.find('\n', at);
        return end == none ? text_.size() : end + 1;
    }
    size_t column(size_t at) const { return at - line_start(at); }
    char at(size_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }
    bool is_flow(const Value& value) const {
        return value.kind != Value::Kind::scalar && (at(offset(value.mark)) == '{' || at(offset(value.mark)) == '[');
    }

    // Behind the last byte of the value.
    Result<size_t> end(const Value& value) const {
        const size_t begin = offset(value.mark);
        if (at(begin) == '&' || at(begin) == '!') return beyond("an anchor or a tag stands here");
        switch (value.kind) {
            case Value::Kind::null:
                return beyond("a value is missing here");
            case Value::Kind::scalar:
                return scalar_end(value, begin);
            case Value::Kind::mapping:
                if (is_flow(value)) return flow_end(begin);
                return value.entries.empty() ? beyond("an empty mapping") : end(value.entries.back().value);
            case Value::Kind::list:
                if (is_flow(value)) return flow_end(begin);
                return value.items.empty() ? beyond("an empty list") : end(value.items.back());
        }
        return beyond("what stands here is not known");
    }

    // The line behind a block and the comments that belong to it: those further in than `column`.
    Result<size_t> lines_end(size_t end, size_t column) const {
        size_t last = next_line(end);
        const std::string_view behind = text_.substr(end, last - end);
        if (const size_t word = behind.find_first_not_of(blanks); word != none && behind[word] != '#')
            return beyond("something else stands on the same line");
        for (size_t line = last; line < text_.size(); line = next_line(line)) {
            const size_t word = text_.find_first_not_of(blanks, line);
            if (word == none || text_[word] != '#' || this->column(word) <= column) break;
            line = word;
            last = next_line(word);
        }
        return last;
    }

    // The dash in front of an item of a block list.
    Result<size_t> dash(const Value& item) const {
        size_t at = offset(item.mark);
        while (at > 0) {
            const size_t line = line_start(at);
            std::string_view before = text_.substr(line, at - line);
            // Between the dash and its item may stand comments.
            if (const size_t word = before.find_first_not_of(' '); word != none && before[word] == '-') {
                const std::string_view rest = before.substr(word + 1);
                const size_t next = rest.find_first_not_of(blanks);
                if (next == none || rest[next] == '#') return line + word;
                return beyond("more than a dash stands in front of it");
            } else if (word != none && before[word] != '#' && before[word] != '\r') {
                return beyond("no dash stands in front of it");
            }
            if (line == 0 || line == starts_.front()) break;
            at = line - 1;
        }
        return beyond("no dash stands in front of it");
    }

private:
    Result<size_t> scalar_end(const Value& value, size_t begin) const {
        const char first = at(begin);
        if (first == '"' || first == '\'') return quoted_end(begin);
        if (first == '|' || first == '>') return beyond("a text over several lines stands here");
        if (text_.substr(begin, value.text.size()) != value.text)
            return beyond("a text over several lines stands here");
        return begin + value.text.size();
    }

    Result<size_t> quoted_end(size_t begin) const {
        const char quote = text_[begin];
        for (size_t at = begin + 1; at < text_.size(); ++at) {
            if (quote == '"' && text_[at] == '\\') {
                ++at;
            } else if (text_[at] == quote) {
                if (quote == '"' || this->at(at + 1) != quote) return at + 1;
                ++at;
            }
        }
        return beyond("quotes that do not end");
    }

    Result<size_t> flow_end(size_t begin) const {
        int depth = 0;
        bool token = true;  // a quote begins a text only where a word may begin
        for (size_t at = begin; at < text_.size(); ++at) {
            const char c = text_[at];
            if (token && (c == '"' || c == '\'')) {
                at = TRY(quoted_end(at)) - 1;
                token = false;
            } else if (c == '#' && at > 0 && blanks.find(text_[at - 1]) != none) {
                at = std::min(text_.find('\n', at), text_.size());
            } else if (c == '{' || c == '[') {
                ++depth;
                token = true;
            } else if (c == '}' || c == ']') {
                if (--depth == 0) return at + 1;
                token = false;
            } else if (c == ',' || c == ':') {
                token = true;
            } else if (blanks.find(c) == none) {
                token = false;
            }
        }
        return beyond("a bracket that does not end");
    }

    std::string_view text_;
    std::vector<size_t> starts_;
};

// --- the changes ---------------------------------------------------------------------------------------------------

struct Cut {
    size_t from = 0, to = 0;
    std::string with;
};

std::string line_end(std::string_view text) {
    const size_t at = text.find('\n');
    return at != none && at > 0 && text[at - 1] == '\r' ? "\r\n" : "\n";
}

// Whole lines, put where a line begins, or behind a last line that does not end.
Cut lines_at(std::string_view text, size_t at, size_t indent, const std::vector<std::string>& lines) {
    const std::string newline = line_end(text);
    const std::string margin(indent, ' ');
    std::string with = margin + fmt::format("{}", fmt::join(lines, newline + margin));
    if (at == text.size() && at > 0 && text[at - 1] != '\n')
        with = newline + with;
    else
        with += newline;
    return {at, at, with};
}

std::string applied(std::string_view text, const Cut& cut) {
    return fmt::format("{}{}{}", text.substr(0, cut.from), cut.with, text.substr(cut.to));
}

// Takes one of several out of a flow mapping or list, with one comma.
Cut flow_cut(const Layout& layout, size_t open, size_t before, size_t begin, size_t end, size_t next) {
    if (before != none) return {before, end, {}};  // from the end of the one before it: ", this"
    if (next != none) return {begin, next, {}};
    size_t close = end;
    while (layout.at(close) == ',' || blanks.find(layout.at(close)) != none) ++close;
    return {open + 1, close, {}};
}

Cut flow_addition(size_t open, size_t last_end, const std::string& what) {
    if (last_end == none) return {open + 1, open + 1, what};
    return {last_end, last_end, ", " + what};
}

Result<Cut> removed_entry(const Layout& layout, const Value& mapping, size_t place) {
    const auto& entries = mapping.entries;
    const size_t begin = layout.offset(entries[place].mark);
    const size_t end = TRY(layout.end(entries[place].value));
    const size_t next = place + 1 < entries.size() ? layout.offset(entries[place + 1].mark) : none;
    if (layout.is_flow(mapping)) {
        const size_t before = place > 0 ? TRY(layout.end(entries[place - 1].value)) : none;
        return flow_cut(layout, layout.offset(mapping.mark), before, begin, end, next);
    }
    if (entries.size() == 1) return beyond("it is the only key here");
    const size_t column = layout.column(begin);
    const size_t last = TRY(layout.lines_end(end, column));
    if (place == 0) return Cut{begin, next, {}};  // a dash may stand in front of it, so the next one takes its place
    return Cut{layout.line_start(begin), last, {}};
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
    constexpr std::string_view safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-";
    if (!text.empty() && text.find_first_not_of(safe) == none && text.front() != '-' && text != "null" &&
        text != "Null" && text != "NULL")
        return std::string(text);
    std::string out = "\"";
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

Result<YamlText> YamlText::parse(std::string text, std::string_view file_name) {
    Complaints complaints(file_name, text);
    auto root = parse_document(text, complaints);
    if (!root) return complaints.error();
    return YamlText(std::move(text), std::string(file_name), std::move(*root));
}

const Value* YamlText::find(const YamlPath& path) const {
    const Value* at = &root_;
    for (const auto& step : path) {
        if (const auto* key = std::get_if<std::string>(&step))
            at = at->find(*key);
        else
            at = std::get<size_t>(step) < at->items.size() ? &at->items[std::get<size_t>(step)] : nullptr;
        if (at == nullptr) return nullptr;
    }
    return at;
}

namespace {

// The same place in a copy of the tree.
Value& at_path(Value& root, const YamlPath& path) {
    Value* at = &root;
    for (const auto& step : path)
        at = std::holds_alternative<size_t>(step) ? &at->items[std::get<size_t>(step)]
                                                  : at->find(std::get<std::string>(step));
    return *at;
}

size_t place_of(const Value& mapping, std::string_view key) {
    const auto it = std::find_if(mapping.entries.begin(), mapping.entries.end(),
                                 [&](const Value::Entry& entry) { return entry.key == key; });
    return it == mapping.entries.end() ? none : static_cast<size_t>(it - mapping.entries.begin());
}

Result<Cut> put_cut(std::string_view text, const Value& mapping, size_t there, size_t behind, const std::string& key,
                    const Json& value) {
    const Layout layout(text);
    if (there != none) {
        const Value& old = mapping.entries[there].value;
        if (old.kind != Value::Kind::scalar || value.is_structured()) return beyond("more than one word stands here");
        return Cut{layout.offset(old.mark), TRY(layout.end(old)), flow(value)};
    }
    const std::string entry = yaml_scalar(key) + ": " + flow(value);
    if (layout.is_flow(mapping))
        return flow_addition(layout.offset(mapping.mark),
                             mapping.entries.empty() ? none : TRY(layout.end(mapping.entries[behind].value)), entry);
    if (mapping.entries.empty()) return beyond("there is no key here");
    const auto& before = mapping.entries[behind];
    const size_t column = layout.column(layout.offset(before.mark));
    return lines_at(text, TRY(layout.lines_end(TRY(layout.end(before.value)), column)), column, {entry});
}

Result<Cut> append_cut(std::string_view text, const Value& list, const Json& item) {
    const Layout layout(text);
    if (layout.is_flow(list))
        return flow_addition(layout.offset(list.mark), list.items.empty() ? none : TRY(layout.end(list.items.back())),
                             flow(item));
    if (list.items.empty()) return beyond("there is no item here");
    const size_t column = layout.column(TRY(layout.dash(list.items.back())));
    std::vector<std::string> lines = item.is_object() ? block_lines(item) : std::vector{flow(item)};
    for (size_t i = 0; i < lines.size(); ++i) lines[i].insert(0, i == 0 ? "- " : "  ");
    return lines_at(text, TRY(layout.lines_end(TRY(layout.end(list.items.back())), column)), column, lines);
}

Result<Cut> remove_item_cut(std::string_view text, const Value& list, size_t place) {
    const Layout layout(text);
    const auto& items = list.items;
    const size_t end = TRY(layout.end(items[place]));
    if (layout.is_flow(list))
        return flow_cut(layout, layout.offset(list.mark), place > 0 ? TRY(layout.end(items[place - 1])) : none,
                        layout.offset(items[place].mark), end,
                        place + 1 < items.size() ? layout.offset(items[place + 1].mark) : none);
    if (items.size() == 1) return beyond("it is the only item here");
    const size_t dash = TRY(layout.dash(items[place]));
    const size_t column = layout.column(dash);
    const size_t last = TRY(layout.lines_end(end, column));
    return Cut{layout.line_start(dash), last, {}};
}

}  // namespace

Result<> YamlText::accept(std::string text, const Value& meant, Mark at, std::string_view what) {
    Complaints complaints(file_name_, text);
    auto root = parse_document(text, complaints);
    if (!root || !says_the_same(*root, meant)) {
        return refusal(at, what, "the layout here is one it does not know");
    }
    text_ = std::move(text);
    root_ = std::move(*root);
    return {};
}

Failure YamlText::refusal(Mark at, std::string_view what, std::string_view why) const {
    Complaints here(file_name_, text_);
    here.add(at, fmt::format("cannot {} by program: {}", what, why), "make this change by hand");
    return here.error();
}

Result<> YamlText::put(const YamlPath& mapping, const std::string& key, const Json& value, std::string_view after) {
    const Value* place = find(mapping);
    const std::string what = fmt::format("set {}", key);
    if (place == nullptr || place->kind != Value::Kind::mapping)
        return bad_input("{}: nothing to {} in", file_name_, what).advise("add it by hand");
    const size_t there = place_of(*place, key);
    size_t behind = after.empty() ? none : place_of(*place, after);
    if (behind == none) behind = place->entries.empty() ? 0 : place->entries.size() - 1;
    const auto cut = put_cut(text_, *place, there, behind, key, value);
    if (!cut) return refusal(place->mark, what, cut.error().what);
    Value meant = root_;
    Value& target = at_path(meant, mapping);
    if (there != none)
        target.entries[there].value = tree_of(value);
    else
        target.entries.insert(
            target.entries.begin() + static_cast<std::ptrdiff_t>(target.entries.empty() ? 0 : behind + 1),
            {key, {}, tree_of(value)});
    return accept(applied(text_, *cut), meant, place->mark, what);
}

Result<> YamlText::remove(const YamlPath& mapping, const std::string& key) {
    const Value* place = find(mapping);
    const size_t there = place == nullptr ? none : place_of(*place, key);
    if (there == none) return {};
    const std::string what = fmt::format("remove {}", key);
    const Mark mark = place->entries[there].mark;
    const auto cut = removed_entry(Layout(text_), *place, there);
    if (!cut) return refusal(mark, what, cut.error().what);
    Value meant = root_;
    Value& target = at_path(meant, mapping);
    target.entries.erase(target.entries.begin() + static_cast<std::ptrdiff_t>(there));
    return accept(applied(text_, *cut), meant, mark, what);
}

Result<> YamlText::append(const YamlPath& list, const Json& item) {
    const Value* place = find(list);
    if (place == nullptr || place->kind != Value::Kind::list)
        return bad_input("{}: there is no list to add to", file_name_).advise("add it by hand");
    const auto cut = append_cut(text_, *place, item);
    if (!cut) return refusal(place->mark, "add to this list", cut.error().what);
    Value meant = root_;
    at_path(meant, list).items.push_back(tree_of(item));
    return accept(applied(text_, *cut), meant, place->mark, "add to this list");
}

Result<> YamlText::remove_item(const YamlPath& list, size_t there) {
    const Value* place = find(list);
    if (place == nullptr || there >= place->items.size())
        return bad_input("{}: there is no item {} to remove", file_name_, there + 1);
    const Mark mark = place->items[there].mark;
    const auto cut = remove_item_cut(text_, *place, there);
    if (!cut) return refusal(mark, "remove this item", cut.error().what);
    Value meant = root_;
    auto& items = at_path(meant, list).items;
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(there));
    return accept(applied(text_, *cut), meant, mark, "remove this item");
}

}  // namespace pando::config
