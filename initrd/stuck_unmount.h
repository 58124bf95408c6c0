// SPDX-License-Identifier: GPL-2.0-or-later
// Why an unmount of the shared root does not end: what the kernel is doing for it, which of its glocks are not at rest,
// and which answers of other nodes dlm waits for. For whoever reads the console of a node that had to reset itself.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace pando::initrd {

// The process's kernel functions, the innermost first: "gfs2_gl_hash_clear < gfs2_put_super < ...". The text is that of
// /proc/PID/stack (proc(5)). Empty: none.
std::string functions_of(std::string_view stack);

// Lines "G:" of a gfs2 glocks file (the kernel's Documentation/filesystems/gfs2-glocks.rst) whose glock is locked or
// being demoted (flags l, p), each with its holders that wait (flag W); at most so many lines.
std::vector<std::string> unrestful_glocks(std::string_view glocks, size_t most);

// All of it, as lines for the console.
std::vector<std::string> what_unmount_waits_for(pid_t unmounting);

}  // namespace pando::initrd
