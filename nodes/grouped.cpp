// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/grouped.h"

#include "base/node_range.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::nodes {
namespace {

constexpr int not_reached = 255;

bool same(const Answer& one, const Answer& other) {
    return one.status == other.status && one.out == other.out && one.err == other.err && one.trouble == other.trouble;
}

std::string with_end(std::string text) {
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    return text;
}

}  // namespace

std::vector<Group> grouped(const std::vector<Answer>& answers) {
    std::vector<Group> groups;
    for (const Answer& answer : answers) {
        const auto group =
            std::find_if(groups.begin(), groups.end(), [&](const Group& one) { return same(one.answer, answer); });
        if (group == groups.end())
            groups.push_back({{answer.node}, answer});
        else
            group->nodes.push_back(answer.node);
    }
    return groups;
}

std::string to_text(const std::vector<Group>& groups) {
    std::string text;
    for (const Group& group : groups) {
        const Answer& answer = group.answer;
        std::string head = folded(group.nodes);
        if (group.nodes.size() > 1) head += fmt::format(" ({} nodes)", group.nodes.size());
        if (!answer.status)
            head += ": NOT DONE: " + answer.trouble;
        else if (*answer.status != 0)
            head += fmt::format(": status {}", *answer.status);
        text += fmt::format("--- {}\n", head);
        if (answer.status) text += with_end(answer.out) + with_end(answer.err);
    }
    return text;
}

std::string to_json(const std::vector<Group>& groups) {
    using nlohmann::json;
    json out = json::array();
    for (const Group& group : groups) {
        json one = {{"nodes", group.nodes}, {"out", group.answer.out}, {"err", group.answer.err}};
        if (group.answer.status)
            one["status"] = *group.answer.status;
        else
            one["trouble"] = group.answer.trouble;
        out.push_back(std::move(one));
    }
    return out.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

int status_of(const std::vector<Answer>& answers) {
    int highest = 0;
    for (const Answer& answer : answers) highest = std::max(highest, answer.status.value_or(not_reached));
    return highest;
}

}  // namespace pando::nodes
