// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/linked.h"

#include "cdsl/beneath.h"
#include "cdsl/layout.h"

namespace pando::cdsl {
namespace fs = std::filesystem;

std::string_view name_of(Linked linked) {
    switch (linked) {
        case Linked::ours:
            return "link in place";
        case Linked::replaced:
            return "link replaced";
        case Linked::late:
            return "not applied";
        case Linked::missing:
            return "link missing";
        case Linked::not_present:
            break;
    }
    return "not present";
}

Result<Linked> linked_not(const Survey& survey, const Rule& rule, bool there) {
    const bool made = rule.when == When::always ||
                      TRY(stat_beneath(survey.trees_fd(), fs::path(template_tree) / rule.path.relative_path()));
    if (there) return made ? Linked::replaced : Linked::late;
    return made ? Linked::missing : Linked::not_present;
}

Result<Linked> linked(const Survey& survey, const Rule& rule) {
    const LinkState state = TRY(link_state(survey.view(), rule.path));
    if (state == LinkState::ours) return Linked::ours;
    return linked_not(survey, rule, state == LinkState::other);
}

}  // namespace pando::cdsl
