// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/node_range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names(std::string_view text) {
    auto range = node_range(text);
    if (!range) ADD_FAILURE() << range.error().what;
    return range.value_or(std::vector<std::string>{});
}

TEST(NodeRange, IsNamesAndNumbersInTheOrderWritten) {
    EXPECT_THAT(names("n1"), ElementsAre("n1"));
    EXPECT_THAT(names("n3,n1"), ElementsAre("n3", "n1"));
    EXPECT_THAT(names("n[1-3],n12"), ElementsAre("n1", "n2", "n3", "n12"));
    EXPECT_THAT(names("a[1-2,9]-ib,spare.example"), ElementsAre("a1-ib", "a2-ib", "a9-ib", "spare.example"));
    EXPECT_THAT(names("[1-2]"), ElementsAre("1", "2"));
}

TEST(NodeRange, KeepsTheWidthOfLeadingZeros) {
    EXPECT_THAT(names("n[08-11]"), ElementsAre("n08", "n09", "n10", "n11"));
    EXPECT_THAT(names("n[9-11]"), ElementsAre("n9", "n10", "n11"));
}

TEST(NodeRange, HasEachNodeOnce) { EXPECT_THAT(names("n2,n[1-3],n3"), ElementsAre("n2", "n1", "n3")); }

struct Refused {
    const char* text;
    const char* says;
};

class NodeRangeRefuses : public testing::TestWithParam<Refused> {};

TEST_P(NodeRangeRefuses, AsBadInputWithTheCause) {
    const auto range = node_range(GetParam().text);
    ASSERT_FALSE(range) << GetParam().text;
    EXPECT_EQ(range.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(range.error().what, HasSubstr(GetParam().says));
    EXPECT_FALSE(range.error().advice.empty());
}

INSTANTIATE_TEST_SUITE_P(Texts, NodeRangeRefuses,
                         testing::Values(Refused{"", "a name is missing"}, Refused{"n1,", "a name is missing"},
                                         Refused{"n[1-", "not closed"}, Refused{"n[]", "are numbers"},
                                         Refused{"n[1-2-3]", "are numbers"}, Refused{"n[a]", "are numbers"},
                                         Refused{"n[-1]", "are numbers"}, Refused{"n[3-1]", "3 is more than 1"},
                                         Refused{"n[1][2]", "one bracket"}, Refused{"n 1", "' ' is in no name"},
                                         Refused{"n]", "']' is in no name"}, Refused{"../n1", "'/' is in no name"},
                                         Refused{"n[1]\x1b", "'\\x1b' is in no name"},
                                         Refused{"n[1-999999999]", "more than 1024"},
                                         Refused{"n[1-600],m[1-600]", "more than 1024"},
                                         Refused{"n[1-99999999999]", "are numbers"}));

TEST(NodeRange, RefusesMoreThanACommandLineWouldHold) {
    const auto range = node_range(std::string(5000, 'n'));
    ASSERT_FALSE(range);
    EXPECT_THAT(range.error().what, HasSubstr("longer than"));
    EXPECT_FALSE(node_range(std::string(65, 'n')));
    EXPECT_TRUE(node_range(std::string(64, 'n')));
}

TEST(Folded, IsShortAndReadBackTheSame) {
    EXPECT_EQ(folded({"n1", "n2", "n3", "n7"}), "n[1-3,7]");
    EXPECT_EQ(folded({"n3", "spare", "n1", "n10"}), "n[1,3,10],spare");
    EXPECT_EQ(folded({"n1"}), "n1");
    EXPECT_EQ(folded({}), "");
    EXPECT_EQ(folded({"r1-n08", "r1-n09", "r1-n10", "r1-n100"}), "r1-n[08-09],r1-n[10,100]");
    EXPECT_EQ(folded({"12345678901", "n"}), "12345678901,n");
    for (const char* text : {"n[1-3,7]", "r1-n[08-09],r1-n[10,100]", "a,b[1,3]", "7"})
        EXPECT_EQ(folded(names(text)), text);
}

}  // namespace
}  // namespace pando
