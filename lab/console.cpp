// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/console.h"

#include "base/fd.h"
#include "base/file.h"
#include "lab/wait.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>
#include <array>
#include <regex>

namespace pando::lab {
namespace {

constexpr char leave_key = 0x1d;  // Ctrl-]
constexpr size_t quoted_bytes = 800;

// Tells when something in the directory of a file changes: the file need not be there yet.
class DirectoryWatch {
public:
    static Result<DirectoryWatch> open(const std::filesystem::path& directory) {
        DirectoryWatch watch;
        watch.fd_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
        if (!watch.fd_.valid()) return fail_errno(errno, "inotify");
        if (inotify_add_watch(watch.fd_.get(), directory.c_str(), IN_CREATE | IN_MODIFY | IN_MOVED_TO) < 0)
            return fail_errno(errno, "watching {}", directory.string());
        return watch;
    }
    // Returns at a change, or at the deadline, or after a second: a signal must not be missed between two polls.
    void wait(Deadline deadline) const {
        pollfd change{fd_.get(), POLLIN, 0};
        poll(&change, 1, deadline.capped(std::chrono::seconds(1)).poll_timeout());
        std::array<char, 4096> events;
        while (read(fd_.get(), events.data(), events.size()) > 0) {
        }
    }

private:
    UniqueFd fd_;
};

// The terminal as it was, when this goes.
class RawTerminal {
public:
    RawTerminal() {
        if (tcgetattr(0, &before_) < 0) return;
        termios raw = before_;
        cfmakeraw(&raw);
        changed_ = tcsetattr(0, TCSANOW, &raw) == 0;
    }
    ~RawTerminal() {
        if (changed_) tcsetattr(0, TCSANOW, &before_);
    }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

private:
    termios before_{};
    bool changed_ = false;
};

// QEMU takes what was typed in pieces of a serial port's FIFO, and drops the rest when the socket just goes. So the
// end is announced, and QEMU closes when it has read up to there.
void hang_up(int fd) {
    const Deadline deadline = Deadline::after(std::chrono::seconds(2));
    shutdown(fd, SHUT_WR);
    std::array<char, 4096> buffer;
    for (pollfd ready{fd, POLLIN, 0}; poll(&ready, 1, deadline.poll_timeout()) > 0;)
        if (read(fd, buffer.data(), buffer.size()) <= 0) return;
}

}  // namespace

std::string plain_text(std::string_view console) {
    std::string text;
    for (size_t i = 0; i < console.size(); ++i) {
        const char c = console[i];
        if (c == '\x1b') {
            // ESC [ parameters, then one letter; ESC and one character otherwise.
            if (i + 1 < console.size() && console[i + 1] == '[') {
                i += 2;
                while (i < console.size() && (console[i] < '@' || console[i] > '~')) ++i;
            } else {
                ++i;
            }
            continue;
        }
        if (c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) text += c;
    }
    return text;
}

std::string last_line(std::string_view console) {
    const std::string text = plain_text(console);
    const size_t end = text.find_last_not_of(" \t\n");
    if (end == std::string::npos) return {};
    const size_t newline = text.rfind('\n', end);
    const size_t begin = newline == std::string::npos ? 0 : newline + 1;
    return text.substr(begin, end + 1 - begin);
}

uint64_t console_offset(const std::filesystem::path& log) {
    struct stat st {};
    return stat(log.c_str(), &st) == 0 ? static_cast<uint64_t>(st.st_size) : 0;
}

Result<> follow_console(const std::filesystem::path& log, uint64_t offset, Deadline deadline,
                        const std::function<Result<bool>(std::string_view)>& take) {
    const auto watch = TRY(DirectoryWatch::open(log.parent_path()));
    UniqueFd file;
    std::array<char, 65536> buffer;
    for (;;) {
        if (!file.valid()) file.reset(open(log.c_str(), O_RDONLY | O_CLOEXEC));
        ssize_t n = 0;
        if (file.valid()) n = pread(file.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (n < 0 && errno != EINTR) return fail_errno(errno, "reading {}", log.string());
        if (n > 0) {
            offset += static_cast<uint64_t>(n);
            if (!TRY(take({buffer.data(), static_cast<size_t>(n)}))) return {};
            continue;
        }
        TRY(check_interrupted());
        if (deadline.passed()) return fail("{} said no more", log.string()).kind(ErrorKind::timeout);
        watch.wait(deadline);
    }
}

Result<std::string> wait_for_console(const std::filesystem::path& log, const std::string& pattern, Deadline deadline,
                                     uint64_t offset) {
    std::regex wanted;
    try {
        wanted = std::regex(pattern, std::regex::extended | std::regex::optimize);
    } catch (const std::regex_error&) {
        return bad_input("'{}' is not a regular expression", pattern);
    }
    std::string unread;  // what came after the last complete line
    std::string recent;
    std::string found;
    const auto look = [&](std::string_view line) {
        const std::string text = plain_text(line);
        if (found.empty() && std::regex_search(text, wanted)) found = text;
        return !found.empty();
    };
    auto followed = follow_console(log, offset, deadline, [&](std::string_view said) -> Result<bool> {
        recent.append(said);
        if (recent.size() > quoted_bytes) recent.erase(0, recent.size() - quoted_bytes);
        unread.append(said);
        for (size_t end = unread.find('\n'); end != std::string::npos; end = unread.find('\n')) {
            if (look(std::string_view(unread).substr(0, end))) return false;
            unread.erase(0, end + 1);
        }
        // A prompt has no end of line.
        return !look(unread);
    });
    if (!followed && followed.error().kind == ErrorKind::timeout)
        return fail("'{}' did not appear on the console in time; its last words:\n{}", pattern, plain_text(recent))
            .kind(ErrorKind::timeout)
            .advise(fmt::format("the whole console is in {}", log.string()));
    TRY(std::move(followed));
    return found;
}

Result<> attach_console(const std::filesystem::path& socket_path) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (socket_path.native().size() >= sizeof to.sun_path) return bad_input("{} is too long", socket_path.string());
    socket_path.native().copy(to.sun_path, sizeof to.sun_path - 1);
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd.valid()) return fail_errno(errno, "socket");
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) < 0)
        return fail_errno(errno, "connecting to console {}", socket_path.string()).advise("is the blade switched on?");

    const RawTerminal raw;
    bool typing = true;
    std::array<char, 4096> buffer;
    for (;;) {
        std::array<pollfd, 2> fds{pollfd{fd.get(), POLLIN, 0}, pollfd{typing ? 0 : -1, POLLIN, 0}};
        if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return fail_errno(errno, "poll");
        if (fds[0].revents != 0) {
            const ssize_t n = read(fd.get(), buffer.data(), buffer.size());
            if (n <= 0) return {};  // the blade went off
            TRY(write_all(1, {buffer.data(), static_cast<size_t>(n)}));
        }
        if (fds[1].revents != 0) {
            const ssize_t n = read(0, buffer.data(), buffer.size());
            if (n <= 0) typing = false;  // end of a piped input: go on listening
            const std::string_view typed(buffer.data(), n > 0 ? static_cast<size_t>(n) : 0);
            const size_t leave = typed.find(leave_key);
            TRY(write_all(fd.get(), typed.substr(0, leave)));
            if (leave != std::string_view::npos) {
                hang_up(fd.get());
                return {};
            }
        }
    }
}

}  // namespace pando::lab
