// SPDX-License-Identifier: GPL-2.0-or-later
// Mounts between descriptors: what was checked is what is mounted, and no path is walked a second time.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <cstdint>

namespace pando::cdsl {

// Is it the top of something mounted?
Result<bool> is_mount_root(int fd);

// Takes the mount at `target`, and what is mounted in it, away for everybody who comes from now on; who has something
// open in it goes on with that. Nothing mounted there is no error.
Result<> detach(int target);

// Binds the directory `source` on `target` (both O_PATH); the same binding already there is left alone, another mount
// there is an Error.
Result<> bind_directory(int source, int target);

// A tmpfs on `target`, nosuid and nodev, with the target's own owner and permissions and at most a quarter of memory.
Result<> mount_tmpfs(int target);

// A view of the filesystem below `directory` without what is mounted over parts of it. It takes a privilege.
Result<UniqueFd> bare_view(int directory);

}  // namespace pando::cdsl
