// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/releaser.h"

#include "base/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <array>
#include <csignal>

namespace pando::initrd {
namespace {

using std::chrono::seconds;

constexpr char ready = 'r';
constexpr char arm_clock = 'a';
constexpr char release_now = 'n';
constexpr char go_home = 'h';

// Between two looks at whether a release took, or was overtaken by a suspension that was under way.
constexpr Milliseconds look_again{100};

// In the process that releases.
class Watch {
public:
    Watch(const Hold& hold, Milliseconds time, int drill, int channel)
        : hold_(hold), time_(time), drill_(drill), channel_(channel) {}

    [[noreturn]] void run() {
        settle();
        if (send(channel_, &ready, 1, MSG_NOSIGNAL) != 1) _exit(1);
        wait_for_reason();
        const Milliseconds begun = since_boot();
        report(release_surely(hold_), begun);
        stay_until_drill_is_over();
        _exit(0);
    }

private:
    // A session of our own: a lost terminal is the drill's matter. Whoever wants memory takes it from others, and what
    // we run stays in it.
    void settle() {
        setsid();
        prctl(PR_SET_NAME, "pando-releaser");
        const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int fd = 0; fd < 3 && null >= 0; ++fd) dup2(null, fd);
        (void)write_existing("/proc/self/oom_score_adj", "-1000");
        if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) _exit(1);  // never ready, so nothing is suspended
        sigset_t ends;
        sigemptyset(&ends);
        for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) sigaddset(&ends, signal);
        sigprocmask(SIG_BLOCK, &ends, nullptr);
        signals_.reset(signalfd(-1, &ends, SFD_CLOEXEC));
    }

    void wait_for_reason() {
        Deadline deadline = Deadline::after(seconds(60));  // to be armed
        for (;;) {
            std::array<pollfd, 3> fds{pollfd{drill_, POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0},
                                      pollfd{channel_, POLLIN, 0}};
            if (poll(fds.data(), fds.size(), deadline.poll_timeout()) < 0 && errno != EINTR) return;
            if (fds[0].revents != 0) return because(Release::Why::drill_died);
            if (fds[1].revents != 0) return because(Release::Why::signal);
            if (deadline.passed()) return because(Release::Why::time_over);
            if (fds[2].revents == 0) continue;
            switch (next_command()) {
                case arm_clock:
                    deadline = Deadline::after(time_);
                    break;
                case release_now:
                    return because(Release::Why::asked);
                default:
                    return because(Release::Why::drill_died);
            }
        }
    }

    void because(Release::Why why) { why_ = why; }

    char next_command() const {
        char command = 0;
        return read(channel_, &command, 1) == 1 ? command : '\0';
    }

    void report(bool released, Milliseconds begun) const {
        const Release report{.why = why_, .released = released, .at = begun.count()};
        (void)!send(channel_, &report, sizeof report, MSG_NOSIGNAL);
    }

    // Its death is the last moment at which a suspend() of its can have taken hold.
    void stay_until_drill_is_over() {
        for (bool over = false; !over;) {
            std::array<pollfd, 2> fds{pollfd{drill_, POLLIN, 0}, pollfd{channel_, POLLIN, 0}};
            poll(fds.data(), fds.size(), static_cast<int>(look_again.count()));
            over = fds[0].revents != 0;
            if (!over && fds[1].revents != 0) {
                if (next_command() == go_home) return;
                channel_ = -1;  // closed: its death follows
            }
            if (hold_.suspended().value_or(false)) (void)hold_.resume();
        }
        (void)release_surely(hold_);
    }

    const Hold& hold_;
    Milliseconds time_;
    int drill_, channel_;
    UniqueFd signals_;
    Release::Why why_ = Release::Why::drill_died;
};

}  // namespace

const char* to_string(Release::Why why) {
    switch (why) {
        case Release::Why::time_over:
            return "its time was over";
        case Release::Why::asked:
            return "it was asked to";
        case Release::Why::signal:
            return "it was sent a signal";
        case Release::Why::drill_died:
            return "the drill died";
    }
    return "unknown";
}

bool release_surely(const Hold& hold) {
    const Deadline deadline = Deadline::after(seconds(5));
    for (;;) {
        const auto resumed = hold.resume();
        const auto suspended = hold.suspended();
        if (resumed && suspended && !*suspended) return true;
        if (deadline.passed()) return false;
        poll(nullptr, 0, static_cast<int>(look_again.count()));
    }
}

Result<Releaser> Releaser::start(const Hold& hold, Milliseconds time) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return fail_errno(errno, "socketpair");
    UniqueFd ours(ends[0]);
    UniqueFd its(ends[1]);
    const UniqueFd self(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
    if (!self.valid()) return fail_errno(errno, "watching the drill");
    const pid_t pid = fork();
    if (pid < 0) return fail_errno(errno, "starting the releaser");
    if (pid == 0) {
        ours.reset();
        Watch(hold, time, self.get(), its.get()).run();
    }
    its.reset();
    Releaser releaser(TRY(Child::adopt(pid)));
    releaser.channel_ = std::move(ours);
    char first = 0;
    pollfd event{releaser.channel_.get(), POLLIN, 0};
    if (poll(&event, 1, static_cast<int>(Milliseconds(seconds(10)).count())) != 1 ||
        read(releaser.channel_.get(), &first, 1) != 1 || first != ready)
        return fail("the process that releases the root was not ready in time");
    return releaser;
}

Releaser::~Releaser() {
    if (!channel_.valid()) return;
    say(go_home);
    (void)child_.wait(Deadline::after(seconds(2)));
}

Result<> Releaser::arm() const {
    if (!say(arm_clock)) return fail_errno(errno, "telling the releaser to begin");
    return {};
}

// One that has died is noticed by its report.
void Releaser::release() const { say(release_now); }

bool Releaser::say(char command) const { return send(channel_.get(), &command, 1, MSG_NOSIGNAL) == 1; }

std::optional<Release> Releaser::take_report() {
    Release report;
    if (read(channel_.get(), &report, sizeof report) == static_cast<ssize_t>(sizeof report)) return report;
    channel_.reset();
    return std::nullopt;
}

}  // namespace pando::initrd
