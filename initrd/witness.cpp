// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/witness.h"

#include "base/deadline.h"
#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <csignal>
#include <string_view>

namespace pando::initrd {
namespace {

constexpr const char* file_name = ".drill";
constexpr Milliseconds patience{20000};  // before the drill, when nothing holds the root
constexpr std::string_view content = "written in a drill (pando chroot drill)\n";

// To the disk, not into memory: that is what a suspended root makes wait.
int write_through(int fd) {
    if (pwrite(fd, content.data(), content.size(), 0) != static_cast<ssize_t>(content.size())) return errno;
    return fsync(fd) < 0 ? errno : 0;
}

[[noreturn]] void write_when_told(const std::filesystem::path& file, int commands, int answers) {
    setsid();                  // Ctrl-C is not for us
    signal(SIGPIPE, SIG_IGN);  // nor is it the end of us when nobody listens: there is a file to remove
    const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int result = fd < 0 ? errno : write_through(fd);
    for (char command = 0;;) {
        if (write(answers, &result, sizeof result) != sizeof result) break;
        if (read(commands, &command, 1) != 1) break;
        result = write_through(fd);
    }
    unlink(file.c_str());
    _exit(0);
}

}  // namespace

Result<Witness> Witness::start(const std::filesystem::path& directory) {
    auto commands = TRY(make_pipe());
    auto answers = TRY(make_pipe());
    const pid_t pid = fork();
    if (pid < 0) return fail_errno(errno, "fork");
    if (pid == 0) {
        commands.write.reset();
        answers.read.reset();
        write_when_told(directory / file_name, commands.read.get(), answers.write.get());
    }
    answers.write.reset();
    int result = 0;
    pollfd answered{answers.read.get(), POLLIN, 0};
    if (poll(&answered, 1, static_cast<int>(patience.count())) == 0)
        return fail("a write on the root was not over in {} s", patience.count() / 1000)
            .kind(ErrorKind::timeout)
            .advise("the root is frozen already: pando status --here");
    if (read(answers.read.get(), &result, sizeof result) != static_cast<ssize_t>(sizeof result))
        return fail("the process that writes on the root has died");
    if (result != 0) return fail_errno(result, "writing {}", (directory / file_name).string());
    return Witness{std::move(commands.write), std::move(answers.read)};
}

}  // namespace pando::initrd
