// SPDX-License-Identifier: GPL-2.0-or-later
// The process that tells the others how this node is, and hears how they are (pando-survival report). It lives in the
// chroot's namespace and reads what is in memory: a frozen root is what it tells of. Nothing depends on it.
#pragma once

namespace pando::initrd {

constexpr const char* reporter_name = "pando-report";

// By /run/pando/report-plan.json (report/plan.h), which whoever takes a description over writes. Until SIGTERM; then it
// says that this node has left. The exit status.
int reporter_main();

}  // namespace pando::initrd
