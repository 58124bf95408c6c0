// SPDX-License-Identifier: GPL-2.0-or-later
// A lock between programs on one machine: held as long as the object lives, freed by the kernel when its holder dies.
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/result.h"

#include <filesystem>

namespace pando {

class FileLock {
public:
    // Waits until the deadline; says once (info) that it waits, and for which process.
    static Result<FileLock> take(const std::filesystem::path& file, Deadline deadline);

    // Does anybody hold it now?
    static bool is_held(const std::filesystem::path& file);

private:
    UniqueFd fd_;
};

}  // namespace pando
