// SPDX-License-Identifier: GPL-2.0-or-later
// The orderly end of a node, run as /shutdown in the exit tree after systemd has stopped everything and pivoted here:
// unmount the root (which frees its lockspace), end dlm_controld, leave the cluster, power off. Each step is bounded,
// and past its bound the machine is reset: a node that hangs here would be fenced anyway, later and by surprise.
#pragma once

namespace pando::initrd {

// argv[1] is systemd's verb: reboot, poweroff, halt, kexec.
[[noreturn]] void exit_main(int argc, char** argv);

}  // namespace pando::initrd
