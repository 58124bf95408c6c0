// SPDX-License-Identifier: GPL-2.0-or-later
// The mount of the shared root, with the kernel's errors put into words: "too many users" means too few journals.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <utility>

namespace pando::initrd {

constexpr const char* mount_root_verb = "mount-root";

// Runs as a program of its own: DEVICE FILESYSTEM OPTIONS. What went wrong is on stderr, the advice on its last line.
int mount_root_main(int argc, char** argv);
std::pair<std::string, std::string> split_report(std::string_view report);

// The words for the errno of a failed mount; pure.
Error explain_mount_error(int sys, std::string_view device);

}  // namespace pando::initrd
