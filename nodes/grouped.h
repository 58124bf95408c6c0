// SPDX-License-Identifier: GPL-2.0-or-later
// What many nodes answered, those together that answered the same.
//
//   for (const Group& group : grouped(answers)) fmt::print("{}: {}", folded(group.nodes), group.answer.out);
#pragma once

#include "nodes/remote.h"

namespace pando::nodes {

struct Group {
    std::vector<std::string> nodes;
    Answer answer;  // of each of them, but for its name
};

// In the order of their first nodes.
std::vector<Group> grouped(const std::vector<Answer>& answers);

std::string to_text(const std::vector<Group>& groups);
std::string to_json(const std::vector<Group>& groups);

// 0: all ended so. Else the status of those that failed, the highest where they differ; 255 when a node was not
// reached.
int status_of(const std::vector<Answer>& answers);

}  // namespace pando::nodes
