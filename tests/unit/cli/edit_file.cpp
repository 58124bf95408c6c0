// SPDX-License-Identifier: GPL-2.0-or-later
// An edited description replaces the file only when it is right, and nothing that a person wrote is lost.
#include "cli/edit_file.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "tests/unit/config/sample.h"

#include <sys/stat.h>

namespace pando::test {
namespace {

using namespace cli;
namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string changed = with("cluster:", "# changed\ncluster:");
const std::string wrong = with("name: grove", "nam: grove");

struct EditFile : testing::Test {
    TemporaryDirectory place = std::move(*TemporaryDirectory::create("/tmp", "pando-edit"));
    fs::path file = place.path() / "cluster.yaml";
    std::vector<std::string> texts;  // what the person writes, one after the other
    std::string answers;
    std::string asked, said;
    size_t edits = 0;

    void SetUp() override {
        ASSERT_TRUE(write_file_atomic(file, sample, 0640));
        log::set_sink([this](log::Level, std::string_view line) { said += std::string(line) + "\n"; });
    }
    void TearDown() override { log::set_sink(nullptr); }

    EditTalk talk() {
        return {[this](const fs::path& copy) -> Result<> { return write_file_atomic(copy, texts.at(edits++), 0600); },
                [this](const Error& error) -> Result<char> {
                    asked += error.what + error.advice + "\n";
                    const char answer = answers.at(0);
                    answers.erase(0, 1);
                    return answer;
                },
                "alice on pts/3", Deadline::after(std::chrono::milliseconds(300))};
    }
    Edited edit() {
        auto outcome = edit_file(file, talk());
        EXPECT_TRUE(outcome) << outcome.error().what;
        return outcome.value_or(Edited::unchanged);
    }
    std::string text() const { return *read_file(file); }
    size_t files() const { return list_directory(place.path())->size(); }  // the lock is one
};

TEST_F(EditFile, ARightTextReplacesTheFileWhichKeepsItsMode) {
    texts = {changed};
    EXPECT_EQ(edit(), Edited::replaced);
    EXPECT_EQ(text(), changed);
    struct stat st {};
    ASSERT_EQ(stat(file.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777U, 0640U);
    EXPECT_EQ(files(), 2U);
}

TEST_F(EditFile, WhatWasNotChangedIsNotWritten) {
    texts = {sample};
    EXPECT_EQ(edit(), Edited::unchanged);
    EXPECT_EQ(files(), 2U);
}

TEST_F(EditFile, AMistakeIsShownWithItsPlaceAndEditedAgain) {
    texts = {wrong, changed};
    answers = "e";
    EXPECT_EQ(edit(), Edited::replaced);
    EXPECT_THAT(asked, HasSubstr(file.string() + ":2:3: unknown key \"nam\""));
    EXPECT_THAT(asked, HasSubstr("did you mean \"name\"?"));
    EXPECT_EQ(text(), changed);
}

TEST_F(EditFile, AMistakeInASitesTemplateIsShown) {
    ASSERT_TRUE(make_directories(place.path() / "templates"));
    ASSERT_TRUE(write_file_atomic(place.path() / "templates/hosts.in", "{{nodse}}\n"));
    texts = {changed};
    answers = "t";
    EXPECT_EQ(edit(), Edited::thrown_away);
    EXPECT_THAT(asked, HasSubstr("templates/hosts.in:1:1: unknown variable \"nodse\""));
    EXPECT_EQ(text(), sample);
}

TEST_F(EditFile, AMistakeIsThrownAway) {
    texts = {wrong};
    answers = "t";
    EXPECT_EQ(edit(), Edited::thrown_away);
    EXPECT_EQ(text(), sample);
    EXPECT_EQ(files(), 2U);
}

TEST_F(EditFile, AMistakeIsKeptBesideAndNeverOverAnother) {
    texts = {wrong, wrong + "# second\n"};
    answers = "kk";
    EXPECT_EQ(edit(), Edited::kept);
    EXPECT_EQ(edit(), Edited::kept);
    EXPECT_EQ(text(), sample);
    EXPECT_EQ(*read_file(file.string() + ".draft"), wrong);
    EXPECT_EQ(*read_file(file.string() + ".draft.2"), wrong + "# second\n");
}

TEST_F(EditFile, WhatSomebodyElseWroteMeanwhileIsNotUndone) {
    auto mine = talk();
    mine.edit = [&](const fs::path& copy) -> Result<> {
        EXPECT_TRUE(write_file_atomic(file, sample + "# theirs\n", 0640));
        return write_file_atomic(copy, changed, 0600);
    };
    answers = "k";
    const auto outcome = edit_file(file, mine);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(*outcome, Edited::kept);
    EXPECT_THAT(asked, HasSubstr("changed by somebody else meanwhile"));
    EXPECT_EQ(text(), sample + "# theirs\n");
}

TEST_F(EditFile, TheSecondOperatorIsToldTheFirstsName) {
    auto first = talk();
    first.edit = [&](const fs::path&) -> Result<> {
        auto bob = talk();
        bob.who = "bob on pts/4";
        const auto refused = edit_file(file, bob);
        EXPECT_FALSE(refused);
        EXPECT_TRUE(!refused && refused.error().kind == ErrorKind::timeout);
        return {};
    };
    ASSERT_TRUE(edit_file(file, first));
    EXPECT_THAT(said, HasSubstr("alice on pts/3 edits it now"));
}

TEST_F(EditFile, AnEditorThatFailsChangesNothing) {
    auto broken = talk();
    broken.edit = [](const fs::path&) -> Result<> { return fail("no terminal"); };
    EXPECT_FALSE(edit_file(file, broken));
    EXPECT_EQ(text(), sample);
    EXPECT_EQ(files(), 2U);
}

TEST_F(EditFile, WhatAKilledEditorLeftBecomesADraft) {
    ASSERT_TRUE(write_file_atomic(place.path() / ".cluster.edit.yaml", "hours of work", 0600));
    texts = {changed};
    EXPECT_EQ(edit(), Edited::replaced);
    EXPECT_EQ(*read_file(file.string() + ".draft"), "hours of work");
}

TEST_F(EditFile, ALinkToTheFileStaysOne) {
    const fs::path link = place.path() / "link.yaml";
    fs::create_symlink("cluster.yaml", link);
    texts = {changed};
    const auto outcome = edit_file(link, talk());
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(text(), changed);
}

TEST_F(EditFile, AFileThatIsNotThereIsTheUsersToMend) {
    const auto outcome = edit_file(place.path() / "none.yaml", talk());
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::bad_input);
}

}  // namespace
}  // namespace pando::test
