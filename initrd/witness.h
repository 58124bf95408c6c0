// SPDX-License-Identifier: GPL-2.0-or-later
// A process that stands on the shared root on purpose: during a drill it writes there, and must be made to wait. It is
// started by the caller before the drill enters the chroot, since what runs there must not hold the root.
//
//   const Witness witness = TRY(Witness::start("/.pando/local"));
//   plan.witness_commands = witness.commands.get(); …
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <filesystem>

namespace pando::initrd {

struct Witness {
    UniqueFd commands;  // a byte: write now
    UniqueFd answers;   // an int for each: 0, or the errno of the write

    // It writes a file in this directory, which is gone when it ends; it ends when the commands do.
    static Result<Witness> start(const std::filesystem::path& directory);
};

}  // namespace pando::initrd
