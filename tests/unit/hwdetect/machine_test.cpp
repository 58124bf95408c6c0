// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/machine.h"

#include "tests/unit/hwdetect/recorded_machine.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::hwdetect;
using test::RecordedMachine;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

Machine machine_of(const RecordedMachine& recorded) {
    auto machine = read_machine(recorded.root());
    EXPECT_TRUE(machine) << machine.error().what;
    return machine ? *machine : Machine{};
}

std::vector<std::string> macs(const Machine& machine) {
    std::vector<std::string> out;
    for (const auto& nic : machine.nics) out.push_back(nic.mac);
    return out;
}

}  // namespace

TEST(Machine, OfARackServerIsReadInFull) {
    const Machine machine = machine_of(RecordedMachine::from_file("dell-r640"));
    EXPECT_EQ(machine.vendor, "Dell Inc.");
    EXPECT_EQ(machine.product, "PowerEdge R640");
    EXPECT_EQ(machine.serial, "7XK2M93");
    EXPECT_EQ(machine.uuid, "4c4c4544-0058-4b10-8032-b7c04f4d3933");
    EXPECT_EQ(machine.asset, "RACK 12 U 7");
    ASSERT_EQ(machine.watchdogs.size(), 1U);
    EXPECT_EQ(machine.watchdogs[0].identity, "iTCO_wdt");
    EXPECT_EQ(machine.watchdogs[0].timeout, 30U);
    EXPECT_EQ(machine.watchdogs[0].max_timeout, 613U);
    ASSERT_TRUE(machine.bmc);
    EXPECT_EQ(machine.bmc->device, "ipmi0");
    EXPECT_EQ(machine.bmc->type, "kcs");
}

TEST(Machine, HasOnlyItsPhysicalNics) {
    const Machine machine = machine_of(RecordedMachine::from_file("dell-r640"));
    ASSERT_EQ(machine.nics.size(), 3U);
    EXPECT_EQ(machine.nics[0].name, "eno1");
    EXPECT_EQ(machine.nics[0].driver, "tg3");
    EXPECT_EQ(machine.nics[0].device, "0000:18:00.0");
    EXPECT_TRUE(machine.nics[0].carrier);
    EXPECT_FALSE(machine.nics[1].carrier);
    EXPECT_FALSE(machine.nics[2].carrier) << "a NIC that is down has none";
}

TEST(Machine, KnowsTheOwnMacOfABondsMember) {
    EXPECT_THAT(macs(machine_of(RecordedMachine::from_file("dell-r640"))),
                ElementsAre("24:6e:96:aa:00:01", "24:6e:96:aa:00:02", "b8:59:9f:00:10:20"));
}

TEST(Machine, LeavesVirtualFunctionsAndInfinibandOut) {
    EXPECT_THAT(macs(machine_of(RecordedMachine::from_file("hpe-bl460c"))),
                ElementsAre("9c:dc:71:00:00:10", "9c:dc:71:00:00:14"));
}

TEST(Machine, TrimsBlanksAndDropsPlaceholders) {
    const Machine machine = machine_of(RecordedMachine::from_file("hpe-bl460c"));
    EXPECT_EQ(machine.serial, "CZ3514H0RW");
    EXPECT_EQ(machine.asset, "");
    const Machine empty = machine_of(RecordedMachine::from_file("supermicro-placeholders"));
    EXPECT_EQ(empty.uuid, "");
    EXPECT_EQ(empty.serial, "");
    EXPECT_EQ(empty.asset, "");
    EXPECT_THAT(describe(empty), HasSubstr("MAC ac:1f:6b:12:34:56"));
}

TEST(Machine, FindsTheBmcWithoutItsDeviceNode) {
    const Machine machine = machine_of(RecordedMachine::from_file("hpe-bl460c"));
    ASSERT_TRUE(machine.bmc);
    EXPECT_EQ(machine.bmc->device, "IPI0001:00");
    EXPECT_EQ(machine.bmc->type, "kcs");
}

TEST(Machine, NamesTheCardBehindAVirtioNic) {
    const Machine machine = machine_of(RecordedMachine::from_file("qemu-q35"));
    ASSERT_EQ(machine.nics.size(), 1U);
    EXPECT_EQ(machine.nics[0].device, "0000:00:02.0");
    EXPECT_EQ(machine.nics[0].driver, "virtio_net");
    EXPECT_FALSE(machine.bmc);
    EXPECT_EQ(describe(machine),
              "QEMU Standard PC (Q35 + ICH9, 2009), UUID 6f1c1e1d-0b5e-4c1a-9d3e-0a4d4d000011, "
              "MAC 52:54:00:4d:00:11");
}

TEST(Machine, WithoutFirmwareTablesOrNicsIsNoError) {
    const Machine machine = machine_of(RecordedMachine("sys/"));
    EXPECT_EQ(describe(machine), "a machine without a name, no NIC");
}

TEST(Machine, TakesNoControlCharactersFromFirmware) {
    const RecordedMachine recorded(
        "sys/class/dmi/id/product_serial = AB\x1b[2J\x01\xff\xfe"
        "CD");
    EXPECT_EQ(machine_of(recorded).serial, "AB [2J CD");
}

TEST(Machine, HasNoUuidWhenFirmwareGivesNone) {
    for (const char* text : {"Not Settable", "4C4C4544", "4c4c4544-0058-4b10-8032-b7c04f4d393x", "zzzz"}) {
        const RecordedMachine recorded(std::string("sys/class/dmi/id/product_uuid = ") + text);
        EXPECT_EQ(machine_of(recorded).uuid, "") << text;
    }
}

TEST(Machine, KnowsAMacThatTheKernelMadeUp) {
    const RecordedMachine recorded(
        "sys/class/net/eth0/address = 02:11:22:33:44:55\nsys/class/net/eth0/type = 1\n"
        "sys/class/net/eth0/addr_assign_type = 1\nsys/class/net/eth0/device/");
    const Machine machine = machine_of(recorded);
    ASSERT_EQ(machine.nics.size(), 1U);
    EXPECT_TRUE(machine.nics[0].random_mac);
}
