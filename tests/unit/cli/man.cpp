// SPDX-License-Identifier: GPL-2.0-or-later
// Every command has a manual page of its own, and what the manual says of a command is on it.
#include "cli/man.h"
#include "base/file.h"
#include "base/process.h"
#include "cli/man_prose.h"
#include "cli/program.h"

#include <gmock/gmock.h>
#include <filesystem>

namespace pando::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view text = R"(.TH PANDO 8
.SH NAME
pando \- trees
.SH TREES
.B pando tree fell
cuts one down.
.PP
It falls.
.PP
.BR "pando tree grow" ,
slowly:
.PP
.nf
    pando tree grow\-all \-\-yes
.fi
.SH "OTHER THINGS"
Nothing of trees.
)";

const std::vector<std::string> paths = {"tree", "tree fell", "tree grow", "tree grow-all"};

TEST(Prose, OfACommandIsWhatNamesItAndWhatFollows) {
    EXPECT_EQ(prose_of(text, "tree fell", paths), ".PP\n.B pando tree fell\ncuts one down.\n.PP\nIt falls.\n");
}

TEST(Prose, EndsWhereAnotherCommandIsNamed) {
    EXPECT_THAT(prose_of(text, "tree grow", paths), testing::StartsWith(".PP\n.BR \"pando tree grow\" ,\nslowly:\n"));
}

TEST(Prose, HasTheWordsThatIntroduceAnExample) {
    const std::string both =
        ".PP\n.BR \"pando tree grow\" ,\nslowly:\n.PP\n.nf\n    pando tree grow\\-all \\-\\-yes\n.fi\n";
    EXPECT_EQ(prose_of(text, "tree grow", paths), both);
    EXPECT_EQ(prose_of(text, "tree grow-all", paths), both);
}

TEST(Prose, IsNothingForACommandThatIsNotNamed) { EXPECT_EQ(prose_of(text, "tree", paths), ""); }

TEST(Section, HasItsHead) {
    EXPECT_EQ(section_of(text, "OTHER THINGS"), ".SH \"OTHER THINGS\"\nNothing of trees.\n");
    EXPECT_EQ(section_of(text, "NO SUCH"), "");
}

TEST(Pages, AreThereForEveryCommandWithEveryOption) {
    const Program program;
    for (const CLI::App* verb : verbs(program.app())) {
        const std::string page = man_page_of(*verb);
        const std::string what = path_of(*verb);
        EXPECT_THAT(page, HasSubstr(" \\- ")) << what;
        EXPECT_THAT(page, HasSubstr("\n.SH \"EXIT STATUS\"\n")) << what;
        for (const CLI::Option* option : options(*verb))
            for (std::string name : option->get_lnames()) {
                for (size_t at = 0; (at = name.find('-', at)) != std::string::npos; at += 2) name.insert(at, 1, '\\');
                EXPECT_THAT(page, HasSubstr("\\-\\-" + name)) << what;
            }
    }
}

TEST(Pages, SayWhatTheManualSays) {
    const Program program;
    const std::string replace = man_page_of(*program.find({"node", "replace"}));
    EXPECT_THAT(replace, HasSubstr("pando\\-node\\-replace \\- "));
    EXPECT_THAT(replace, HasSubstr("A dead blade is swapped by one command"));
    EXPECT_THAT(replace, HasSubstr(".BR pando\\-node\\-add (8)"));
    EXPECT_THAT(man_page_of(*program.find({"config", "check"})), Not(HasSubstr("A dead blade")));
}

// man itself reads each page, and warns of what it does not understand.
TEST(Pages, AreGoodRoff) {
    if (!run_ok({.argv = {"man", "--version"}})) GTEST_SKIP() << "no man-db here";
    const auto directory = TemporaryDirectory::create("/tmp", "pando-man");
    ASSERT_TRUE(directory);
    ASSERT_EQ(Program().run({"help", "man", "--output", directory->path().string()}), 0);
    const Program program;
    size_t pages = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory->path())) {
        ++pages;
        const auto shown = run_ok({.argv = {"man", "--warnings=w", "--encoding=utf8", "--local-file", entry.path()},
                                   .env = {{"LC_ALL", "C.UTF-8"},
                                           {"MANROFFSEQ", ""},
                                           {"MANWIDTH", "80"},
                                           {"MANPAGER", "cat"},
                                           {"PATH", "/usr/bin:/bin"}}});
        ASSERT_TRUE(shown) << shown.error().what;
        EXPECT_EQ(shown->err, "") << entry.path();
        EXPECT_THAT(shown->out, HasSubstr("EXIT STATUS")) << entry.path();
    }
    EXPECT_EQ(pages, verbs(program.app()).size() + 1);
}

TEST(Pages, OfWhatIsNoCommandAreRefused) {
    EXPECT_EQ(Program().run({"help", "man", "no", "such"}), 2);
    EXPECT_EQ(Program().run({"help", "man", "node"}), 2);
    EXPECT_EQ(Program().run({"help", "--output", "/tmp"}), 2);
}

}  // namespace
}  // namespace pando::cli
