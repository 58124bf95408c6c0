// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/layout.h"

#include "cdsl/beneath.h"

#include <algorithm>
#include <iterator>

namespace pando::cdsl {
namespace fs = std::filesystem;

std::string target_of_link(const fs::path& path) {
    const fs::path relative = path.relative_path();
    std::string target;
    for (auto depth = std::distance(relative.begin(), relative.end()); depth > 1; --depth) target += "../";
    return target + local_directory + "/" + relative.string();
}

std::string flat_name(const fs::path& path) {
    constexpr size_t limit = 160;
    std::string name = path.relative_path().string();
    std::replace(name.begin(), name.end(), '/', '_');
    if (name.size() <= limit) return name;
    size_t end = limit;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80) --end;  // not within a character
    return name.substr(0, end);
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
