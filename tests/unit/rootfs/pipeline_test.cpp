// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/pipeline.h"

#include "base/file.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::rootfs;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

}  // namespace

TEST(Pipeline, OutputOfOneIsInputOfTheNext) {
    const auto work = TemporaryDirectory::create(::testing::TempDir(), "pipeline");
    ASSERT_TRUE(work);
    const auto file = (work->path() / "out").string();
    const auto done = run_pipeline({{"printf", "b\\na\\n"}, {"sort"}, {"dd", "status=none", "of=" + file}}, soon(), {});
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(*read_file(file), "a\nb\n");
}

TEST(Pipeline, FailureOfAnyProgramIsItsFailureWithWhatWasSaid) {
    for (const auto& programs : std::vector<std::vector<std::vector<std::string>>>{
             {{"cat", "/nonexistent"}, {"sort"}}, {{"true"}, {"cat", "/nonexistent"}}}) {
        const auto done = run_pipeline(programs, soon(), {});
        ASSERT_FALSE(done);
        EXPECT_THAT(done.error().what, HasSubstr("cat /nonexistent ended with status 1"));
        EXPECT_THAT(done.error().what, HasSubstr("No such file"));
    }
}

// `yes` dies of SIGPIPE because `cat` gave up: cat's failure is the one to tell.
TEST(Pipeline, CauseIsToldRatherThanTheBrokenPipeItLeft) {
    const auto done = run_pipeline({{"yes"}, {"cat", "/nonexistent"}}, soon(), {});
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("cat"));
    EXPECT_THAT(done.error().what, Not(HasSubstr("yes")));
}

TEST(Pipeline, EndsEverythingAtItsDeadline) {
    const auto done = run_pipeline({{"sleep", "60"}, {"cat"}}, Deadline::after(Milliseconds(200)), {});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::timeout);
}

TEST(Pipeline, LinesThatAreNoComplaintStayOutOfTheError) {
    std::vector<std::string> lines;
    const auto done = run_pipeline({{"ls", "/nonexistent-a", "/nonexistent-b"}}, soon(), [&](std::string_view line) {
        lines.emplace_back(line);
        return line.find("-b") != std::string_view::npos;
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(lines.size(), 2U);
    EXPECT_THAT(done.error().what, HasSubstr("nonexistent-b': No"));
    EXPECT_THAT(done.error().what, Not(HasSubstr("nonexistent-a': No")));
}

TEST(Pipeline, ProgramThatIsNotThereIsAnErrorAndEndsTheOthers) {
    const auto done = run_pipeline({{"yes"}, {"pando-no-such-program"}}, soon(), {});
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("pando-no-such-program"));
}
