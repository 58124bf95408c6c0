// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/lock.h"

#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <climits>
#include <ctime>

namespace pando::cdsl {

namespace {

constexpr size_t line_limit = 4096;

Result<UniqueFd> open_lock(int root, const Guarded& guarded) {
    TRY(ensure_directory(root, pando_directory, 0755));
    const auto journal = TRY(ensure_directory(root, journal_directory, 0700));
    UniqueFd fd(openat(journal.get(), guarded.file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd.valid()) return fail_errno(errno, "opening /{}/{}", journal_directory, guarded.file);
    return fd;
}

// True when it is ours now.
Result<bool> try_lock(int fd) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK || errno == EINTR) return false;
    return fail_errno(errno, "locking /{}/lock", journal_directory);
}

Result<> sign(int fd, const Holder& who) {
    const std::string line = holder_line(who.filled());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, line.data(), line.size(), 0) == static_cast<ssize_t>(line.size()))
        return {};
    // The line is for those who wait: a full disk does not keep from changes that free some space.
    if (errno == ENOSPC || errno == EDQUOT) return {};
    return fail_errno(errno, "writing /{}/lock", journal_directory);
}

std::string description_of_holder(int fd) {
    std::array<char, line_limit> buffer;
    const ssize_t n = pread(fd, buffer.data(), buffer.size(), 0);
    const auto holder = parse_holder({buffer.data(), static_cast<size_t>(std::max<ssize_t>(n, 0))});
    if (!holder) return "somebody who did not sign";
    const int64_t seconds = std::max<int64_t>(0, time(nullptr) - holder->since);  // clocks of nodes may differ
    return fmt::format("{} ({}, process {}, since {} s)", holder->node, holder->command, holder->process, seconds);
}

}  // namespace

Holder Holder::filled() const {
    Holder all = *this;
    if (all.node.empty()) {
        std::array<char, HOST_NAME_MAX + 1> name{};
        (void)gethostname(name.data(), name.size() - 1);
        all.node = name.data();
    }
    if (all.process == 0) all.process = getpid();
    if (all.since == 0) all.since = time(nullptr);
    if (all.command.empty()) all.command = "pando";
    return all;
}

std::string holder_line(const Holder& holder) {
    return fmt::format("{} {} {} {}\n", holder.node, holder.process, holder.since, holder.command);
}

std::optional<Holder> parse_holder(std::string_view line) {
    line = line.substr(0, line.find('\n'));
    std::array<std::string_view, 3> words;
    for (std::string_view& word : words) {
        const size_t blank = line.find(' ');
        if (blank == std::string_view::npos || blank == 0) return std::nullopt;
        word = line.substr(0, blank);
        line.remove_prefix(blank + 1);
    }
    const auto process = whole_number<pid_t>(words[1]);
    const auto since = whole_number<int64_t>(words[2]);
    if (!process || !since || line.empty()) return std::nullopt;
    return Holder{std::string(words[0]), std::string(line), *process, *since};
}

// Whose name stands in the file holds it, or has died.
ChangeLock::~ChangeLock() {
    if (fd_.valid()) (void)!ftruncate(fd_.get(), 0);
}

Result<ChangeLock> ChangeLock::take(int root, const Holder& who, Deadline deadline, const Guarded& guarded) {
    UniqueFd fd = TRY(open_lock(root, guarded));
    bool told = false;
    while (!TRY(try_lock(fd.get()))) {
        if (deadline.passed())
            return fail("{} are being changed by {}", guarded.what, description_of_holder(fd.get()))
                .kind(ErrorKind::timeout)
                .advise("wait for that command to end; a dead node's lock is free when it was fenced");
        if (!told) log::info("waiting for {}, which changes {}", description_of_holder(fd.get()), guarded.what);
        told = true;
        // flock has no bound of its own, so the state is looked at again a few times a second.
        poll(nullptr, 0, deadline.capped(Milliseconds(100)).poll_timeout());
    }
    return signed_by(std::move(fd), who);
}

Result<std::optional<ChangeLock>> ChangeLock::take_now(int root, const Holder& who, const Guarded& guarded) {
    UniqueFd fd = TRY(open_lock(root, guarded));
    if (!TRY(try_lock(fd.get()))) return std::nullopt;
    return std::optional(TRY(signed_by(std::move(fd), who)));
}

Result<std::optional<std::string>> ChangeLock::held_by(int root, const Guarded& guarded) {
    const auto fd = open_beneath(root, std::filesystem::path(journal_directory) / guarded.file, O_RDONLY);
    if (!fd && fd.error().sys == ENOENT) return std::nullopt;
    if (!fd) return Failure(fd.error());
    if (flock(fd->get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;  // free again with the descriptor
    if (errno != EWOULDBLOCK && errno != EINTR)
        return fail_errno(errno, "looking at /{}/{}", journal_directory, guarded.file);
    return description_of_holder(fd->get());
}

Result<ChangeLock> ChangeLock::signed_by(UniqueFd fd, const Holder& who) {
    ChangeLock lock;
    lock.fd_ = std::move(fd);
    TRY(sign(lock.fd_.get(), who));
    return lock;
}

}  // namespace pando::cdsl
