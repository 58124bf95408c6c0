// SPDX-License-Identifier: GPL-2.0-or-later
// What a command proposes takes the file's place only when it is right; nothing that was there is lost.
#include "cli/proposed_file.h"

#include "base/file.h"
#include "base/log.h"
#include "cli/edit_file.h"
#include "tests/unit/config/sample.h"

#include <sys/stat.h>

namespace pando::test {
namespace {

using namespace cli;
namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string better = with("cluster:", "# better\ncluster:");
const std::string incomplete = "cluster:\n  name: grove\n";

struct Proposes : testing::Test {
    TemporaryDirectory place = std::move(*TemporaryDirectory::create("/tmp", "pando-init"));
    fs::path file = place.path() / "cluster.yaml", draft = place.path() / "cluster.yaml.draft";
    ProposedFileOptions options{.output = file.string(), .yes = true};

    void SetUp() override {
        log::set_sink([](log::Level, std::string_view) {});
    }
    void TearDown() override { log::set_sink(nullptr); }

    Result<int> settle(const std::string& text) {
        const auto proposed = ProposedFile::open(options);
        EXPECT_TRUE(proposed) << proposed.error().what;
        return proposed->settle({text, {}, {}});
    }
    static std::string text_of(const fs::path& path) { return read_file(path).value_or("(none)"); }
    static mode_t mode_of(const fs::path& path) {
        struct stat st {};
        return stat(path.c_str(), &st) == 0 ? st.st_mode & 07777U : 0;
    }
};

TEST_F(Proposes, ANewFileIsForRootAlone) {
    EXPECT_EQ(settle(sample).value_or(-1), 0);
    EXPECT_EQ(text_of(file), sample);
    EXPECT_EQ(mode_of(file), 0600U);
}

TEST_F(Proposes, AFileThatIsThereKeepsItsMode) {
    ASSERT_TRUE(write_file_atomic(file, sample, 0640));
    EXPECT_EQ(settle(better).value_or(-1), 0);
    EXPECT_EQ(text_of(file), better);
    EXPECT_EQ(mode_of(file), 0640U);
}

TEST_F(Proposes, WhatIsNotRightBecomesADraftThatTheNextCallGoesOnWith) {
    const auto first = settle(incomplete);
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(first.error().what, HasSubstr("\"boot\" is missing"));
    EXPECT_THAT(first.error().advice, HasSubstr("cluster.yaml.draft"));
    EXPECT_FALSE(fs::exists(file));
    EXPECT_EQ(text_of(draft), incomplete);
    EXPECT_EQ(mode_of(draft), 0600U);
    EXPECT_EQ(ProposedFile::open(options)->text(), incomplete);

    EXPECT_EQ(settle(sample).value_or(-1), 0);
    EXPECT_EQ(text_of(file), sample);
    EXPECT_FALSE(fs::exists(draft));
}

TEST_F(Proposes, ARightFileIsNeverReplacedByOneThatIsNot) {
    ASSERT_TRUE(write_file_atomic(file, sample));
    EXPECT_FALSE(settle(incomplete));
    EXPECT_EQ(text_of(file), sample);
}

TEST_F(Proposes, ADraftIsGoneOnWithThoughTheFileIsThere) {
    ASSERT_TRUE(write_file_atomic(file, sample, 0640));
    ASSERT_FALSE(settle(incomplete));
    EXPECT_EQ(text_of(draft), incomplete);
    const auto next = ProposedFile::open(options);
    ASSERT_TRUE(next) << next.error().what;
    EXPECT_EQ(next->text(), incomplete);
    EXPECT_EQ(next->shown(), draft.string());

    const std::string more = incomplete + "# more of it\n";
    EXPECT_FALSE(settle(more));
    EXPECT_EQ(text_of(draft), more);
    EXPECT_EQ(text_of(file), sample);

    EXPECT_EQ(settle(better).value_or(-1), 0);
    EXPECT_EQ(text_of(file), better);
    EXPECT_EQ(mode_of(file), 0640U);
    EXPECT_FALSE(fs::exists(draft));
}

TEST_F(Proposes, ADraftThatSomebodyChangedMeanwhileIsNotLost) {
    ASSERT_TRUE(write_file_atomic(draft, incomplete));
    const auto proposed = ProposedFile::open(options);
    ASSERT_TRUE(write_file_atomic(draft, "# another's\n"));
    EXPECT_FALSE(proposed->settle({incomplete + "# more of it\n", {}, {}}));
    EXPECT_EQ(text_of(draft), "# another's\n");
    EXPECT_EQ(proposed->settle({sample, {}, {}}).value_or(-1), 0);
    EXPECT_EQ(text_of(draft), "# another's\n");
}

TEST_F(Proposes, WhatIsNotRightIsSaidWithoutPasswords) {
    const auto status = settle(with("{ip: 10.0.0.101}", "{password: s3cret, method: cycle}"));
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().what, HasSubstr("method=cycle"));
    EXPECT_THAT(status.error().what + status.error().advice, testing::Not(HasSubstr("s3cret")));
    const auto itself = settle(with("{ip: 10.0.0.101}", "{password: \"my s3cret\"}"));
    ASSERT_FALSE(itself);
    EXPECT_THAT(itself.error().what + itself.error().advice, testing::Not(HasSubstr("s3cret")));
}

TEST_F(Proposes, TheSitesTemplatesAreLookedAtToo) {
    ASSERT_TRUE(make_directories(place.path() / "templates"));
    ASSERT_TRUE(write_file_atomic(place.path() / "templates/hosts.in", "{{nodse}}\n"));
    const auto status = settle(sample);
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().what, HasSubstr("templates/hosts.in:1:1: unknown variable \"nodse\""));
    EXPECT_FALSE(fs::exists(file));
    const auto put = put_file(file, {std::nullopt, sample, "me"});
    ASSERT_FALSE(put);
    EXPECT_THAT(put.error().what, HasSubstr("nodse"));
}

TEST_F(Proposes, DryRunWritesNothing) {
    options.dry_run = true;
    EXPECT_EQ(settle(sample).value_or(-1), 0);
    EXPECT_FALSE(settle(incomplete));
    EXPECT_TRUE(list_directory(place.path())->empty());
}

TEST_F(Proposes, WithoutATerminalAndWithoutYesNothingIsWritten) {
    options.yes = false;
    if (isatty(STDIN_FILENO) != 0) GTEST_SKIP() << "somebody is there to ask";
    EXPECT_FALSE(settle(sample));
    EXPECT_FALSE(settle(incomplete));
    EXPECT_FALSE(fs::exists(file));
    EXPECT_FALSE(fs::exists(draft));
}

TEST_F(Proposes, WhoeverWroteMeanwhileIsNotOverwritten) {
    ASSERT_TRUE(write_file_atomic(file, sample));
    const auto proposed = ProposedFile::open(options);
    ASSERT_TRUE(write_file_atomic(file, sample + "# another's\n"));
    const auto status = proposed->settle({better, {}, {}});
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().what, HasSubstr("changed by somebody else"));
    EXPECT_THAT(text_of(file), HasSubstr("another's"));
    fs::remove(file);
    EXPECT_FALSE(ProposedFile::open(options)->text().size());
    ASSERT_TRUE(write_file_atomic(file, sample));
    EXPECT_FALSE(put_file(file, {std::nullopt, better, "me"})) << "it came meanwhile";
    EXPECT_EQ(text_of(file), sample);
}

}  // namespace
}  // namespace pando::test
