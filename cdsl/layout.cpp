// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/layout.h"

#include "cdsl/beneath.h"

#include <iterator>

namespace pando::cdsl {
namespace fs = std::filesystem;

std::string target_of_link(const fs::path& path) {
    const fs::path relative = path.relative_path();
    std::string target;
    for (auto depth = std::distance(relative.begin(), relative.end()); depth > 1; --depth) target += "../";
    return target + local_directory + "/" + relative.string();
}

Result<LinkState> link_state(int root, const fs::path& path) {
    const auto st = TRY(stat_beneath(root, path));
    if (!st) return LinkState::absent;
    if (S_ISDIR(st->st_mode))
        return fail("{} is a directory, a link is for a single file", path.string())
            .advise("use mode bind for a directory");
    if (!S_ISLNK(st->st_mode)) return LinkState::other;
    const auto parent = TRY(open_parent(root, path));
    const auto text = TRY(link_text(parent.get(), path.filename()));
    return text == target_of_link(path) ? LinkState::ours : LinkState::other;
}

}  // namespace pando::cdsl
