// SPDX-License-Identifier: GPL-2.0-or-later
// YAML text that is changed in one place while everything else, comments and layout too, stays byte for byte. After
// each change the text is parsed anew and must say exactly what was meant; a layout that is beyond it is refused, with
// the place to edit by hand, and nothing is changed.
//
//   auto yaml = TRY(YamlText::parse(text, "cluster.yaml"));
//   TRY(yaml.put({"nodes", 3, "machine"}, "serial", "CZ2950ABCD"));
//   return yaml.text();
#pragma once

#include "base/result.h"
#include "config/document.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pando::config {

// From the document's top: keys of mappings and places in lists.
using YamlPath = std::vector<std::variant<std::string, size_t>>;

class YamlText {
public:
    // Errors are of kind bad_input. `file_name` is only for messages.
    static Result<YamlText> parse(std::string text, std::string_view file_name);

    const std::string& text() const { return text_; }
    const Value& root() const { return root_; }
    const Value* find(const YamlPath& path) const;  // null when there is nothing

    // The key of the mapping: a scalar that is there gets the value, a missing one is added behind the key `after`
    // (or as the last). Values are scalars, or what is added is a JSON mapping or list, written in flow style.
    Result<> put(const YamlPath& mapping, const std::string& key, const nlohmann::ordered_json& value,
                 std::string_view after = {});
    // The key with its value and the comments inside it.
    Result<> remove(const YamlPath& mapping, const std::string& key);
    // At the end of the list. A mapping in a block list is written a key a line.
    Result<> append(const YamlPath& list, const nlohmann::ordered_json& item);
    // With the comments inside it; those above it stay.
    Result<> remove_item(const YamlPath& list, size_t place);

private:
    YamlText(std::string text, std::string file_name, Value root)
        : text_(std::move(text)), file_name_(std::move(file_name)), root_(std::move(root)) {}

    // Takes the new text when it says `meant`.
    Result<> accept(std::string text, const Value& meant, Mark at, std::string_view what);
    Failure refusal(Mark at, std::string_view what, std::string_view why) const;

    std::string text_;
    std::string file_name_;
    Value root_;
};

// A scalar as it is written on one line: plain where that is safe, else in double quotes.
std::string yaml_scalar(std::string_view text);

}  // namespace pando::config
