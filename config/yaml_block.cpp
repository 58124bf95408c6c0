// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/yaml_block.h"

#include "config/yaml_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <sstream>
#include <vector>

namespace pando::config {
namespace {

using Json = nlohmann::ordered_json;
constexpr size_t width = 110;  // of a line; a flow mapping that would be longer becomes a block

std::string scalar(const Json& value) {
    return yaml_scalar(value.is_string() ? value.get<std::string>() : value.dump());
}

std::string flow(const Json& value) {
    if (!value.is_structured()) return scalar(value);
    std::vector<std::string> parts;
    for (const auto& [key, item] : value.items())
        parts.push_back(value.is_object() ? yaml_scalar(key) + ": " + flow(item) : flow(item));
    return fmt::format("{}{}{}", value.is_object() ? "{" : "[", fmt::join(parts, ", "), value.is_object() ? "}" : "]");
}

bool is_flat(const Json& value) {
    return std::none_of(value.begin(), value.end(), [](const Json& item) { return item.is_structured(); });
}

class Writer {
public:
    explicit Writer(const YamlComments& comments) : comments_(comments) {}

    // `lead`: what stands in front of the first key: "- " in a list.
    void mapping(const Json& value, size_t indent, const std::string& path, std::string lead = {}) {
        for (const auto& [key, item] : value.items()) {
            const std::string here = path.empty() ? key : path + "." + key;
            const std::string margin(indent - lead.size(), ' ');
            comment(here, indent);
            out_ += margin + lead + yaml_scalar(key) + ":";
            lead.clear();
            below(item, indent, here);
        }
    }
    std::string take() { return std::move(out_); }

private:
    const YamlComments& comments_;
    std::string out_;

    void comment(const std::string& path, size_t indent) {
        const auto it = comments_.find(path);
        if (it == comments_.end()) return;
        std::istringstream lines(it->second);
        for (std::string line; std::getline(lines, line);)
            out_ += std::string(indent, ' ') + (line.empty() ? "#" : "# " + line) + "\n";
    }

    bool fits(const std::string& text, size_t indent) const { return text.size() + indent <= width; }

    void below(const Json& item, size_t indent, const std::string& path) {
        constexpr size_t step = 2;
        if (!item.is_structured() || item.empty()) {
            out_ += " " + flow(item) + "\n";
        } else if (item.is_array() && is_flat(item)) {
            const std::string line = flow(item);
            if (fits(line, indent + path.size())) {
                out_ += " " + line + "\n";
                return;
            }
            out_ += "\n";
            for (const Json& one : item) out_ += std::string(indent + step, ' ') + "- " + scalar(one) + "\n";
        } else if (item.is_array()) {
            out_ += "\n";
            for (const Json& one : item) list_item(one, indent + step, path);
        } else if (const std::string line = flow(item);
                   indent >= 2 * step && is_flat(item) && fits(line, indent + 20)) {
            out_ += " " + line + "\n";
        } else {
            out_ += "\n";
            mapping(item, indent + step, path);
        }
    }

    void list_item(const Json& one, size_t indent, const std::string& path) {
        const std::string line = flow(one);
        if (!one.is_object() || one.empty() || (indent > 2 && fits(line, indent) && is_flat(one)))
            out_ += std::string(indent, ' ') + "- " + line + "\n";
        else
            mapping(one, indent + 2, path, "- ");
    }
};

}  // namespace

std::string yaml_block(const Json& mapping, const YamlComments& comments) {
    Writer writer(comments);
    writer.mapping(mapping, 0, "");
    return writer.take();
}

}  // namespace pando::config
