// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/process.h"

#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <chrono>
#include <csignal>
#include <sstream>

using namespace pando;
using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

Command shell(const std::string& script) { return {.argv = {"sh", "-c", script}, .deadline = Deadline::after(30s)}; }

bool alive(pid_t pid) {
    // A zombie has ended: its parent has only not looked yet.
    const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
    return stat && stat->find(") Z ") == std::string::npos;
}

TEST(Run, KeepsTheTwoOutputsApart) {
    auto done = run(shell("echo one; echo two >&2"));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(done->out, "one\n");
    EXPECT_EQ(done->err, "two\n");
    EXPECT_TRUE(done->ok());
}

TEST(Run, GivesTheExitStatusWithoutCallingItAnError) {
    auto done = run(shell("exit 3"));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(done->status, 3);
    EXPECT_FALSE(done->ok());
}

TEST(Run, ReportsASignalAs128Plus) {
    auto done = run(shell("kill -SEGV $$"));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(done->status, 128 + SIGSEGV);
}

TEST(Run, FeedsStandardInputLongerThanAPipe) {
    const std::string input(3U << 20U, 'x');
    auto done = run({.argv = {"cat"}, .input = input, .deadline = Deadline::after(30s)});
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(done->out.size(), input.size());
    EXPECT_EQ(done->out, input);
}

TEST(Run, GivesEmptyInputAsAnEndedOne) {
    auto done = run({.argv = {"cat"}, .deadline = Deadline::after(30s)});
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(done->out, "");
}

TEST(Run, SurvivesAProgramThatDoesNotReadItsInput) {
    const std::string input(3U << 20U, 'x');
    auto done = run({.argv = {"sh", "-c", "exec <&-; echo done"}, .input = input, .deadline = Deadline::after(30s)});
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(done->out, "done\n");
}

TEST(Run, KeepsABoundOfTheOutputAndReadsTheRestAway) {
    auto done = run(shell("head -c 20000000 /dev/zero; echo end >&2"));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(done->out.size(), 16U << 20U);
    EXPECT_EQ(done->err, "end\n");
}

TEST(Run, KillsAtTheDeadlineAndSaysWhatTheProgramSaidLast) {
    const Milliseconds begin = since_boot();
    auto done =
        run({.argv = {"sh", "-c", "echo stuck on the moon >&2; trap '' TERM; while :; do read x </dev/zero; done"},
             .deadline = Deadline::after(300ms)});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::timeout);
    EXPECT_THAT(done.error().what, HasSubstr("stuck on the moon"));
    EXPECT_LT(since_boot() - begin, 10s);
}

TEST(Run, KeepsTheDeadlineForAProgramThatNeverStopsTalking) {
    auto done = run({.argv = {"yes"}, .deadline = Deadline::after(200ms)});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::timeout);
}

TEST(Run, KillsWhatTheKilledProgramHadStarted) {
    auto directory = TemporaryDirectory::create("/tmp", "pando-test");
    ASSERT_TRUE(directory);
    const auto file = (directory->path() / "pid").string();
    auto done = run({.argv = {"sh", "-c", "sh -c 'echo $$ >\"$0\"; exec tail -f /dev/null' \"$0\" & wait", file},
                     .deadline = Deadline::after(1s)});
    ASSERT_FALSE(done);
    const auto pid = read_line(file);
    ASSERT_TRUE(pid) << pid.error().what;
    const Deadline deadline = Deadline::after(10s);
    while (alive(std::stoi(*pid)) && !deadline.passed()) poll(nullptr, 0, 10);
    EXPECT_FALSE(alive(std::stoi(*pid)));
}

TEST(Run, DoesNotWaitForAGrandchildThatKeepsThePipesOpen) {
    auto done = run(shell("tail -f /dev/null & echo $!"));
    ASSERT_TRUE(done) << done.error().what;
    const pid_t left = std::stoi(done->out);
    EXPECT_TRUE(alive(left));
    kill(left, SIGKILL);
}

TEST(Run, AddsToTheEnvironmentAndReplacesWhatIsThere) {
    setenv("PANDO_TEST_OLD", "old", 1);
    setenv("PANDO_TEST_KEPT", "kept", 1);
    auto done = run({.argv = {"sh", "-c", "echo $PANDO_TEST_OLD $PANDO_TEST_KEPT $PANDO_TEST_NEW"},
                     .env = {{"PANDO_TEST_OLD", "replaced"}, {"PANDO_TEST_NEW", "new"}}});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->out, "replaced kept new\n");
}

TEST(Run, StartsInTheDirectoryGiven) {
    auto done = run({.argv = {"pwd"}, .directory = "/usr/lib"});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->out, "/usr/lib\n");
}

TEST(Run, NamesADirectoryThatIsNotThere) {
    auto done = run({.argv = {"pwd"}, .directory = "/no/such/directory"});
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("/no/such/directory"));
    EXPECT_EQ(done.error().sys, ENOENT);
}

TEST(Run, NamesAProgramThatIsNotInstalledAndHowToFindIt) {
    auto done = run({.argv = {"pando-no-such-program"}});
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("pando-no-such-program is not installed"));
    EXPECT_THAT(done.error().advice, HasSubstr("apt-file"));
}

TEST(Run, CallsAProgramThatCannotBeExecutedAnError) {
    auto directory = TemporaryDirectory::create("/tmp", "pando-test");
    ASSERT_TRUE(directory);
    const auto program = directory->path() / "broken";
    ASSERT_TRUE(write_file_atomic(program, "#!/no/such/interpreter\n", 0755));
    auto done = run({.argv = {program.string()}});
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("broken"));
    EXPECT_EQ(done.error().sys, ENOENT);
}

TEST(Run, EndsWith126WhenPrepareRefuses) {
    auto done = run({.argv = {"true"}, .prepare = [] { return false; }});
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(done->status, 126);
}

TEST(Run, GivesTheProgramNoDescriptorOfOurs) {
    std::set<std::string> inherited;  // what whoever started this test left open without CLOEXEC
    for (const std::string& fd : list_directory("/proc/self/fd").value_or(std::vector<std::string>()))
        if ((fcntl(std::stoi(fd), F_GETFD) & FD_CLOEXEC) == 0) inherited.insert(fd);
    inherited.insert({"0", "1", "2"});
    const UniqueFd ours(open("/dev/null", O_RDONLY | O_CLOEXEC));
    auto done = run(shell("ls /proc/$$/fd"));
    ASSERT_TRUE(done);
    std::istringstream open_in_child(done->out);
    for (std::string fd; open_in_child >> fd;) EXPECT_TRUE(inherited.contains(fd)) << fd;
}

// Process 1 of an initramfs may have no console, hence none of its own three.
TEST(Run, WorksInAProcessWithoutStandardDescriptors) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        for (int fd = 0; fd < 3; ++fd) close(fd);
        auto done = run({.argv = {"sh", "-c", "cat; echo err >&2"}, .input = "in"});
        _exit(done && done->out == "in" && done->err == "err\n" ? 0 : 1);
    }
    int raw = 0;
    ASSERT_EQ(waitpid(child, &raw, 0), child);
    EXPECT_TRUE(WIFEXITED(raw) && WEXITSTATUS(raw) == 0);
}

TEST(RunOk, QuotesTheEndOfWhatAFailedProgramSaid) {
    auto done = run_ok(shell("echo the lock table is wrong >&2; exit 32"));
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, EndsWith("ended with status 32: the lock table is wrong"));
}

TEST(RunOk, QuotesOnlyTheEndOfALongStoryAndNoHalfLetter) {
    auto done = run_ok(shell("for i in $(seq 400); do printf 'ä'; done; echo last; exit 1"));
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, EndsWith("last"));
    EXPECT_THAT(done.error().what, HasSubstr(": …ä"));
}

TEST(Child, IsShownUnderTheNameThatSystemdSpares) {
    auto child = Child::spawn({.argv = {"tail", "-f", "/dev/null"}, .argv0 = "@tail"});
    ASSERT_TRUE(child) << child.error().what;
    EXPECT_TRUE(child->running());
    EXPECT_THAT(read_file(fmt::format("/proc/{}/cmdline", child->pid())).value_or(""), StartsWith("@tail"));
    EXPECT_TRUE(child->stop(5s).value_or(false));
    EXPECT_FALSE(child->running());
}

TEST(Child, KeepsItsStatusForASecondQuestion) {
    auto child = Child::spawn(shell("exit 7"));
    ASSERT_TRUE(child);
    EXPECT_EQ(child->wait(Deadline::after(10s)).value_or(-1), 7);
    EXPECT_EQ(child->wait(Deadline::after(10s)).value_or(-1), 7);
}

TEST(Child, TimesOutAndIsStillThere) {
    auto child = Child::spawn({.argv = {"tail", "-f", "/dev/null"}});
    ASSERT_TRUE(child);
    auto status = child->wait(Deadline::after(50ms));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::timeout);
    EXPECT_TRUE(child->running());
    (void)child->stop(5s);
}

TEST(Child, IsKilledWhenItIgnoresTheSignal) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    // The write end without CLOEXEC in the child only: it says when the trap is set.
    auto child =
        Child::spawn({.argv = {"sh", "-c", "trap '' TERM; echo ready >&9; while :; do read x </dev/zero; done"},
                      .prepare = [fd = write_end.get()] { return dup2(fd, 9) == 9; }});
    ASSERT_TRUE(child);
    char byte = 0;
    ASSERT_EQ(read(read_end.get(), &byte, 1), 1);
    EXPECT_FALSE(child->stop(100ms).value_or(true));
    EXPECT_EQ(child->wait(Deadline::after(1s)).value_or(-1), 128 + SIGKILL);
}

TEST(Child, IsLeftAloneWhenTheObjectGoes) {
    pid_t pid = -1;
    {
        auto child = Child::spawn({.argv = {"tail", "-f", "/dev/null"}});
        ASSERT_TRUE(child);
        pid = child->pid();
    }
    EXPECT_TRUE(alive(pid));
    auto again = Child::adopt(pid);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->stop(5s).value_or(false));
}

TEST(Child, AppendsItsOutputToTheFile) {
    auto directory = TemporaryDirectory::create("/tmp", "pando-test");
    ASSERT_TRUE(directory);
    const auto file = directory->path() / "log";
    for (const char* word : {"one", "two"}) {
        auto child = Child::spawn({.argv = {"sh", "-c", "echo $0; echo err >&2", word}, .output_file = file});
        ASSERT_TRUE(child);
        ASSERT_TRUE(child->wait(Deadline::after(10s)));
    }
    EXPECT_EQ(read_file(file).value_or(""), "one\nerr\ntwo\nerr\n");
}

TEST(Adopt, RefusesAProcessThatIsNotThere) {
    auto child = Child::spawn({.argv = {"true"}});
    ASSERT_TRUE(child);
    ASSERT_TRUE(child->wait(Deadline::after(10s)));
    EXPECT_FALSE(Child::adopt(child->pid()));
}

TEST(Shown, CanBePastedIntoAShell) {
    EXPECT_EQ(shown({"mkfs.gfs2", "-t", "a:b"}), "mkfs.gfs2 -t a:b");
    const std::vector<std::string> odd = {"printf", "%s|", "my disk", "it's", "", "$HOME", "a\nb"};
    auto done = run(shell(shown(odd)));
    ASSERT_TRUE(done);
    EXPECT_EQ(done->out, "my disk|it's||$HOME|a\nb|");
}

}  // namespace
