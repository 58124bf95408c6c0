// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded into a daemon that does not lock its own memory, as dlm_controld does not: whoever fences must not wait for
// its heap to come back from swap. corosync and iscsid lock theirs.
#include <sys/mman.h>
#include <unistd.h>
#include <cstdlib>

namespace {

__attribute__((constructor)) void lock_memory() {
    // Not into what the daemon starts: a fence agent would be locked whole, for nothing.
    unsetenv("LD_PRELOAD");
    // Page by page as they come: a thread's stack is 8 MB of which it uses little.
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) return;
    const char text[] = "pando-lock: this daemon's memory could not be locked and may go to swap\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
}

}  // namespace
