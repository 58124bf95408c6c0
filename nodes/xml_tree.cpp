// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/xml_tree.h"

#include "base/printable.h"

#include <libxml/parser.h>
#include <memory>

namespace pando::nodes {
namespace {

constexpr int depth_limit = 64;

struct FreeContext {
    void operator()(xmlParserCtxt* context) const { xmlFreeParserCtxt(context); }
};
struct FreeDocument {
    void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};

std::string text_of(const xmlChar* text) {
    return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);
}

std::string trimmed(const std::string& text) {
    constexpr const char* blanks = " \t\r\n";
    const size_t begin = text.find_first_not_of(blanks);
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// The first declaration ends the parsing, before anything could use it.
void refuse_entity(void* data, const xmlChar*, int, const xmlChar*, const xmlChar*, xmlChar*) {
    auto* context = static_cast<xmlParserCtxt*>(data);
    *static_cast<bool*>(context->_private) = true;
    xmlStopParser(context);
}

}  // namespace

struct XmlBuilder {
    static Result<XmlElement> build(const xmlNode* node, int depth, std::string_view file_name) {
        XmlElement out;
        out.name = text_of(node->name);
        out.line = static_cast<int>(xmlGetLineNo(node));
        if (depth > depth_limit)
            return bad_input("{}:{}: <{}> is more than {} deep", file_name, out.line, out.name, depth_limit)
                .advise("a cluster.conf is seven deep at most: is it one?");
        for (const xmlAttr* attribute = node->properties; attribute != nullptr; attribute = attribute->next) {
            const std::unique_ptr<xmlChar, decltype(xmlFree)> value(
                xmlNodeListGetString(node->doc, attribute->children, 1), xmlFree);
            out.attributes_.push_back({text_of(attribute->name), text_of(value.get())});
        }
        for (const xmlNode* child = node->children; child != nullptr; child = child->next) {
            if (child->type == XML_ELEMENT_NODE) out.children_.push_back(TRY(build(child, depth + 1, file_name)));
            if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
                out.text += text_of(child->content);
        }
        out.text = trimmed(out.text);
        return out;
    }
};

Result<XmlElement> parse_xml(std::string_view text, std::string_view file_name) {
    if (text.size() > xml_limit)
        return bad_input("{} has more than {} bytes", file_name, xml_limit)
            .advise("a cluster.conf is much smaller: is it one?");
    const std::unique_ptr<xmlParserCtxt, FreeContext> context(xmlNewParserCtxt());
    if (!context) return fail("no memory for reading {}", file_name);
    bool entities = false;
    context->_private = &entities;
    context->sax->entityDecl = refuse_entity;
    // Neither XML_PARSE_NOENT nor DTDLOAD: a DTD that the file names is not looked for.
    constexpr int options =
        XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    const std::unique_ptr<xmlDoc, FreeDocument> document(
        xmlCtxtReadMemory(context.get(), text.data(), static_cast<int>(text.size()), nullptr, nullptr, options));
    if (entities)
        return bad_input("{} declares entities, which are not gone into", file_name)
            .advise("write what they stand for in their places, and remove the <!ENTITY …> lines");
    const xmlNode* root = document ? xmlDocGetRootElement(document.get()) : nullptr;
    if (root == nullptr || context->wellFormed == 0) {
        const xmlError* error = xmlCtxtGetLastError(context.get());
        const std::string why = error == nullptr ? "it is empty" : printable(trimmed(error->message));
        return bad_input("{}:{}:{}: {}", file_name, error == nullptr ? 1 : error->line,
                         error == nullptr ? 1 : error->int2, why)
            .advise("it is no well-formed XML: mend it there; xmllint shows the place");
    }
    return XmlBuilder::build(root, 0, file_name);
}

std::optional<std::string> XmlElement::take(std::string_view attribute) const {
    for (const Attribute& one : attributes_)
        if (one.name == attribute) {
            one.taken = true;
            return one.value;
        }
    return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> XmlElement::take_rest() const {
    std::vector<std::pair<std::string, std::string>> out;
    for (const Attribute& one : attributes_) {
        if (!one.taken) out.emplace_back(one.name, one.value);
        one.taken = true;
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> XmlElement::all() const {
    std::vector<std::pair<std::string, std::string>> out;
    for (const Attribute& one : attributes_) out.emplace_back(one.name, one.value);
    return out;
}

std::vector<const XmlElement*> XmlElement::each(std::string_view wanted) const {
    std::vector<const XmlElement*> out;
    for (const XmlElement& child : children_)
        if (child.name == wanted) {
            child.taken_ = true;
            out.push_back(&child);
        }
    return out;
}

void XmlElement::done() const {
    taken_ = text_taken_ = true;
    for (const Attribute& one : attributes_) one.taken = true;
    for (const XmlElement& child : children_) child.done();
}

void XmlElement::collect(std::vector<Left>& out) const {
    for (const Attribute& one : attributes_)
        if (!one.taken) out.push_back({line, fmt::format("{} of <{}>", one.name, name)});
    if (!text.empty() && !text_taken_) out.push_back({line, fmt::format("the text in <{}>", name)});
    for (const XmlElement& child : children_) {
        if (child.taken_)
            child.collect(out);
        else
            out.push_back({child.line, fmt::format("<{}>", child.name)});
    }
}

std::vector<XmlElement::Left> XmlElement::left() const {
    std::vector<Left> out;
    collect(out);
    return out;
}

}  // namespace pando::nodes
