// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/bonds.h"

#include "tests/unit/hwdetect/recorded_machine.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::initrd;
using test::RecordedMachine;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

config::Node with_bond() {
    config::Node node;
    node.nics.resize(1);
    node.nics[0].name = "bond1";
    node.nics[0].bond.emplace();
    node.nics[0].bond->members = {"port2", "port3"};
    return node;
}

// What the kernel tells of a bond of two ports.
std::vector<std::string> troubles(const std::string& mode, const std::string& ports, const std::string& partner,
                                  const std::string& second_link = "up") {
    const RecordedMachine machine("sys/class/net/bond1/bonding/mode = " + mode +
                                  "\nsys/class/net/bond1/bonding/ad_num_ports = " + ports +
                                  "\nsys/class/net/bond1/bonding/ad_partner_mac = " + partner +
                                  "\nsys/class/net/port2/bonding_slave/mii_status = up" +
                                  "\nsys/class/net/port3/bonding_slave/mii_status = " + second_link + "\n");
    return check_bonds(machine.root(), with_bond());
}

const std::string partner = "52:54:00:77:02:02", nobody = "00:00:00:00:00:00";

TEST(Bonds, OneWhoseEveryPortIsInUseIsNotMentioned) {
    EXPECT_THAT(troubles("802.3ad 4", "2", partner), IsEmpty());
    EXPECT_THAT(troubles("active-backup 1", "", ""), IsEmpty()) << "it has no partner";
}

TEST(Bonds, ASwitchThatWasNotToldOfLacpIsNoticed) {
    EXPECT_THAT(troubles("802.3ad 4", "1", nobody),
                ElementsAre("bond1: nobody answers by LACP: has the switch a LACP group of these ports?"));
}

TEST(Bonds, APortThatThePartnerDidNotTakeIsNoticed) {
    EXPECT_THAT(
        troubles("802.3ad 4", "1", partner),
        ElementsAre("bond1: LACP uses 1 of 2 ports that have a link: do all go to one LACP group, at one speed?"));
}

TEST(Bonds, APortWithoutALinkIsNamedOnce) {
    EXPECT_THAT(troubles("802.3ad 4", "1", partner, "down"), ElementsAre("bond1: its port port3 has no link"));
    EXPECT_THAT(troubles("active-backup 1", "", "", "down"), ElementsAre("bond1: its port port3 has no link"));
}

TEST(Bonds, OneThatTheKernelDoesNotHaveIsToldByOthers) {
    const RecordedMachine machine("sys/class/net/lo/mtu = 65536\n");
    EXPECT_THAT(check_bonds(machine.root(), with_bond()), IsEmpty());
}

}  // namespace
