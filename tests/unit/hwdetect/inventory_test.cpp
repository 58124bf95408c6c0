// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/inventory.h"

#include "tests/unit/hwdetect/recorded_machine.h"

#include <gmock/gmock.h>
#include <yaml-cpp/yaml.h>
#include <nlohmann/json.hpp>

using namespace pando;
using namespace pando::hwdetect;
using test::RecordedMachine;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

namespace {

Inventory inventory_of(const RecordedMachine& recorded) {
    auto inventory = read_inventory(recorded.root());
    EXPECT_TRUE(inventory) << inventory.error().what;
    return inventory ? *inventory : Inventory{};
}

Inventory inventory_of(const std::string& name) { return inventory_of(RecordedMachine::from_file(name)); }

}  // namespace

TEST(Inventory, OfARackServerHasItsNamesAndNumbers) {
    const SystemInfo system = inventory_of("dell-r640").system;
    EXPECT_EQ(system.uuid, "4c4c4544-0058-4b10-8032-b7c04f4d3933");
    EXPECT_EQ(system.vendor, "Dell Inc.");
    EXPECT_EQ(system.product, "PowerEdge R640");
    EXPECT_EQ(system.serial, "7XK2M93");
    EXPECT_EQ(system.board, "0X8HRD");
    EXPECT_EQ(system.board_serial, ".7XK2M93.CNFCP0095D00F3.");
    EXPECT_EQ(system.chassis, "rack mount");
    EXPECT_EQ(system.asset, "RACK 12 U 7");
    EXPECT_EQ(system.bios_version, "2.10.2");
    EXPECT_EQ(system.bios_date, "02/24/2021");
    EXPECT_TRUE(system.uefi);
}

TEST(Inventory, CountsSocketsCoresAndThreads) {
    const CpuInfo cpu = inventory_of("dell-r640").cpu;
    EXPECT_EQ(cpu.model, "Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz");
    EXPECT_EQ(cpu.sockets, 2U);
    EXPECT_EQ(cpu.cores, 4U);
    EXPECT_EQ(cpu.threads, 8U);
}

TEST(Inventory, KnowsEachMemoryModuleAndTheEmptySlots) {
    const MemoryInfo memory = inventory_of("dell-r640").memory;
    constexpr uint64_t gib = 1ULL << 30U;
    EXPECT_EQ(memory.installed, 80 * gib);
    EXPECT_EQ(memory.slots, 4U);
    ASSERT_THAT(memory.modules, SizeIs(3));
    EXPECT_EQ(memory.modules[0].slot, "A1");
    EXPECT_EQ(memory.modules[0].size, 32 * gib) << "more than the first size field can say";
    EXPECT_EQ(memory.modules[2].size, 16 * gib);
    EXPECT_EQ(memory.modules[0].type, "DDR4");
    EXPECT_EQ(memory.modules[0].speed, 2933U);
    EXPECT_EQ(memory.modules[1].serial, "4027F2D1");
    EXPECT_EQ(memory.usable, 82291000ULL << 10U);
}

TEST(Inventory, TellsTheOwnMacFromTheOneABondGave) {
    const auto nics = inventory_of("dell-r640").nics;
    ASSERT_THAT(nics, SizeIs(3));
    EXPECT_EQ(nics[1].mac, "24:6e:96:aa:00:01");
    EXPECT_EQ(nics[1].permanent_mac, "24:6e:96:aa:00:02");
    EXPECT_EQ(nics[0].speed, 10000U);
    EXPECT_TRUE(nics[0].link);
    EXPECT_FALSE(nics[2].link);
    EXPECT_EQ(nics[2].driver, "mlx5_core");
    EXPECT_EQ(nics[2].address, "0000:3b:00.0");
}

TEST(Inventory, KnowsWhichNicBooted) {
    const auto nics = inventory_of("dell-r640").nics;
    ASSERT_THAT(nics, SizeIs(3));
    EXPECT_TRUE(nics[0].boot);
    EXPECT_FALSE(nics[1].boot) << "it only has the same address now";
    EXPECT_FALSE(nics[2].boot);
}

TEST(Inventory, NamesMacsThatNameNoNic) {
    const auto of = [](const std::string& mac, const std::string& origin) {
        const auto nics = inventory_of(RecordedMachine("sys/class/net/eth0/address = " + mac +
                                                       "\nsys/class/net/eth0/type = 1\nsys/class/net/eth0/device/\n"
                                                       "sys/class/net/eth0/addr_assign_type = " +
                                                       origin))
                              .nics;
        return nics.size() == 1 ? nics[0].mac_kind : "no NIC";
    };
    EXPECT_EQ(of("00:00:00:00:00:00", "0"), "unusable");
    EXPECT_EQ(of("ff:ff:ff:ff:ff:ff", "0"), "unusable");
    EXPECT_EQ(of("02:11:22:33:44:55", "1"), "random");
    EXPECT_EQ(of("52:54:00:00:00:01", "0"), "local");
    EXPECT_EQ(of("24:6e:96:aa:00:01", "0"), "universal");
}

TEST(Inventory, HasControllersAndDisksButNoPartitionsAndLoops) {
    const StorageInfo storage = inventory_of("dell-r640").storage;
    ASSERT_THAT(storage.controllers, SizeIs(2));
    EXPECT_EQ(storage.controllers[0].kind, "SAS");
    EXPECT_EQ(storage.controllers[0].driver, "mpt3sas");
    EXPECT_EQ(storage.controllers[0].id, "1000:0097");
    EXPECT_EQ(storage.controllers[1].kind, "NVMe");
    std::vector<std::string> names, transports;
    for (const Disk& disk : storage.disks) {
        names.push_back(disk.name);
        transports.push_back(disk.transport);
    }
    EXPECT_THAT(names, ElementsAre("nvme0n1", "sda", "sdb", "sdc"));
    EXPECT_THAT(transports, ElementsAre("nvme", "sas", "sas", "iscsi"));
    const Disk& disk = storage.disks[1];
    EXPECT_EQ(disk.serial, "WFJ0A1B2");
    EXPECT_EQ(disk.wwn, "naa.5000c500a1b2c3d4");
    EXPECT_EQ(disk.model, "ST2400MM0129");
    EXPECT_EQ(disk.size, 4688430768ULL * 512);
    EXPECT_TRUE(disk.rotational);
    EXPECT_EQ(disk.address, "0000:65:00.0");
    EXPECT_EQ(storage.disks[0].serial, "S4H2NA0M700123");
    EXPECT_FALSE(storage.disks[0].rotational);
}

TEST(Inventory, KnowsTheWaysToRemoteDisks) {
    const StorageInfo rack = inventory_of("dell-r640").storage;
    EXPECT_EQ(rack.initiator, "iqn.2026-01.org.pando:n1");
    ASSERT_THAT(rack.sessions, SizeIs(1));
    EXPECT_EQ(rack.sessions[0].portal, "192.0.2.1:3260");
    ASSERT_THAT(rack.nvme, SizeIs(1));
    EXPECT_EQ(rack.nvme[0].transport, "pcie");
    const StorageInfo blade = inventory_of("hpe-bl460c").storage;
    ASSERT_THAT(blade.fc_ports, SizeIs(1));
    EXPECT_EQ(blade.fc_ports[0].wwpn, "0x5001438028cd0a10");
    EXPECT_EQ(blade.fc_ports[0].address, "0000:0a:00.0");
}

TEST(Inventory, TakesTheInitiatorNameOfThisMachineWithoutASession) {
    const RecordedMachine recorded("etc/iscsi/initiatorname.iscsi = InitiatorName=iqn.1993-08.org.debian:01:abc");
    EXPECT_EQ(inventory_of(recorded).storage.initiator, "iqn.1993-08.org.debian:01:abc");
}

TEST(Inventory, KnowsTheBmcByDriverAndByFirmware) {
    const auto bmc = inventory_of("dell-r640").bmc;
    ASSERT_TRUE(bmc);
    EXPECT_EQ(bmc->device, "ipmi0");
    EXPECT_EQ(bmc->type, "kcs");
    EXPECT_EQ(bmc->specification, "2.0");
    EXPECT_EQ(bmc->bus_address, "io 0xca2");
    EXPECT_EQ(bmc->address, "169.254.0.1");
    EXPECT_EQ(bmc->firmware, "4.40");
    EXPECT_EQ(bmc->guid, "3239334f-c0b7-3280-104b-00584c4c4544");
}

TEST(Inventory, KnowsABmcWithoutADriver) {
    const auto bmc = inventory_of(RecordedMachine("dmi 38 = 04 15 20 ff 40 00 00 00 00 00 00 00")).bmc;
    ASSERT_TRUE(bmc);
    EXPECT_EQ(bmc->device, "");
    EXPECT_EQ(bmc->type, "ssif");
    EXPECT_EQ(bmc->specification, "1.5");
    EXPECT_EQ(bmc->bus_address, "i2c 0x20");
    EXPECT_FALSE(inventory_of("microvm").bmc);
}

TEST(Inventory, TakesNoAddressFromABrokenHostInterface) {
    for (const char* record : {"40 03 02 00 00 01 04 ff 01", "40 ff", "40 03 02 00 00 ff 04 04 01 02 03 04", "40",
                               "40 03 02 00 00 01 04 03 01 02 03"}) {
        const auto bmc = inventory_of(RecordedMachine(std::string("dmi 38 = 01 20\ndmi 42 = ") + record)).bmc;
        ASSERT_TRUE(bmc) << record;
        EXPECT_EQ(bmc->address, "") << record;
    }
}

TEST(Inventory, KnowsWhatWatchdogsReallyTake) {
    const auto rack = inventory_of("dell-r640").watchdogs;
    ASSERT_THAT(rack, SizeIs(1));
    EXPECT_EQ(rack[0].range_from, "kernel");
    EXPECT_EQ(rack[0].min_timeout, 2U);
    const auto blade = inventory_of("hpe-bl460c").watchdogs;
    ASSERT_THAT(blade, SizeIs(1));
    EXPECT_EQ(blade[0].range_from, "driver");
    EXPECT_FALSE(blade[0].max_timeout);
    // The BMC's own has no place in the class.
    const auto board = inventory_of("supermicro-placeholders").watchdogs;
    ASSERT_THAT(board, SizeIs(1));
    EXPECT_EQ(board[0].driver, "ipmi_watchdog");
    EXPECT_EQ(board[0].timeout, 10U);
    EXPECT_EQ(board[0].max_timeout, 6553U);
}

TEST(Inventory, HasTpmAndNamesGpus) {
    const Inventory rack = inventory_of("dell-r640");
    ASSERT_TRUE(rack.tpm);
    EXPECT_EQ(rack.tpm->version, "2.0");
    ASSERT_THAT(rack.gpus, SizeIs(1));
    EXPECT_EQ(rack.gpus[0].id, "102b:0536");
    EXPECT_FALSE(inventory_of("microvm").tpm);
}

TEST(Inventory, ShowsPlaceholdersAndNamesThem) {
    const Inventory board = inventory_of("supermicro-placeholders");
    EXPECT_EQ(board.system.uuid, "03000200-0400-0500-0006-000700080009");
    EXPECT_EQ(board.system.asset, "To be filled by O.E.M.");
    EXPECT_THAT(placeholders(board),
                ElementsAre("system.uuid", "system.serial", "board.serial", "chassis.serial", "chassis.asset"));
    EXPECT_THAT(to_text(board), HasSubstr("serial \"0123456789\" (a placeholder)"));
    EXPECT_THAT(placeholders(inventory_of("dell-r640")), IsEmpty());
}

TEST(Inventory, OfARecordedVirtualMachineIsComplete) {
    const Inventory machine = inventory_of("microvm");
    EXPECT_EQ(machine.cpu.cores, 2U);
    EXPECT_EQ(machine.memory.installed, 24ULL << 30U) << "all memory blocks, not only what the kernel manages";
    EXPECT_EQ(machine.memory.usable, 24731708ULL << 10U);
    ASSERT_THAT(machine.nics, SizeIs(1));
    EXPECT_EQ(machine.nics[0].driver, "virtio_net");
    EXPECT_FALSE(machine.nics[0].speed) << "-1 is no speed";
    ASSERT_THAT(machine.storage.disks, SizeIs(1));
    EXPECT_EQ(machine.storage.disks[0].size, 256ULL << 30U);
    EXPECT_EQ(machine.storage.disks[0].transport, "virtio");
    ASSERT_THAT(machine.storage.controllers, SizeIs(1));
    EXPECT_EQ(machine.storage.controllers[0].driver, "virtio_blk");
}

TEST(Inventory, OfNothingIsEmpty) {
    const Inventory nothing = inventory_of(RecordedMachine("sys/"));
    EXPECT_THAT(nothing.nics, IsEmpty());
    EXPECT_THAT(nothing.faults, IsEmpty());
    EXPECT_FALSE(nothing.bmc);
}

TEST(Inventory, TellsOfABrokenFirmwareTable) {
    RecordedMachine recorded("dmi 1 = 01 02 00 03 | Maker | Thing | S1");
    const Inventory broken = inventory_of(recorded);
    EXPECT_EQ(broken.system.serial, "S1");
    EXPECT_THAT(broken.faults, ElementsAre(HasSubstr("no end mark")));
    EXPECT_THAT(to_text(broken), HasSubstr("no end mark"));
}

// The same keys, the same values: one is made of the other's tree, and a text stays a text.
TEST(Inventory, IsTheSameInJsonAndYaml) {
    for (const char* name : {"dell-r640", "hpe-bl460c", "supermicro-placeholders", "qemu-q35", "microvm"}) {
        const Inventory inventory = inventory_of(name);
        const auto json = nlohmann::ordered_json::parse(to_json(inventory));
        const YAML::Node yaml = YAML::Load(to_yaml(inventory));
        ASSERT_EQ(yaml.size(), json.size()) << name;
        for (const auto& [key, value] : json.items()) ASSERT_TRUE(yaml[key].IsDefined()) << name << ' ' << key;
        EXPECT_EQ(yaml["system"]["uuid"].as<std::string>(), json["system"]["uuid"].get<std::string>());
        EXPECT_EQ(yaml["memory"]["installed"].as<uint64_t>(), json["memory"]["installed"].get<uint64_t>());
        EXPECT_EQ(yaml["nics"].size(), json["nics"].size());
        EXPECT_EQ(yaml["nics"][0]["mac"].as<std::string>(), json["nics"][0]["mac"].get<std::string>());
        EXPECT_EQ(yaml["bmc"].IsNull(), json["bmc"].is_null()) << name;
    }
    EXPECT_EQ(YAML::Load(to_yaml(inventory_of("supermicro-placeholders")))["system"]["serial"].Tag(), "!")
        << "a serial of digits is quoted";
}

TEST(Inventory, AsTextHasOneLineAPart) {
    const std::string text = to_text(inventory_of("dell-r640"));
    for (const char* line :
         {"system     Dell Inc. PowerEdge R640, serial 7XK2M93, UUID 4c4c4544-0058-4b10-8032-b7c04f4d3933\n",
          "CPU        2 x Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz, 4 cores, 8 threads\n",
          "memory     80 GiB, 3 of 4 slots filled\n", "24:6e:96:aa:00:02 (now 24:6e:96:aa:00:01)",
          "takes 2..613 s (kernel)", "TPM        tpm0, version 2.0\n"})
        EXPECT_THAT(text, HasSubstr(line));
    EXPECT_THAT(text, Not(HasSubstr("  \n"))) << "no white space at the end of a line";
}
