// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded into a daemon that does not lock its own memory, as dlm_controld does not: whoever fences must not wait for
// its heap to come back from swap. corosync and iscsid lock theirs. And into sbd, which would overwrite its name:
// systemd spares at its end only what begins with '@'.
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cstdlib>
#include <cstring>

namespace {

void lock_memory() {
    // Page by page as they come: a thread's stack is 8 MB of which it uses little.
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) return;
    const char text[] = "pando-lock: this daemon's memory could not be locked and may go to swap\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
}

// The program gets copies of its words: a title that it writes over them stays where nobody looks. They live as long as
// it does.
void keep_name(int argc, char** argv) {
    for (int i = 0; i < argc; ++i)
        if (char* copy = strdup(argv[i]); copy != nullptr) argv[i] = copy;
}

// glibc gives a constructor what it gives main().
__attribute__((constructor)) void begin(int argc, char** argv) {
    keep_name(argc, argv);
    // Not into what the daemon starts: a fence agent would be locked whole, for nothing.
    unsetenv("LD_PRELOAD");
    lock_memory();
    // fork() gives a child no locks, and dlm_controld has one that starts its agents.
    pthread_atfork(nullptr, nullptr, lock_memory);
}

}  // namespace
