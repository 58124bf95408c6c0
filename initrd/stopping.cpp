// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/stopping.h"

#include "base/fd.h"
#include "base/log.h"
#include "initrd/watch.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <csignal>
#include <filesystem>

namespace pando::initrd {
namespace {

Result<> wait_for_the_end() {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    const std::filesystem::path file = stopping_file;
    // The path to it leads through the root, which may be frozen by then.
    const UniqueFd directory(open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) return fail_errno(errno, "opening {}", file.parent_path().string());
    const std::string name = file.filename();
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) return fail_errno(errno, "locking memory");
    int told = 0;
    if (const int error = sigwait(&ends, &told); error != 0) return fail_errno(error, "waiting for the end");
    const UniqueFd made(openat(directory.get(), name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!made.valid()) return fail_errno(errno, "creating {}", stopping_file);
    return {};
}

}  // namespace

int stopping_main() {
    const auto done = wait_for_the_end();
    if (done) return 0;
    log::write(done.error());
    return 1;
}

}  // namespace pando::initrd
