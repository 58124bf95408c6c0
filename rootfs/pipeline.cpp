// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/pipeline.h"

#include "base/fd.h"
#include "base/process.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <array>
#include <csignal>
#include <deque>

namespace pando::rootfs {
namespace {

constexpr size_t kept_lines = 6;  // of complaints, for the error message
constexpr int ended_by_sigpipe = 128 + SIGPIPE;

Result<Child> start(const std::vector<std::string>& argv, int in, int out, int err) {
    Command command{.argv = argv};
    command.prepare = [in, out, err] {
        return (in < 0 || dup2(in, 0) >= 0) && (out < 0 || dup2(out, 1) >= 0) && dup2(err, 2) >= 0;
    };
    return Child::spawn(command);
}

// Cuts what was read into lines.
class Lines {
public:
    explicit Lines(const std::function<bool(std::string_view)>& on_line) : on_line_(on_line) {}

    void add(std::string_view text) {
        rest_ += text;
        for (size_t end; (end = rest_.find('\n')) != std::string::npos; rest_.erase(0, end + 1))
            take(std::string_view(rest_).substr(0, end));
    }
    std::string complaints() {
        if (!rest_.empty()) take(rest_);
        rest_.clear();
        return fmt::format("{}", fmt::join(kept_, "; "));
    }

private:
    void take(std::string_view line) {
        if (line.empty() || (on_line_ && !on_line_(line))) return;
        kept_.emplace_back(line);
        if (kept_.size() > kept_lines) kept_.pop_front();
    }
    const std::function<bool(std::string_view)>& on_line_;
    std::string rest_;
    std::deque<std::string> kept_;
};

// Until every program has closed its standard error, which it does by ending.
Result<> read_until_closed(int fd, Deadline deadline, Lines& lines) {
    std::array<char, 4096> buffer;
    for (;;) {
        pollfd readable{fd, POLLIN, 0};
        const int ready = poll(&readable, 1, deadline.poll_timeout());
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return fail_errno(errno, "poll");
        if (ready == 0 && deadline.passed()) return fail("not done in time").kind(ErrorKind::timeout);
        if (ready == 0) continue;
        const ssize_t n = read(fd, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "reading what programs said");
        if (n == 0) return {};
        lines.add({buffer.data(), static_cast<size_t>(n)});
    }
}

}  // namespace

Result<> run_pipeline(const std::vector<std::vector<std::string>>& programs, Deadline deadline,
                      const std::function<bool(std::string_view line)>& on_line) {
    auto err = TRY(make_pipe());
    std::vector<Child> children;
    const auto give_up = [&](const Error& error) {
        for (auto& child : children) (void)child.stop(Milliseconds(500));
        return Failure(error);
    };
    UniqueFd in;
    for (size_t i = 0; i < programs.size(); ++i) {
        Pipe next;
        if (i + 1 < programs.size()) {
            auto made = make_pipe();
            if (!made) return give_up(made.error());
            next = std::move(*made);
        }
        auto child = start(programs[i], in.get(), next.write.get(), err.write.get());
        if (!child) return give_up(child.error());
        children.push_back(std::move(*child));
        in = std::move(next.read);
    }
    in.reset();
    err.write.reset();

    Lines lines(on_line);
    if (auto read = read_until_closed(err.read.get(), deadline, lines); !read) {
        std::vector<std::string> names;
        for (const auto& argv : programs) names.push_back(shown(argv));
        return give_up(read.error().context(fmt::format("{}", fmt::join(names, " | "))));
    }
    // When one fails, those before it end by SIGPIPE: the cause is the one that did not.
    std::string broken;
    std::string cause;
    for (size_t i = 0; i < children.size(); ++i) {
        auto status = children[i].wait(deadline.capped(std::chrono::seconds(10)));
        if (!status) return give_up(status.error());
        if (*status == 0) continue;
        std::string& text = *status == ended_by_sigpipe ? broken : cause;
        if (text.empty()) text = fmt::format("{} ended with status {}", shown(programs[i]), *status);
    }
    if (cause.empty()) cause = broken;
    if (cause.empty()) return {};
    const std::string said = lines.complaints();
    return fail("{}{}{}", cause, said.empty() ? "" : ": ", said);
}

}  // namespace pando::rootfs
