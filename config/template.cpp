// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/template.h"

#include "config/document.h"

#include <set>
#include <vector>

namespace pando::config {
namespace {

// The name between the braces, blanks around it cut off: {{ nodes }} is {{nodes}}.
std::string name_in(std::string_view braces) {
    const size_t begin = braces.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    return std::string(braces.substr(begin, braces.find_last_not_of(' ') - begin + 1));
}

std::vector<std::string> names_of(const Variables& variables) {
    std::vector<std::string> names;
    for (const auto& [name, value] : variables) names.push_back(name);
    return names;
}

}  // namespace

Result<std::string> fill(std::string_view text, const Variables& variables, std::string_view file_name, Unused unused) {
    Complaints complaints(file_name, text);
    std::string out;
    std::set<std::string, std::less<>> used;
    std::string_view rest = text;
    for (int number = 1; !rest.empty(); ++number) {
        const size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
        rest.remove_prefix(line.size());
        const bool remark = line.starts_with("##");
        size_t at = 0;
        for (size_t open = line.find("{{"); open != std::string_view::npos; open = line.find("{{", at)) {
            const size_t close = line.find("}}", open);
            const Mark mark{number, static_cast<int>(open) + 1};
            if (close == std::string_view::npos) {
                if (!remark) complaints.add(mark, "\"{{\" is not closed", "{{variable}}, on one line");
                break;
            }
            const std::string name = name_in(line.substr(open + 2, close - open - 2));
            const auto variable = variables.find(name);
            if (variable == variables.end() && !remark)
                complaints.add(mark, fmt::format("unknown variable \"{}\"", name),
                               suggestion(name, names_of(variables)));
            used.insert(name);
            if (!remark) out += line.substr(at, open - at);
            if (!remark && variable != variables.end()) out += variable->second;
            at = close + 2;
        }
        if (!remark) out += line.substr(at);
    }
    for (const auto& [name, value] : variables)
        if (unused == Unused::refused && !used.contains(name))
            complaints.add(
                {1, 1}, fmt::format("variable \"{}\" is not used", name),
                fmt::format("put {{{{{0}}}}} where it belongs, or a line \"## without {{{{{0}}}}}\" when you "
                            "mean to do without what cluster.yaml says",
                            name));
    if (!complaints.empty()) return complaints.error();
    return out;
}

}  // namespace pando::config
