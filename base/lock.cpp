// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/lock.h"

#include "base/file.h"
#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

namespace pando {

Result<FileLock> FileLock::take(const std::filesystem::path& file, Deadline deadline) {
    FileLock lock;
    lock.fd_.reset(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock.fd_.valid()) return fail_errno(errno, "opening lock {}", file.string());
    bool told = false;
    while (flock(lock.fd_.get(), LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return fail_errno(errno, "locking {}", file.string());
        const std::string holder = read_line(file).value_or("?");
        if (deadline.passed())
            return fail("{} is held by process {}", file.string(), holder)
                .kind(ErrorKind::timeout)
                .advise("wait for that process to end, or end it");
        if (!told) log::info("waiting for process {}, which holds {}", holder, file.string());
        told = true;
        // flock has no bound of its own, so the state is looked at again a few times a second.
        poll(nullptr, 0, deadline.capped(Milliseconds(100)).poll_timeout());
    }
    const std::string pid = fmt::format("{}\n", getpid());
    if (ftruncate(lock.fd_.get(), 0) < 0 || pwrite(lock.fd_.get(), pid.data(), pid.size(), 0) < 0)
        return fail_errno(errno, "writing lock {}", file.string());
    return lock;
}

bool FileLock::is_held(const std::filesystem::path& file) {
    const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    return fd.valid() && flock(fd.get(), LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

}  // namespace pando
