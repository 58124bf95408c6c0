// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/observed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::cdsl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Observed by(const std::string& node, const std::vector<ObservedFile>& files) { return {node, 100, 160, files}; }

TEST(Observed, ReadsBackWhatItWrote) {
    const Observed observed =
        by("n1", {{"/etc/odd: # name's \"x\"", 3, {"cron", "sh: x"}, true}, {"/srv/x", 1, {}, false}});
    const auto read = parse_observed(observed_text(observed));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(*read, observed);
    EXPECT_EQ(parse_observed(observed_text(by("n2", {}))).value().files.size(), 0U);
}

TEST(Observed, RefusesWhatIsNoRecord) {
    for (const char* text : {"", "version: 1\n", "version: 2\nnode: n1\nbegin: 1\nend: 2\nfiles: []\n",
                             "version: 1\nnode: n1\nbegin: -1\nend: 2\nfiles: []\n",
                             "version: 1\nnode: n1\nbegin: 1\nend: 2\nfiles:\n  - path: /../x\n    writes: 1\n    "
                             "programs: a\n    elsewhere: false\n"}) {
        const auto read = parse_observed(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().kind, ErrorKind::bad_input);
    }
}

TEST(ConflictsIn, AreFilesOfMoreThanOneNodeTheMostWrittenFirst) {
    const auto conflicts =
        conflicts_in({by("n1", {{"/etc/a", 1, {"p"}, false}, {"/srv/b", 50, {"p"}, false}, {"/srv/c", 9, {}, false}}),
                      by("n2", {{"/etc/a", 2, {"q"}, false}, {"/srv/b", 50, {"p"}, false}})});
    ASSERT_EQ(conflicts.size(), 2U);
    EXPECT_EQ(conflicts[0].path, "/srv/b");
    EXPECT_EQ(conflicts[0].writes, 100U);
    EXPECT_THAT(conflicts[1].nodes, ElementsAre("n1", "n2"));
    EXPECT_THAT(conflicts[1].programs, ElementsAre("p", "q"));
}

TEST(ConflictsIn, ProposeTheDirectoryOfAServiceAndElseTheFileAlone) {
    const auto proposal = [](const char* path) {
        const auto found = conflicts_in({by("n1", {{path, 1, {}, true}})});
        return fmt::format("{} {}", name_of(found.at(0).proposal.mode), found.at(0).proposal.path.string());
    };
    EXPECT_EQ(proposal("/var/lib/job/deep/state"), "bind /var/lib/job");
    EXPECT_EQ(proposal("/var/lib/state"), "link /var/lib/state");
    EXPECT_EQ(proposal("/etc/app/state"), "link /etc/app/state");
    EXPECT_EQ(proposal("/srv/x"), "link /srv/x");
}

TEST(ConflictsIn, FileThatChangedElsewhereIsOneUntilTheOtherNodeIsKnown) {
    const auto alone = conflicts_in({by("n1", {{"/etc/a", 1, {}, true}})});
    ASSERT_EQ(alone.size(), 1U);
    EXPECT_TRUE(alone[0].unknown);
    const auto both = conflicts_in({by("n1", {{"/etc/a", 1, {}, true}}), by("n2", {{"/etc/a", 1, {}, false}})});
    ASSERT_EQ(both.size(), 1U);
    EXPECT_FALSE(both[0].unknown);
}

}  // namespace
}  // namespace pando::cdsl
