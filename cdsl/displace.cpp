// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/displace.h"

#include "cdsl/beneath.h"
#include "cdsl/layout.h"

#include <fcntl.h>
#include <unistd.h>

namespace pando::cdsl {
namespace fs = std::filesystem;

Result<std::string> displace(int root, const fs::path& path, const std::string& label) {
    const auto parent = TRY(open_parent(root, path));
    const auto directory = TRY(open_beneath(root, displaced_directory, O_PATH | O_DIRECTORY));
    const auto original = TRY(stat_beneath(parent.get(), path.filename()));
    if (!original) return fail("{} went away meanwhile", path.string());
    for (int number = 1; number < 1000; ++number) {
        const std::string name = fmt::format("{}.{}.{}", flat_name(path), label, number);
        const std::string shown = fmt::format("/{}/{}", displaced_directory, name);
        if (linkat(parent.get(), path.filename().c_str(), directory.get(), name.c_str(), 0) == 0) {
            TRY(sync_filesystem(directory.get()));
            return shown;
        }
        if (errno != EEXIST) return fail_errno(errno, "keeping it as {}", shown);
        const auto taken = TRY(stat_beneath(directory.get(), name));
        if (taken && taken->st_ino == original->st_ino && taken->st_dev == original->st_dev) return shown;
    }
    return fail("/{} is full of it", displaced_directory).advise("look through that directory and empty it");
}

}  // namespace pando::cdsl
