// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/flat_yaml.h"

#include "base/printable.h"

#include <yaml-cpp/yaml.h>
#include <algorithm>
#include <array>
#include <cctype>

namespace pando::cdsl {

namespace {

constexpr size_t keys = 10;  // of a rule

template <typename Pairs>
auto found_in(const Pairs& pairs, std::string_view key) {
    return std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == key; });
}

// The lines that our writers make, and nothing that could mean something else in YAML.
class PlainLines {
public:
    explicit PlainLines(std::string_view text) : rest_(text) {}

    std::optional<FlatDocument> run() {
        while (next()) {
            if (!std::all_of(line_.begin(), line_.end(), is_printed)) return std::nullopt;
            if (line_.empty() || line_.front() == '#') continue;
            if (waiting_ && line_ == "  []") {  // how yaml-cpp writes an empty list
                waiting_ = false;
                list_ = nullptr;
                continue;
            }
            const bool good = line_.starts_with("  - ")   ? item(line_.substr(4))
                              : line_.starts_with("    ") ? more_of_item(line_.substr(4))
                                                          : top(line_);
            if (!good) return std::nullopt;
        }
        if (broken_ || waiting_ || document_.top.line == 0) return std::nullopt;
        return std::move(document_);
    }

private:
    bool next() {
        if (rest_.empty()) return false;
        const size_t end = rest_.find('\n');
        if (end == std::string_view::npos) {  // torn, or written by hand
            broken_ = true;
            return false;
        }
        line_ = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        ++number_;
        return true;
    }

    bool top(std::string_view line) {
        if (waiting_) return false;  // a key with neither value nor list is null
        list_ = nullptr;
        item_ = nullptr;
        if (document_.top.line == 0) document_.top.line = number_;
        if (line.ends_with(':')) {
            const std::string_view key = line.substr(0, line.size() - 1);
            if (!is_key(key)) return false;
            waiting_ = true;
            return begin_list(key);
        }
        const auto pair = value_of(line);
        if (!pair) {
            constexpr std::string_view empty = ": []";
            if (!line.ends_with(empty) || !is_key(line.substr(0, line.size() - empty.size()))) return false;
            if (!begin_list(line.substr(0, line.size() - empty.size()))) return false;
            list_ = nullptr;
            return true;
        }
        if (is_taken(pair->first)) return false;
        document_.top.values.push_back(*pair);
        return true;
    }

    bool begin_list(std::string_view key) {
        if (is_taken(key)) return false;
        list_ = &document_.lists.emplace_back(std::string(key), std::vector<FlatMap>{}).second;
        return true;
    }

    bool is_taken(std::string_view key) const {
        return document_.top.find(key) != nullptr || document_.list(key) != nullptr;
    }

    bool item(std::string_view text) {
        if (list_ == nullptr) return false;
        waiting_ = false;
        item_ = &list_->emplace_back();
        item_->line = number_;
        item_->values.reserve(keys);
        if (more_of_item(text)) {
            single_ = false;
            return true;
        }
        auto value = scalar(text);
        if (!value) return false;
        item_->values.emplace_back("", std::move(*value));
        single_ = true;
        return true;
    }

    bool more_of_item(std::string_view text) {
        if (item_ == nullptr || (single_ && !item_->values.empty())) return false;
        auto pair = value_of(text);
        if (!pair || item_->find(pair->first) != nullptr) return false;
        item_->values.push_back(std::move(*pair));
        return true;
    }

    static std::optional<std::pair<std::string, std::string>> value_of(std::string_view text) {
        const size_t colon = text.find(": ");
        if (colon == std::string_view::npos || !is_key(text.substr(0, colon))) return std::nullopt;
        auto value = scalar(text.substr(colon + 2));
        if (!value) return std::nullopt;
        return std::pair(std::string(text.substr(0, colon)), std::move(*value));
    }

    static bool is_printed(char c) { return c >= 0x20 && c < 0x7F; }

    static bool is_key(std::string_view text) {
        return !text.empty() && !is_null(text) &&
               std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
    }

    static bool is_null(std::string_view text) {
        constexpr std::array<std::string_view, 3> nulls = {"null", "Null", "NULL"};
        return std::find(nulls.begin(), nulls.end(), text) != nulls.end();
    }

    static std::optional<std::string> scalar(std::string_view text) {
        if (text.starts_with('"')) return quoted(text);
        const auto first = [](unsigned char c) { return std::isalnum(c) != 0 || c == '/'; };
        if (text.empty() || !first(static_cast<unsigned char>(text.front())) || text.back() == ' ' ||
            text.back() == ':' || is_null(text) || text.find(": ") != std::string_view::npos ||
            text.find(" #") != std::string_view::npos)
            return std::nullopt;
        return std::string(text);
    }

    // With no escapes but those of itself.
    static std::optional<std::string> quoted(std::string_view text) {
        std::string value;
        size_t at = 1;
        for (; at < text.size() && text[at] != '"'; ++at) {
            if (text[at] == '\\') {
                ++at;
                if (at == text.size() || (text[at] != '"' && text[at] != '\\')) return std::nullopt;
            }
            value += text[at];
        }
        if (at + 1 != text.size()) return std::nullopt;
        return value;
    }

    std::string_view rest_, line_;
    size_t number_ = 0;
    bool broken_ = false;
    bool waiting_ = false;  // for the first item of a list
    bool single_ = false;   // the item in hand is a single value
    FlatDocument document_;
    std::vector<FlatMap>* list_ = nullptr;
    FlatMap* item_ = nullptr;
};

size_t line_of(const YAML::Node& node) { return static_cast<size_t>(node.Mark().line + 1); }

Result<FlatMap> map_from(const YAML::Node& node) {
    FlatMap map{line_of(node), {}};
    if (node.IsScalar()) {
        map.values.emplace_back("", node.as<std::string>());
        return map;
    }
    if (!node.IsMap()) return bad_input("line {}: is neither a value nor a map of values", map.line);
    for (const auto& pair : node) {
        if (!pair.first.IsScalar()) return bad_input("line {}: a key is a single word", map.line);
        auto key = pair.first.as<std::string>();
        if (key.empty()) return bad_input("line {}: a key is empty", map.line);
        if (!pair.second.IsScalar()) return bad_input("line {}: {} is not a single value", map.line, key);
        if (map.find(key) != nullptr) return bad_input("line {}: {} is there twice", map.line, key);
        map.values.emplace_back(std::move(key), pair.second.as<std::string>());
    }
    return map;
}

Result<FlatDocument> document_from(const YAML::Node& node) {
    if (!node.IsMap()) return bad_input("is not a map");
    FlatDocument document;
    document.top.line = line_of(node);
    for (const auto& pair : node) {
        if (!pair.first.IsScalar()) return bad_input("line {}: a key is a single word", line_of(pair.first));
        auto key = pair.first.as<std::string>();
        const size_t line = line_of(pair.first);
        if (key.empty()) return bad_input("line {}: a key is empty", line);
        if (document.top.find(key) != nullptr || document.list(key) != nullptr)
            return bad_input("line {}: {} is there twice", line, key);
        if (pair.second.IsScalar()) {
            document.top.values.emplace_back(std::move(key), pair.second.as<std::string>());
            continue;
        }
        if (!pair.second.IsSequence()) return bad_input("line {}: {} is neither a value nor a list", line, key);
        std::vector<FlatMap> items;
        for (const auto& item : pair.second) items.push_back(TRY(map_from(item)));
        document.lists.emplace_back(std::move(key), std::move(items));
    }
    return document;
}

}  // namespace

const std::string* FlatMap::find(std::string_view key) const {
    const auto at = found_in(values, key);
    return at == values.end() ? nullptr : &at->second;
}

const std::vector<FlatMap>* FlatDocument::list(std::string_view key) const {
    const auto at = found_in(lists, key);
    return at == lists.end() ? nullptr : &at->second;
}

std::optional<FlatDocument> read_plain_lines(std::string_view text) { return PlainLines(text).run(); }

Result<FlatDocument> read_by_yaml_cpp(std::string_view text) {
    try {
        return document_from(YAML::Load(std::string(text)));
    } catch (const YAML::Exception& error) {
        return bad_input("{}", error.what());
    }
}

Result<FlatDocument> read_flat_yaml(std::string_view text) {
    if (auto plain = read_plain_lines(text)) return std::move(*plain);
    if (!is_utf8(text)) return bad_input("is not UTF-8");
    return read_by_yaml_cpp(text);
}

}  // namespace pando::cdsl
