// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/membership_log.h"

#include <gmock/gmock.h>
#include <cstdlib>
#include <ctime>

using namespace pando::nodes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = MembershipChange::Kind;

namespace {

// What corosync 3.1.7 wrote on n1 of three: n2 lost its power, came back, and was stopped in order.
constexpr const char* recorded =
    "Nov 23 13:30:25.340 [148] n1 corosync info    [KNET  ] link: host: 2 link: 0 is down\n"
    "Nov 23 13:30:25.344 [148] n1 corosync warning [KNET  ] host: host: 2 has no active links\n"
    "Nov 23 13:30:27.616 [148] n1 corosync notice  [TOTEM ] Token has not been received in 4500 ms \n"
    "Nov 23 13:30:36.348 [148] n1 corosync notice  [QUORUM] Sync left[1]: 2\n"
    "Nov 23 13:30:36.348 [148] n1 corosync notice  [TOTEM ] A new membership (1.1d) was formed. Members left: 2\n"
    "Nov 23 13:30:36.352 [148] n1 corosync notice  [TOTEM ] Failed to receive the leave message. failed: 2\n"
    "Nov 23 13:31:23.368 [148] n1 corosync info    [KNET  ] rx: host: 2 link: 0 is up\n"
    "Nov 23 13:31:24.148 [148] n1 corosync notice  [TOTEM ] A new membership (1.21) was formed. Members joined: 2\n"
    "Nov 23 13:33:27.808 [148] n1 corosync notice  [CFG   ] Node 2 was shut down by sysadmin\n"
    "Nov 23 13:33:27.888 [148] n1 corosync notice  [TOTEM ] A new membership (1.25) was formed. Members left: 2\n";

class MembershipLog : public testing::Test {
protected:
    MembershipLog() {
        setenv("TZ", "UTC", 1);
        tzset();
    }
};

std::vector<Kind> kinds_of(const std::vector<MembershipChange>& changes) {
    std::vector<Kind> kinds;
    for (const auto& change : changes) kinds.push_back(change.kind);
    return kinds;
}

}  // namespace

TEST_F(MembershipLog, TellsWhoLeftAndHow) {
    const auto changes = read_membership_log(recorded, 2026);
    EXPECT_THAT(kinds_of(changes), ElementsAre(Kind::link_down, Kind::silent, Kind::left, Kind::failed, Kind::joined,
                                               Kind::leaving, Kind::left));
    EXPECT_EQ(changes[2].at, 1795440636348) << "2026-11-23T13:30:36.348Z";
    EXPECT_TRUE(changes[2].names(2));
    EXPECT_FALSE(changes[2].names(1));
    EXPECT_THAT(changes[1].ids, IsEmpty());
    EXPECT_EQ(changes[1].text, "Token has not been received in 4500 ms");
}

TEST_F(MembershipLog, OneLineMayTellOfSeveralNodes) {
    const auto changes = read_membership_log(
        "Nov  3 01:02:03.004 [9] n1 corosync notice  [TOTEM ] A new membership (1.2) was formed. Members joined: 3 4 "
        "left: 2 5\n",
        2026);
    EXPECT_THAT(kinds_of(changes), ElementsAre(Kind::left, Kind::joined));
    EXPECT_THAT(changes[0].ids, ElementsAre(2, 5));
    EXPECT_THAT(changes[1].ids, ElementsAre(3, 4));
}

TEST_F(MembershipLog, ItsLinesHaveNoYear) {
    const auto changes = read_membership_log(
        "Dec 31 23:59:59.000 [9] n1 corosync notice  [TOTEM ] A new membership (1.2) was formed. Members left: 2\n"
        "Jan  1 00:00:01.000 [9] n1 corosync notice  [TOTEM ] A new membership (1.3) was formed. Members joined: 2\n",
        2027);
    ASSERT_THAT(changes, SizeIs(2));
    EXPECT_EQ(changes[1].at - changes[0].at, 2000);
}

TEST_F(MembershipLog, TornAndStrangeLinesArePassedOver) {
    for (const char* line :
         {"", "\n\n", "Nov 23 13:30:36.3", "Foo 23 13:30:36.348 [1] n1 corosync notice [TOTEM ] x",
          "Nov 23 13:30:36.348 [148] n1 corosync notice  [TOTEM ] A new membership (1.1d) was formed.",
          "Nov 23 aa:30:36.348 [148] n1 corosync notice  [TOTEM ] A new membership () Members left: 2",
          "Nov 23 13:30:36.348 [148] n1 corosync notice  [TOTEM ] A new membership left: 99999999999",
          "Nov 23 13:30:36.348 no bracket at all", "\xff\xfe\x80 corosync ] "})
        EXPECT_THAT(read_membership_log(line, 2026), IsEmpty()) << line;
}
