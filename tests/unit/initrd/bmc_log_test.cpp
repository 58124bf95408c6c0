// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/bmc_log.h"

#include "initrd/bmc_device.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::initrd;
using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;

namespace {

std::vector<uint8_t> words(uint8_t number, const std::string& text) {
    std::vector<uint8_t> record = {0, 0, 0xf0, 0x20, number};
    record.insert(record.end(), text.begin(), text.end());
    return record;
}

std::string text_of(const std::vector<BmcRequest>& records) {
    std::string text;
    for (size_t i = 1; i < records.size(); ++i) text.append(records[i].data.begin() + 5, records[i].data.end());
    return text.substr(0, text.find('\0'));
}

}  // namespace

TEST(BmcLog, AResetBeginsWithTheRecordThatEveryToolKnows) {
    const auto records = reset_records("corosync (process 812) has ended");
    ASSERT_FALSE(records.empty());
    EXPECT_EQ(records[0].function, 0x0a) << "storage";
    EXPECT_EQ(records[0].command, 0x44) << "Add SEL Entry";
    EXPECT_THAT(records[0].data, ElementsAre(0, 0,                // the BMC numbers it
                                             0x02,                // system event
                                             0, 0, 0, 0,          // and knows the time
                                             0x41, 0,             // of system software
                                             4,                   // as IPMI 2.0 writes events
                                             0x20, 0,             // OS Critical Stop, of no sensor
                                             0x6f,                // asserted, by the sensor type's own list:
                                             0x01, 0xff, 0xff));  // run-time critical stop
}

TEST(BmcLog, TheReasonFollowsInPiecesAsTheKernelWritesThatOfAPanic) {
    const auto records = reset_records("n1 (812)");
    ASSERT_THAT(records, SizeIs(3));
    EXPECT_EQ(records[1].data, words(0, "pando: n1 ("));
    EXPECT_EQ(records[2].data, words(1, std::string("812)") + std::string(7, '\0')));
    EXPECT_EQ(text_of(reset_records("corosync (process 812) has ended")), "pando: corosync (process 812) has ended");
}

TEST(BmcLog, ALongReasonLeavesRoomForOthersAndNoByteOfItIsStrange) {
    const auto records = reset_records("\x1b[31m\n" + std::string(1000, 'x'));
    EXPECT_THAT(records, SizeIs(9)) << "a log holds some hundred";
    EXPECT_THAT(records, Each(Field(&BmcRequest::data, SizeIs(16))));
    EXPECT_THAT(text_of(records), HasSubstr("pando: ?[31m?xxx"));
}

TEST(BmcLog, ABmcThatRefusesIsAskedNoFurther) {
    unsigned asked = 0;
    const AskBmc full = [&](const BmcRequest&, Deadline) -> Result<std::vector<uint8_t>> {
        ++asked;
        return fail("the BMC refused: {}", completion_text(0xc4));
    };
    const auto told = write_reset_to_bmc(full, "corosync", Deadline::after(1s));
    ASSERT_FALSE(told);
    EXPECT_THAT(told.error().what, HasSubstr("its event log is full"));
    EXPECT_EQ(asked, 1U);
}

TEST(BmcLog, AMachineWithoutABmcHasNothingToSay) {
    const auto none = BmcDevice::open("/nonexistent/ipmi0");
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
}

TEST(BmcLog, WhatIsNoBmcIsToldAtOnce) {
    auto opened = BmcDevice::open("/dev/null");
    ASSERT_TRUE(opened && *opened);
    const auto answer = (*opened)->ask({0x06, 0x01, {}}, Deadline::after(1h));
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().what, HasSubstr("asking the BMC"));
}
