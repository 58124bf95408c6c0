// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/driver_report.h"

#include <gmock/gmock.h>

using pando::hwdetect::Coldplug;
using pando::initrd::DriverReport;
using testing::ElementsAre;
using testing::IsEmpty;

// An image for known machines leaves out on purpose what its boot does not need: that is told when a stage fails.
TEST(DriverReport, TellsFailuresAndFirmwareAtOnceAndWhatHasNoDriverLater) {
    DriverReport report;
    const Coldplug done{
        {}, {"network controller 8086:1572 at 0000:3b:00.0: no driver"}, {"mpt3sas: no"}, {"firmware x"}};
    EXPECT_THAT(report.note(done), ElementsAre("driver: mpt3sas: no", "firmware x"));
    EXPECT_THAT(report.lacking(), ElementsAre("network controller 8086:1572 at 0000:3b:00.0: no driver"));
}

TEST(DriverReport, TellsEachLineOnce) {
    DriverReport report;
    const Coldplug done{{}, {"a"}, {"b"}, {"c"}};
    (void)report.note(done);
    (void)report.lacking();
    EXPECT_THAT(report.note(done), IsEmpty());
    EXPECT_THAT(report.lacking(), IsEmpty());
    (void)report.note({{}, {"d"}, {}, {}});
    EXPECT_THAT(report.lacking(), ElementsAre("d"));
}
