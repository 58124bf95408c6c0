// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <array>
#include <csignal>

using namespace pando;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

class File : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create("/tmp", "pando-test");
        ASSERT_TRUE(made) << made.error().what;
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
    }
    fs::path at(const std::string& name) const { return directory_->path() / name; }
    std::vector<std::string> names() const {
        return list_directory(directory_->path()).value_or(std::vector<std::string>{"?"});
    }

private:
    std::unique_ptr<TemporaryDirectory> directory_;
};

TEST_F(File, ReadsWhatWasWritten) {
    const std::string content("a\0b\n", 4);
    ASSERT_TRUE(write_file_atomic(at("f"), content));
    EXPECT_EQ(read_file(at("f")).value_or(""), content);
}

TEST_F(File, NamesTheFileThatIsNotThere) {
    auto text = read_file(at("none"));
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().sys, ENOENT);
    EXPECT_THAT(text.error().what, HasSubstr(at("none").string()));
}

TEST_F(File, ReadsAFileOfExactlyTheLimitAndRefusesOneByteMore) {
    ASSERT_TRUE(write_file_atomic(at("f"), std::string(100, 'x')));
    EXPECT_TRUE(read_file(at("f"), 100));
    auto text = read_file(at("f"), 99);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().kind, ErrorKind::bad_input);
}

TEST_F(File, StopsReadingAnEndlessFile) { EXPECT_FALSE(read_file("/dev/zero", 1U << 20U)); }

TEST_F(File, TrimsALine) {
    ASSERT_TRUE(write_file_atomic(at("f"), " \t52:54:00:00:00:01 x \n\n"));
    EXPECT_EQ(read_line(at("f")).value_or(""), "52:54:00:00:00:01 x");
    ASSERT_TRUE(write_file_atomic(at("f"), "\n \n"));
    EXPECT_EQ(read_line(at("f")).value_or("?"), "");
}

TEST_F(File, WritesWithTheModeGivenWhateverTheUmask) {
    const mode_t before = umask(077);
    const auto written = write_file_atomic(at("f"), "x", 0644);
    umask(before);
    ASSERT_TRUE(written);
    struct stat st {};
    ASSERT_EQ(stat(at("f").c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777U, 0644U);
}

TEST_F(File, LeavesNoTemporaryFileBehind) {
    ASSERT_TRUE(write_file_atomic(at("f"), "x"));
    ASSERT_TRUE(write_file_atomic(at("f"), "y"));
    EXPECT_THAT(names(), ElementsAre("f"));
}

TEST_F(File, KeepsTheOldFileWhenTheNewOneDoesNotFit) {
    ASSERT_TRUE(write_file_atomic(at("f"), "old"));
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit small{1000, 1000};
        setrlimit(RLIMIT_FSIZE, &small);
        const auto written = write_file_atomic(at("f"), std::string(5000, 'x'));
        _exit(!written && written.error().sys == EFBIG ? 0 : 1);
    }
    int raw = 0;
    ASSERT_EQ(waitpid(child, &raw, 0), child);
    EXPECT_TRUE(WIFEXITED(raw) && WEXITSTATUS(raw) == 0);
    EXPECT_EQ(read_file(at("f")).value_or(""), "old");
    EXPECT_THAT(names(), ElementsAre("f"));
}

// A writer is killed at many different instructions; a reader must never see anything but a whole file.
TEST_F(File, IsOldOrNewWhereverTheWriterDies) {
    constexpr size_t size = 300000;
    for (int round = 0; round < 40; ++round) {
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        const UniqueFd said(ends[0]);
        UniqueFd say(ends[1]);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            for (char letter = 'a';; letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1))
                if (!write_file_atomic(at("f"), std::string(size, letter)) || write(say.get(), "w", 1) != 1) _exit(1);
        }
        say.reset();
        char byte = 0;
        ASSERT_EQ(read(said.get(), &byte, 1), 1);  // it is writing now, again and again
        const timespec moment{0, round * 70000L};  // each round dies a little later in the next write
        ppoll(nullptr, 0, &moment, nullptr);
        kill(child, SIGKILL);
        int raw = 0;
        ASSERT_EQ(waitpid(child, &raw, 0), child);
        ASSERT_TRUE(WIFSIGNALED(raw));
        const std::string after = read_file(at("f")).value_or("");
        ASSERT_EQ(after.size(), size);
        ASSERT_EQ(after.find_first_not_of(after[0]), std::string::npos);
    }
}

TEST_F(File, WritesIntoAnExistingFileOnly) {
    EXPECT_FALSE(write_existing(at("none"), "x"));
    EXPECT_THAT(names(), ElementsAre());
    ASSERT_TRUE(write_file_atomic(at("f"), ""));
    ASSERT_TRUE(write_existing(at("f"), "on"));
    EXPECT_EQ(read_file(at("f")).value_or(""), "on");
}

TEST_F(File, SaysWhichFileRefusedTheWrite) {
    auto written = write_existing("/dev/full", "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().sys, ENOSPC);
    EXPECT_THAT(written.error().what, HasSubstr("/dev/full"));
}

TEST_F(File, MakesDirectoriesAndIsContentWithThoseThere) {
    EXPECT_TRUE(make_directories(at("a/b/c")));
    EXPECT_TRUE(make_directories(at("a/b/c")));
    EXPECT_TRUE(make_directories(at("a/b/c/")));
    EXPECT_TRUE(fs::is_directory(at("a/b/c")));
}

TEST_F(File, RefusesADirectoryWhereAFileIs) {
    ASSERT_TRUE(write_file_atomic(at("f"), ""));
    EXPECT_FALSE(make_directories(at("f")));
    EXPECT_FALSE(make_directories(at("f/below")));
}

TEST_F(File, ListsNamesInOrder) {
    for (const char* name : {"b", "a", ".c"}) ASSERT_TRUE(write_file_atomic(at(name), ""));
    EXPECT_THAT(names(), ElementsAre(".c", "a", "b"));
    EXPECT_FALSE(list_directory(at("none")));
}

TEST_F(File, RemovesATemporaryDirectoryWithItsContentButNotWhatItsLinksLeadTo) {
    ASSERT_TRUE(make_directories(at("kept")));
    ASSERT_TRUE(write_file_atomic(at("kept/f"), "x"));
    fs::path gone;
    {
        auto inner = TemporaryDirectory::create(at("."), "inner");
        ASSERT_TRUE(inner) << inner.error().what;
        gone = inner->path();
        ASSERT_TRUE(make_directories(gone / "a/b"));
        ASSERT_TRUE(write_file_atomic(gone / "a/b/f", "x"));
        fs::create_directory_symlink(at("kept"), gone / "link");
    }
    EXPECT_FALSE(fs::exists(gone));
    EXPECT_EQ(read_file(at("kept/f")).value_or(""), "x");
}

TEST_F(File, MovesATemporaryDirectoryWithoutRemovingIt) {
    auto first = TemporaryDirectory::create(at("."), "first");
    auto second = TemporaryDirectory::create(at("."), "second");
    ASSERT_TRUE(first && second);
    const fs::path kept = second->path();
    const fs::path dropped = first->path();
    *first = std::move(*second);
    EXPECT_FALSE(fs::exists(dropped));
    EXPECT_TRUE(fs::exists(kept));
}

}  // namespace
