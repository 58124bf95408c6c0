// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/template.h"

#include <set>

namespace pando::config {

Result<std::string> fill(std::string_view text, const std::map<std::string, std::string>& variables) {
    std::string out;
    std::set<std::string, std::less<>> used;
    while (!text.empty()) {
        const size_t end = text.find('\n');
        std::string_view line = text.substr(0, end == std::string_view::npos ? end : end + 1);
        text.remove_prefix(line.size());
        if (line.starts_with("##")) continue;
        for (size_t open = line.find("{{"); open != std::string_view::npos; open = line.find("{{")) {
            const size_t close = line.find("}}", open);
            if (close == std::string_view::npos) return fail("template: \"{}\" is not closed", line.substr(open));
            const std::string name(line.substr(open + 2, close - open - 2));
            const auto variable = variables.find(name);
            if (variable == variables.end()) return fail("template: unknown variable \"{}\"", name);
            used.insert(name);
            out += line.substr(0, open);
            out += variable->second;
            line.remove_prefix(close + 2);
        }
        out += line;
    }
    for (const auto& [name, value] : variables)
        if (!used.contains(name)) return fail("template: variable \"{}\" is not used", name);
    return out;
}

}  // namespace pando::config
