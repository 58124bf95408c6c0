// SPDX-License-Identifier: GPL-2.0-or-later
// An XML document as a plain tree in which every element knows its line and what of it was looked at, so that whoever
// translates it can name what is left. Nothing is fetched and nothing expands: a document that declares entities is
// refused, and so is one that is too large or too deep.
//
//   const XmlElement root = TRY(parse_xml(text, "cluster.conf"));
//   const auto name = root.take("name");
//   for (const XmlElement* node : root.each("clusternode")) …
//   for (const auto& [line, what] : root.left()) …
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::nodes {

constexpr size_t xml_limit = 1U << 20U;  // bytes; a cluster.conf of 128 nodes has a tenth of that

class XmlElement {
public:
    std::string name;
    int line = 0;
    std::string text;  // between its tags, blanks around it cut off

    // The attribute, which is then dealt with; nothing: it has none.
    std::optional<std::string> take(std::string_view attribute) const;
    // Its attributes that were not taken yet; all are dealt with after it.
    std::vector<std::pair<std::string, std::string>> take_rest() const;
    // All of them, taken or not, which stays as it is.
    std::vector<std::pair<std::string, std::string>> all() const;
    // The elements of a name in it, which are then dealt with (not what is in them).
    std::vector<const XmlElement*> each(std::string_view name) const;
    // This with all in it needs no further look.
    void done() const;

    struct Left {
        int line = 0;
        std::string what;  // "<rm>", "votes=\"2\" of <clusternode>"
    };
    // What nobody took or went through. An element that was not looked at stands for all in it.
    std::vector<Left> left() const;

private:
    struct Attribute {
        std::string name, value;
        mutable bool taken = false;
    };
    std::vector<Attribute> attributes_;
    std::vector<XmlElement> children_;
    mutable bool taken_ = false;
    mutable bool text_taken_ = false;

    void collect(std::vector<Left>& out) const;
    friend struct XmlBuilder;
};

// `file_name` is only for messages. Errors are of kind bad_input, with line and column.
Result<XmlElement> parse_xml(std::string_view text, std::string_view file_name);

}  // namespace pando::nodes
