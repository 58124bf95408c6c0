// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/changes.h"

#include "hwdetect/inventory_store.h"
#include "tests/unit/hwdetect/recorded_machine.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

using namespace pando;
using namespace pando::hwdetect;
using test::RecordedMachine;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

Inventory rack_server() {
    auto inventory = read_inventory(RecordedMachine::from_file("dell-r640").root());
    EXPECT_TRUE(inventory) << inventory.error().what;
    return inventory ? *inventory : Inventory{};
}

std::vector<std::string> lines(const std::vector<Change>& changes) {
    std::vector<std::string> out;
    for (const Change& change : changes) out.push_back(to_string(change));
    return out;
}

std::vector<std::string> changes_to(const Inventory& now) {
    auto changes = changes_between(to_json(rack_server()), to_json(now));
    EXPECT_TRUE(changes) << changes.error().what;
    return changes ? lines(*changes) : std::vector<std::string>();
}

}  // namespace

TEST(Changes, OfTheSameMachineAreNone) { EXPECT_THAT(changes_to(rack_server()), IsEmpty()); }

TEST(Changes, AreNotWhatDiffersFromBootToBoot) {
    Inventory now = rack_server();
    now.nics[0].link = false;
    now.nics[0].speed.reset();
    now.nics[0].boot = false;
    now.nics[0].name = "lan0";
    now.nics[1].mac = now.nics[1].permanent_mac;
    now.watchdogs[0].timeout = 60;
    now.watchdogs[0].device = "watchdog1";
    now.storage.sessions.clear();
    std::swap(now.storage.disks[1].name, now.storage.disks[2].name);
    std::swap(now.storage.disks[1], now.storage.disks[2]);
    now.storage.disks.pop_back();  // the LUN
    now.storage.disks.push_back({.name = "sdx", .size = 1, .transport = "usb"});
    now.memory.usable -= 4096;
    now.bmc->firmware.clear();  // its driver was not there in time
    EXPECT_THAT(changes_to(now), IsEmpty());
}

TEST(Changes, NameANicThatMovedItsSlot) {
    Inventory now = rack_server();
    now.nics[2].address = "0000:af:00.0";
    EXPECT_THAT(changes_to(now), ElementsAre("NIC b8:59:9f:00:10:20: address 0000:3b:00.0 -> address 0000:af:00.0"));
}

TEST(Changes, NameANicThatWasReplacedAndOneThatCame) {
    Inventory now = rack_server();
    now.nics[2].mac = now.nics[2].permanent_mac = "b8:59:9f:00:99:99";
    now.nics.push_back({.name = "ens9",
                        .mac = "24:6e:96:bb:00:01",
                        .permanent_mac = "24:6e:96:bb:00:01",
                        .driver = "ice",
                        .address = "0000:d9:00.0"});
    EXPECT_THAT(changes_to(now),
                ElementsAre(AllOf(HasSubstr("NIC: replaced: b8:59:9f:00:10:20"), HasSubstr("-> b8:59:9f:00:99:99")),
                            "NIC: added: 24:6e:96:bb:00:01 0000:d9:00.0 ice"));
}

TEST(Changes, NameADiskThatWasReplaced) {
    Inventory now = rack_server();
    now.storage.disks[2].serial = "NEW1";
    now.storage.disks[2].wwn = "naa.5000c50000000001";
    EXPECT_THAT(changes_to(now),
                ElementsAre(AllOf(HasSubstr("disk: replaced: SEAGATE ST2400MM0129 WFJ0A1C9"), HasSubstr("NEW1"))));
}

TEST(Changes, NameMemoryThatIsLess) {
    Inventory now = rack_server();
    now.memory.modules.erase(now.memory.modules.begin() + 1);
    now.memory.installed -= 32ULL << 30U;
    EXPECT_THAT(changes_to(now),
                ElementsAre("memory: 80 GiB -> 48 GiB",
                            AllOf(HasSubstr("memory module: gone: A2 32 GiB"), HasSubstr("4027F2D1"))));
}

TEST(Changes, NameAModuleThatChangedItsSlot) {
    Inventory now = rack_server();
    now.memory.modules[2].slot = "A4";
    EXPECT_THAT(changes_to(now), ElementsAre("memory module 2F11D3A0: slot A3 -> slot A4"));
}

TEST(Changes, NameAnUpdatedBios) {
    Inventory now = rack_server();
    now.system.bios_version = "2.11.0";
    EXPECT_THAT(changes_to(now), ElementsAre("BIOS: version 2.10.2 -> version 2.11.0"));
}

TEST(Changes, NameAnotherBoardInTheSameChassis) {
    Inventory now = rack_server();
    now.system.uuid = "6f1c1e1d-0b5e-4c1a-9d3e-0a4d4d000011";
    now.system.board_serial = "OTHER";
    EXPECT_THAT(changes_to(now), ElementsAre(HasSubstr("system: uuid 4c4c4544"), HasSubstr("board: serial .7XK2M93")));
}

TEST(Changes, NameABmcThatIsGone) {
    Inventory now = rack_server();
    now.bmc.reset();
    EXPECT_THAT(changes_to(now), ElementsAre(HasSubstr("BMC: gone")));
}

TEST(Changes, CompareOnlyWhatBothKnow) {
    auto older = nlohmann::ordered_json::parse(to_json(rack_server()));
    older.erase("gpus");
    older["bios"].erase("uefi");
    for (auto& nic : older["nics"]) nic.erase("driver");
    auto changes = changes_between(older.dump(), to_json(rack_server()));
    ASSERT_TRUE(changes) << changes.error().what;
    EXPECT_THAT(lines(*changes), IsEmpty());
}

TEST(Changes, AreRefusedForWhatIsNoInventory) {
    const std::string now = to_json(rack_server());
    for (const char* text : {"", "[]", "{", "{}", "null", "\xff"}) EXPECT_FALSE(changes_between(text, now)) << text;
    // Anything may stand in a file: no type is believed.
    for (const char* text : {R"({"system": 7, "nics": {"a": 1}, "memory": [], "disks": [1, null, {"size": "x"}]})",
                             R"({"system": {"uuid": [1, {"x": null}]}, "bmc": false, "nics": [[], {"mac": -1.5}]})"})
        EXPECT_TRUE(changes_between(text, now)) << text;
}

TEST(StoreInventory, KeepsTheLastTwoThatDiffer) {
    const auto directory = *TemporaryDirectory::create("/tmp", "store-");
    const Inventory before = rack_server();
    auto first = store_inventory(directory.path() / "pando", before);
    ASSERT_TRUE(first) << first.error().what;
    EXPECT_TRUE(first->first);
    EXPECT_THAT(first->changes, IsEmpty());
    const auto root = *Sysroot::open(directory.path());
    EXPECT_THAT(*last_changes(root, "pando"), IsEmpty());

    Inventory updated = before;
    updated.system.bios_version = "2.11.0";
    auto second = store_inventory(directory.path() / "pando", updated);
    ASSERT_TRUE(second) << second.error().what;
    EXPECT_FALSE(second->first);
    EXPECT_THAT(lines(second->changes), ElementsAre(HasSubstr("BIOS")));

    // A boot that changes nothing leaves the last change to be seen.
    updated.nics[0].link = false;
    auto third = store_inventory(directory.path() / "pando", updated);
    ASSERT_TRUE(third) << third.error().what;
    EXPECT_THAT(third->changes, IsEmpty());
    EXPECT_THAT(lines(*last_changes(root, "pando")), ElementsAre(HasSubstr("BIOS")));
}

TEST(StoreInventory, FindsTheChangesAgainAfterAPowerCut) {
    const auto directory = *TemporaryDirectory::create("/tmp", "store-");
    const Inventory before = rack_server();
    ASSERT_TRUE(store_inventory(directory.path(), before));
    Inventory updated = before;
    updated.system.bios_version = "2.11.0";
    // As it is after the first of the two files was written.
    ASSERT_TRUE(write_file_atomic(directory.path() / previous_inventory_file, to_json(before) + "\n"));
    EXPECT_THAT(*last_changes(*Sysroot::open(directory.path()), ""), IsEmpty());
    auto stored = store_inventory(directory.path(), updated);
    ASSERT_TRUE(stored) << stored.error().what;
    EXPECT_THAT(lines(stored->changes), ElementsAre(HasSubstr("BIOS")));
}

TEST(StoreInventory, WritesOverWhatIsUnreadableAndSaysSo) {
    const auto directory = *TemporaryDirectory::create("/tmp", "store-");
    ASSERT_TRUE(write_file_atomic(directory.path() / inventory_file, "{\"torn"));
    auto stored = store_inventory(directory.path(), rack_server());
    ASSERT_TRUE(stored) << stored.error().what;
    EXPECT_THAT(stored->unreadable, HasSubstr(inventory_file));
    EXPECT_FALSE(stored->first);
    EXPECT_EQ(store_inventory(directory.path(), rack_server())->unreadable, "");
}

TEST(LastChanges, OfANodeThatNeverStoredAnyAreAnErrorWithAdvice) {
    const auto directory = *TemporaryDirectory::create("/tmp", "store-");
    auto changes = last_changes(*Sysroot::open(directory.path()), "nothing");
    ASSERT_FALSE(changes);
    EXPECT_THAT(changes.error().advice, HasSubstr("booted"));
}
