// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/copies.h"

#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/seed.h"

#include <fcntl.h>
#include <algorithm>
#include <set>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

bool has_copies(const Rule* rule) { return rule != nullptr && (rule->mode == Mode::bind || rule->mode == Mode::link); }

Result<CopyOfNode> copy_in(const Survey& survey, const std::string& tree, const fs::path& path) {
    CopyOfNode copy{tree, path, fs::path("/") / nodes_directory / tree / path.relative_path(), std::nullopt};
    const fs::path inside = fs::path(tree) / path.relative_path();
    copy.stat = TRY(stat_beneath(survey.trees_fd(), inside));
    if (!copy.stat || !S_ISDIR(copy.stat->st_mode)) return copy;
    // A directory that is there for what lies below it is no copy.
    const auto directory = TRY(open_beneath(survey.trees_fd(), inside, O_PATH | O_DIRECTORY));
    if (TRY(is_marked_parent(directory.get()))) copy.stat.reset();
    return copy;
}

}  // namespace

Result<std::vector<CopyOfNode>> copies_of(const Survey& survey, const fs::path& path,
                                          const std::vector<std::string>& nodes, bool with_template) {
    const fs::path checked = TRY(checked_path(path.native()));
    std::vector<CopyOfNode> copies;
    for (const std::string& node : nodes)
        if (has_copies(rule_over(survey.rules_of(node), checked)))
            copies.push_back(TRY(copy_in(survey, node, checked)));
    if (copies.empty())
        return bad_input("{} is not private to {}", checked.string(),
                         nodes.size() == 1 ? nodes.front() : "any of these nodes")
            .advise(fmt::format("pando cdsl explain {} says what it is", checked.string()));
    if (with_template) copies.push_back(TRY(copy_in(survey, template_tree, checked)));
    return copies;
}

std::vector<fs::path> private_paths(const Survey& survey, const std::vector<std::string>& nodes) {
    std::set<fs::path> paths;
    for (const std::string& node : nodes)
        for (const Rule& rule : survey.rules_of(node))
            if (has_copies(&rule)) paths.insert(rule.path);
    return {paths.begin(), paths.end()};
}

}  // namespace pando::cdsl
