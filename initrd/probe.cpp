// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/probe.h"

#include "base/file.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <climits>
#include <csignal>

namespace pando::initrd {
namespace {

constexpr char good = '+';
constexpr char bad = '-';
constexpr size_t most_bytes = PIPE_BUF;  // written at once, so that it comes whole

[[noreturn]] void answer_and_end(int pipe, pid_t asker, const std::function<Result<std::string>()>& ask) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != asker) _exit(1);
    constexpr int kept = 3;
    if (pipe != kept && dup3(pipe, kept, O_CLOEXEC) < 0) _exit(1);
    syscall(SYS_close_range, kept + 1, ~0U, 0);
    const auto answer = ask();
    std::string text = answer ? good + *answer : bad + answer.error().what;
    text.resize(std::min(text.size(), most_bytes));
    _exit(write_all(kept, text) ? 0 : 1);
}

}  // namespace

Result<Probe> Probe::start(const std::function<Result<std::string>()>& ask) {
    auto pipe = TRY(make_pipe());
    const Milliseconds begun = since_boot();
    const pid_t self = getpid();
    const pid_t pid = fork();
    if (pid < 0) return fail_errno(errno, "fork");
    if (pid == 0) answer_and_end(pipe.write.get(), self, ask);
    Probe probe;
    probe.child_ = TRY(Child::adopt(pid));
    probe.answer_pipe_ = std::move(pipe.read);
    probe.begun_ = begun;
    return probe;
}

Probe Probe::failed(const Error& error) {
    Probe probe;
    probe.begun_ = probe.ended_ = since_boot();
    probe.answer_ = Result<std::string>(Failure(error));
    return probe;
}

void Probe::take() {
    if (!answer_pipe_.valid()) return;
    std::array<char, most_bytes> text;
    const ssize_t n = read(answer_pipe_.get(), text.data(), text.size());
    ended_ = since_boot();
    answer_pipe_.reset();
    if (n > 0 && text[0] == good)
        answer_ = std::string(text.data() + 1, static_cast<size_t>(n - 1));
    else if (n > 0)
        answer_ = Result<std::string>(fail("{}", std::string_view(text.data() + 1, static_cast<size_t>(n - 1))));
    else
        answer_ = Result<std::string>(fail("the process that asked has died"));
    (void)child_.wait(Deadline::after(std::chrono::seconds(1)));
}

void Probe::end() {
    if (!answer_pipe_.valid()) return;
    answer_pipe_.reset();
    kill(child_.pid(), SIGKILL);
    (void)child_.wait(Deadline::after(std::chrono::seconds(1)));
}

}  // namespace pando::initrd
