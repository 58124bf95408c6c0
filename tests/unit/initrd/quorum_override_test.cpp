// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/quorum_override.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::initrd;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

fencing::FenceAnswer answer(const char* says, bool answered = true, bool unfence = false) {
    return {"n2", "n2-bmc", answered, says, unfence};
}

Quorum waits_for_all() {
    Quorum quorum;
    quorum.votes = 2;
    quorum.needed = 2;
    quorum.expected = 3;
    quorum.members = {1, 2};
    return quorum;
}

std::string refusal(const Quorum& quorum, const std::vector<std::string>& missing,
                    const std::vector<std::string>& without) {
    const auto judged = judge_override(quorum, missing, without);
    return judged ? "" : judged.error().what;
}

}  // namespace

TEST(QuorumOverride, OnlyADeviceThatSaysOffProvesIt) {
    EXPECT_EQ(judge_power({answer("off")}, false), Power::off);
    EXPECT_EQ(judge_power({answer("no route to host", false), answer("off")}, false), Power::off);
    EXPECT_EQ(judge_power({answer("off"), answer("on")}, false), Power::on) << "one that says on outweighs all";
    EXPECT_EQ(judge_power({answer("off")}, true), Power::on) << "a machine writes its claim: another's BMC was asked";
    EXPECT_EQ(judge_power({answer("off", false)}, false), Power::unknown);
    EXPECT_EQ(judge_power({}, false), Power::unknown);
    EXPECT_EQ(judge_power({answer("off", true, true)}, false), Power::unknown) << "storage is given back by a join";
}

TEST(QuorumOverride, HelpsOnlyWhereWaitForAllIsWhatIsWaitedFor) {
    EXPECT_EQ(refusal(waits_for_all(), {"n3"}, {"n3"}), "");
    Quorum minority = waits_for_all();
    minority.votes = 1;
    EXPECT_THAT(refusal(minority, {"n2", "n3"}, {"n2", "n3"}), HasSubstr("1 of 3 votes"));
    Quorum quorate = waits_for_all();
    quorate.quorate = true;
    EXPECT_THAT(refusal(quorate, {"n3"}, {"n3"}), HasSubstr("quorum already"));
}

TEST(QuorumOverride, NamesExactlyThoseThatAreMissing) {
    EXPECT_THAT(refusal(waits_for_all(), {"n3"}, {"n1"}), HasSubstr("n1 is not missing"));
    EXPECT_THAT(refusal(waits_for_all(), {"n3", "n4"}, {"n3"}), HasSubstr("n4 is missing as well"));
}

TEST(QuorumOverride, APersonsWordNeedsNodeAndReason) {
    const auto words = parse_quorum_words({"--without", "n2", "--is-off", "--reason", "its board is dead"});
    ASSERT_TRUE(words);
    EXPECT_THAT(words->without, ElementsAre("n2"));
    EXPECT_TRUE(words->is_off);
    EXPECT_TRUE(parse_quorum_words({}));
    for (const auto& wrong : std::vector<std::vector<std::string>>{{"--without"},
                                                                   {"n2"},
                                                                   {"--is-off", "--reason", "x"},
                                                                   {"--without", "n2", "--is-off"},
                                                                   {"--without", "n2", "--fence", "--reason", " "},
                                                                   {"--without", "n2", "--fence", "--is-off"}})
        EXPECT_FALSE(parse_quorum_words(wrong)) << testing::PrintToString(wrong);
}
