// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/shared_root.h"

#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/mounts.h"

#include <fcntl.h>
#include <algorithm>

namespace pando::cdsl {
namespace fs = std::filesystem;

Result<SharedRoot> SharedRoot::seen_at(const fs::path& root) {
    SharedRoot shared;
    shared.path_ = root;
    shared.seen_.reset(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!shared.seen_.valid()) return fail_errno(errno, "opening {}", root.string());
    return shared;
}

Result<SharedRoot> SharedRoot::open(const fs::path& root) {
    auto shared = TRY(seen_at(root));
    auto bare = bare_view(shared.seen());
    if (!bare) return Failure(bare.error().context(root.string()));
    shared.bare_ = std::move(*bare);
    return shared;
}

Result<SharedRoot> SharedRoot::open_to_look(const fs::path& root) {
    auto shared = TRY(seen_at(root));
    auto bare = bare_view(shared.seen());
    shared.is_bare_ = static_cast<bool>(bare);
    shared.bare_ = bare ? std::move(*bare) : TRY(open_beneath(shared.seen(), "", O_PATH | O_DIRECTORY));
    return shared;
}

Result<std::vector<std::string>> SharedRoot::trees() const {
    const auto nodes = open_beneath(bare(), nodes_directory, O_PATH | O_DIRECTORY);
    if (!nodes && nodes.error().sys == ENOENT) return std::vector<std::string>{};
    if (!nodes) return Failure(nodes.error());
    auto names = TRY(names_in(nodes->get()));
    std::erase_if(names, [](const std::string& name) { return name.starts_with('.'); });
    return names;
}

Result<std::optional<std::string>> SharedRoot::local_node() const {
    const auto local = TRY(stat_beneath(seen(), local_directory));
    if (!local) return std::nullopt;
    for (const std::string& node : TRY(trees())) {
        const auto tree = TRY(stat_beneath(bare(), fs::path(nodes_directory) / node));
        if (tree && tree->st_dev == local->st_dev && tree->st_ino == local->st_ino) return node;
    }
    return std::nullopt;
}

}  // namespace pando::cdsl
