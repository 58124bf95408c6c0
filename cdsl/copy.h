// SPDX-License-Identifier: GPL-2.0-or-later
// Copies and removes trees by descriptor, without any program: it also runs as process 1 of the initramfs.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <functional>
#include <string>

namespace pando::cdsl {

// A name in a directory held by descriptor.
struct Entry {
    int directory;
    std::string name;
};

// Copies `from` to `to`, which must not be there yet, with all below it: content and holes, owner, permissions, times,
// extended attributes and ACLs, hard links within the tree, symlinks as they are, sockets left out (they are of a
// running program), other special files made anew. What lies on another filesystem is left out, its mount point is
// kept. A directory for which `hollow` says true (its path relative to `from`) is made without its content.
Result<> copy_tree(const Entry& from, const Entry& to,
                   const std::function<bool(const std::filesystem::path&)>& hollow = {});

// Owner, permissions, extended attributes, ACLs and times of one directory put on another, by descriptor (O_PATH will
// do). Pando's mark of a directory that is no content is not one of them.
Result<> copy_attributes(int from, int to);

// Removes the entry with all below it; does not cross into another filesystem. Nothing there is no error.
Result<> remove_tree(const Entry& entry);

}  // namespace pando::cdsl
