// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/process.h"

#include "base/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace pando {
namespace {

constexpr size_t output_limit = 16U << 20U;
constexpr int status_not_prepared = 126;
constexpr int status_not_executed = 127;
constexpr Milliseconds kill_grace = Milliseconds(500);

// A caller may have 0, 1 or 2 closed (process 1 without a console). A descriptor that lands there would be
// overwritten, or lost at exec, when the child's own three are put in place.
UniqueFd above_stdio(UniqueFd fd) {
    if (fd.get() < 0 || fd.get() > 2) return fd;
    return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
}

// Writes what the pipe takes; -1 and EPIPE when its reader is gone, without the signal that would end us.
ssize_t write_without_sigpipe(int fd, std::string_view data) {
    sigset_t pipe_signal;
    sigset_t before;
    sigset_t pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    const ssize_t n = write(fd, data.data(), data.size());
    const int err = errno;
    if (n < 0 && err == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
        const timespec now{};
        sigtimedwait(&pipe_signal, nullptr, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = err;
    return n;
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
    std::vector<std::string> result;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        std::string_view text = *entry;
        if (!added.contains(std::string(text.substr(0, text.find('='))))) result.emplace_back(text);
    }
    for (const auto& [name, value] : added) result.push_back(name + "=" + value);
    return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (auto& s : strings) result.push_back(s.data());
    result.push_back(nullptr);
    return result;
}

// The descriptors a child gets as 0, 1, 2; -1 keeps the parent's.
struct Stdio {
    int in = -1;
    int out = -1;
    int err = -1;
};

// What the child says when it could not become the program.
struct StartError {
    int err = 0;
    bool directory = false;  // the working directory was at fault, not the program
};

Result<pid_t> fork_exec(const Command& command, const Stdio& stdio) {
    if (command.argv.empty()) return fail("no program was named");
    auto program = TRY(find_program(command.argv[0]));
    std::vector<std::string> argv = command.argv;
    if (command.argv0) argv[0] = *command.argv0;
    std::vector<std::string> environment = merged_environment(command.env);
    std::vector<char*> argv_pointers = pointers(argv);
    std::vector<char*> environment_pointers = pointers(environment);

    auto report = TRY(make_pipe());  // closed by a successful exec

    const pid_t pid = fork();
    if (pid < 0) return fail_errno(errno, "starting {}", command.argv[0]);
    if (pid > 0) {
        report.write.reset();
        StartError error;
        ssize_t n = 0;
        while ((n = read(report.read.get(), &error, sizeof error)) < 0 && errno == EINTR) {
        }
        if (n != static_cast<ssize_t>(sizeof error)) return pid;
        waitpid(pid, nullptr, 0);
        if (error.directory)
            return fail_errno(error.err, "starting {} in {}", command.argv[0], command.directory.string());
        return fail_errno(error.err, "starting {}", program.string());
    }

    // In the child: nothing that allocates or takes a lock.
    if (stdio.in >= 0) dup2(stdio.in, 0);
    if (stdio.out >= 0) dup2(stdio.out, 1);
    if (stdio.err >= 0) dup2(stdio.err, 2);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    if (command.prepare && !command.prepare()) _exit(status_not_prepared);
    StartError error;
    error.directory = !command.directory.empty() && chdir(command.directory.c_str()) < 0;
    if (!error.directory) execve(program.c_str(), argv_pointers.data(), environment_pointers.data());
    error.err = errno;
    const ssize_t told = write(report.write.get(), &error, sizeof error);
    _exit(told < 0 ? status_not_prepared : status_not_executed);
}

std::string last_lines(const std::string& text) {
    constexpr size_t shown_bytes = 600;
    size_t end = text.find_last_not_of(" \n\t");
    if (end == std::string::npos) return {};
    std::string tail = text.substr(0, end + 1);
    if (tail.size() <= shown_bytes) return tail;
    tail = tail.substr(tail.size() - shown_bytes);
    while (!tail.empty() && (static_cast<unsigned char>(tail[0]) & 0xC0U) == 0x80U) tail.erase(0, 1);  // half a letter
    return "…" + tail;
}

// ": what it said", or nothing.
std::string quoted_end(const Finished& finished) {
    std::string said = last_lines(finished.err.empty() ? finished.out : finished.err);
    return said.empty() ? said : ": " + said;
}

// The process's children, and theirs, each held by a pidfd so that a number used again is never hit.
void add_descendants(pid_t pid, std::vector<UniqueFd>& found) {
    const std::string tasks = fmt::format("/proc/{}/task", pid);
    for (const std::string& task : list_directory(tasks).value_or(std::vector<std::string>())) {
        std::istringstream children(read_file(fmt::format("{}/{}/children", tasks, task)).value_or(""));
        for (pid_t child = 0; children >> child;) {
            UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
            if (!fd.valid()) continue;
            found.push_back(std::move(fd));
            add_descendants(child, found);
        }
    }
}

// Ends a program whose time is over with all it started: an agent's helper that goes on holding a device or a
// connection would spoil the next try.
void stop_with_descendants(Child& child) {
    std::vector<UniqueFd> descendants;
    add_descendants(child.pid(), descendants);
    (void)child.stop(kill_grace);
    for (const UniqueFd& fd : descendants) syscall(SYS_pidfd_send_signal, fd.get(), SIGKILL, nullptr, 0);
}

Result<UniqueFd> open_for_append(const std::filesystem::path& file) {
    UniqueFd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    if (!fd.valid()) return fail_errno(errno, "opening {}", file.string());
    return above_stdio(std::move(fd));
}

Result<UniqueFd> open_null() {
    UniqueFd fd(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "opening /dev/null");
    return above_stdio(std::move(fd));
}

// Reads what is there; false at the end of the stream. What is over the limit is read and dropped.
bool drain(int fd, std::string& into) {
    std::array<char, 65536> buffer;
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n < 0) return errno == EINTR || errno == EAGAIN;
    const size_t room = output_limit - std::min(output_limit, into.size());
    into.append(buffer.data(), std::min(static_cast<size_t>(n), room));
    return n > 0;
}

}  // namespace

Result<Pipe> make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return fail_errno(errno, "pipe");
    UniqueFd read(ends[0]);
    UniqueFd write(ends[1]);
    return Pipe{above_stdio(std::move(read)), above_stdio(std::move(write))};
}

Result<std::filesystem::path> find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) {
        if (access(name.c_str(), X_OK) == 0) return std::filesystem::path(name);
        return fail_errno(errno, "program {}", name);
    }
    const char* path = std::getenv("PATH");
    std::string search = path != nullptr ? path : "/usr/sbin:/usr/bin:/sbin:/bin";
    for (size_t begin = 0; begin <= search.size();) {
        const size_t end = std::min(search.find(':', begin), search.size());
        std::filesystem::path candidate = std::filesystem::path(search.substr(begin, end - begin)) / name;
        if (access(candidate.c_str(), X_OK) == 0) return candidate;
        begin = end + 1;
    }
    return fail("program {} is not installed (looked in {})", name, search)
        .advise(fmt::format("find its package with: apt-file search -x 'bin/{}$'", name));
}

std::string shown(const std::vector<std::string>& argv) {
    std::string text;
    for (const auto& word : argv) {
        if (!text.empty()) text += ' ';
        const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
            return std::isalnum(c) != 0 || std::strchr("_-./:=,@+%", c) != nullptr;
        });
        if (plain) {
            text += word;
            continue;
        }
        text += '\'';
        for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
        text += '\'';
    }
    return text;
}

std::string Finished::last_words() const {
    std::string_view text = err.empty() ? out : err;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    return std::string(text.substr(text.rfind('\n') + 1));
}

Result<Finished> run(const Command& command) {
    auto out = TRY(make_pipe());
    auto err = TRY(make_pipe());
    Pipe in;
    UniqueFd null;
    if (command.input.empty()) {
        null = TRY(open_null());
    } else {
        in = TRY(make_pipe());
    }
    const int child_in = command.input.empty() ? null.get() : in.read.get();
    const pid_t pid = TRY(fork_exec(command, {child_in, out.write.get(), err.write.get()}));
    auto child = TRY(Child::adopt(pid));
    out.write.reset();
    err.write.reset();
    in.read.reset();

    Finished finished;
    size_t written = 0;
    if (in.write.valid()) fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
    // Ends when the program has: a grandchild that keeps the pipes open must not hold us up.
    bool ended = false;
    while (!ended) {
        std::array<pollfd, 4> fds{pollfd{child.pidfd(), POLLIN, 0}, pollfd{out.read.get(), POLLIN, 0},
                                  pollfd{err.read.get(), POLLIN, 0}, pollfd{in.write.get(), POLLOUT, 0}};
        const int ready = poll(fds.data(), fds.size(), command.deadline.poll_timeout());
        if (ready < 0 && errno != EINTR) return fail_errno(errno, "waiting for {}", command.argv[0]);
        // Asked every time, for a program that never stops talking always has something ready.
        if (command.deadline.passed() && fds[0].revents == 0) {
            stop_with_descendants(child);
            return fail("{} did not end in time and was killed{}", shown(command.argv), quoted_end(finished))
                .kind(ErrorKind::timeout);
        }
        if (ready <= 0) continue;
        if (fds[1].revents != 0 && !drain(out.read.get(), finished.out)) out.read.reset();
        if (fds[2].revents != 0 && !drain(err.read.get(), finished.err)) err.read.reset();
        if (fds[3].revents != 0) {
            const ssize_t n = write_without_sigpipe(in.write.get(), std::string_view(command.input).substr(written));
            if (n > 0) written += static_cast<size_t>(n);
            if ((n < 0 && errno != EAGAIN && errno != EINTR) || written == command.input.size()) in.write.reset();
        }
        ended = (fds[0].revents & POLLIN) != 0;
    }
    for (auto* stream : {&out, &err}) {
        if (!stream->read.valid()) continue;
        fcntl(stream->read.get(), F_SETFL, O_NONBLOCK);
        std::string& into = stream == &out ? finished.out : finished.err;
        for (size_t before = into.size() + 1; before != into.size();) {
            before = into.size();
            if (!drain(stream->read.get(), into)) break;
        }
    }
    finished.status = TRY(child.wait(Deadline::after(Milliseconds(0))));
    return finished;
}

Result<Finished> run_ok(const Command& command) {
    auto finished = TRY(run(command));
    if (finished.ok()) return finished;
    return fail("{} ended with status {}{}", shown(command.argv), finished.status, quoted_end(finished));
}

Result<Child> Child::spawn(const Command& command) {
    auto null = TRY(open_null());
    UniqueFd output;
    if (command.output_file) output = TRY(open_for_append(*command.output_file));
    const int out = output.get();  // -1 without a file: ours
    return adopt(TRY(fork_exec(command, {null.get(), out, out})));
}

Result<Child> Child::adopt(pid_t pid) {
    Child child;
    child.pid_ = pid;
    child.pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!child.pidfd_.valid()) return fail_errno(errno, "watching process {}", pid);
    return child;
}

Result<int> Child::wait(Deadline deadline) {
    pollfd ended{pidfd_.get(), POLLIN, 0};
    for (;;) {
        const int ready = poll(&ended, 1, deadline.poll_timeout());
        if (ready > 0) break;
        if (ready < 0 && errno != EINTR) return fail_errno(errno, "waiting for process {}", pid_);
        if (ready == 0 && deadline.passed())
            return fail("process {} has not ended in time", pid_).kind(ErrorKind::timeout);
    }
    if (status_) return *status_;
    siginfo_t info{};
    while (waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) < 0) {
        // Somebody else's child: it has ended, its status is not ours to know.
        if (errno != EINTR) return 0;
    }
    status_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return *status_;
}

Result<bool> Child::stop(Milliseconds grace) {
    if (syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0) < 0 && errno == ESRCH) return true;
    if (wait(Deadline::after(grace))) return true;
    syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    (void)TRY(wait(Deadline::after(std::chrono::seconds(5))));
    return false;
}

bool Child::running() const {
    pollfd ended{pidfd_.get(), POLLIN, 0};
    return poll(&ended, 1, 0) == 0;
}

}  // namespace pando
