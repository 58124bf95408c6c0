// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/network.h"

#include <gtest/gtest.h>

namespace pando::lab {
namespace {

TEST(LabNetwork, CommandsMakeBridgeAddressesAndTaps) {
    EXPECT_EQ(network_commands({"/s/lab", "br0", {"10.77.0.1/24", "10.77.0.101/24"}, {"tap1.0"}}),
              "link set lo alias /s/lab\n"
              "link set lo up\n"
              "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
              "addr add 10.77.0.1/24 dev br0\n"
              "addr add 10.77.0.101/24 dev br0\n"
              "link set br0 up\n"
              "tuntap add dev tap1.0 mode tap\n"
              "link set tap1.0 master br0 up\n");
}

TEST(LabNetwork, ABoundPortIsFoundByItsAddressOrTheWildcard) {
    const std::string table =
        "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        " 4395: 65004D0A:026F 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 53580 2\n"
        " 4396: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 53581 2\n";
    EXPECT_TRUE(port_in_table(table, "10.77.0.101", 623));
    EXPECT_FALSE(port_in_table(table, "10.77.0.102", 623));
    EXPECT_FALSE(port_in_table(table, "10.77.0.101", 624));
    EXPECT_TRUE(port_in_table(table, "10.77.0.1", 67));
    EXPECT_FALSE(port_in_table("", "10.77.0.1", 67));
}

}  // namespace
}  // namespace pando::lab
