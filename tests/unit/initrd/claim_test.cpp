// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/claim.h"

#include "base/file.h"
#include "base/log.h"
#include "config/slots.h"
#include "initrd/beat.h"
#include "initrd/boot.h"
#include "initrd/boot_nic.h"
#include "initrd/pending.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>
#include <atomic>
#include <thread>

namespace pando::initrd {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
namespace fs = std::filesystem;

class OnLun : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create(fs::temp_directory_path(), "pando-claim");
        ASSERT_TRUE(made);
        place.emplace(std::move(*made));
        const UniqueFd fd(open(lun().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_EQ(ftruncate(fd.get(), 64 << 20), 0);
    }
    fs::path lun() const { return place->path() / "lun"; }
    std::unique_ptr<Store> store() const { return std::move(open_store(lun()).value()); }

    std::optional<TemporaryDirectory> place;
};

config::Claim of(const std::string& serial, const std::string& mac, const std::string& boot) {
    config::Claim claim;
    claim.id = 2;
    claim.node = "n2";
    claim.machine.identity.serial = serial;
    claim.machine.macs = {mac};
    claim.machine.address = "192.0.2.12";
    claim.boot = boot;
    return claim;
}

// A machine that is up: it beats until the end, and keeps who took its node from it.
class Living {
public:
    Living(std::unique_ptr<Store> store, config::Claim claim)
        : store_(std::move(store)), claim_(std::move(claim)), thread_([this] {
              while (!stop_)
                  if (beat(*store_, claim_).value_or(claim_)) lost_ = true;
          }) {}
    ~Living() {
        stop_ = true;
        thread_.join();
    }
    bool lost() const { return lost_; }

private:
    std::unique_ptr<Store> store_;
    config::Claim claim_;
    std::atomic<bool> stop_ = false, lost_ = false;
    std::thread thread_;
};

const std::string mac_a = "52:54:00:00:00:0a", mac_b = "52:54:00:00:00:0b";
constexpr Milliseconds boots = seconds(15);  // what a machine may take from its claim to its beat
Deadline soon() { return Deadline::after(seconds(20)); }

using Claims = OnLun;

TEST_F(Claims, OneThatWasGivenBackIsTakenByAnotherMachineAtOnce) {
    const auto lun = store();
    ASSERT_TRUE(take_claim(*lun, of("A", mac_a, "boot a"), boots, soon()));
    ASSERT_TRUE(give_back_claim(*lun, 2, "boot a"));
    const auto started = std::chrono::steady_clock::now();
    EXPECT_TRUE(take_claim(*lun, of("B", mac_b, "boot b"), boots, soon()));
    EXPECT_LT(std::chrono::steady_clock::now() - started, seconds(2));
}

TEST_F(Claims, OneOfAnotherBootIsNotGivenBack) {
    const auto lun = store();
    ASSERT_TRUE(take_claim(*lun, of("A", mac_a, "boot a"), boots, soon()));
    ASSERT_TRUE(give_back_claim(*lun, 2, "boot b"));
    const auto there = config::read_claim(*lun, 2);
    ASSERT_TRUE(there && *there);
    EXPECT_EQ((*there)->state, config::ClaimState::booting);
}

TEST_F(Claims, AFreeNodeIsTakenAtOnce) {
    const auto disk = store();
    const auto taken = take_claim(*disk, of("A", mac_a, "boot-1"), boots, soon());
    ASSERT_TRUE(taken) << taken.error().what;
    const auto there = config::read_claim(*disk, 2);
    ASSERT_TRUE(there && *there);
    EXPECT_EQ((*there)->boot, "boot-1");
    EXPECT_EQ((*there)->beat, taken->beat);
}

TEST_F(Claims, AMachineThatDiedTakesItsOwnNodeBackWithoutWaiting) {
    const auto disk = store();
    ASSERT_TRUE(take_claim(*disk, of("A", mac_a, "boot-1"), boots, soon()));
    const auto begin = since_boot();
    const auto again = take_claim(*disk, of("A", mac_a, "boot-2"), boots, soon());
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_LT((since_boot() - begin).count(), config::beat_patience.count() / 2);
    EXPECT_GT(again->beat, 1U) << "a reader that knew the old beat sees a new one";
}

TEST_F(Claims, ANodeWhoseMachineLivesIsRefusedAndNotDisturbed) {
    const auto disk = store();
    auto first = take_claim(*disk, of("A", mac_a, "boot-1"), boots, soon());
    ASSERT_TRUE(first);
    const Living living(store(), *first);
    const auto second = take_claim(*store(), of("B", mac_b, "boot-9"), boots, soon());
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().what, HasSubstr("node n2 runs on another machine"));
    EXPECT_THAT(second.error().what, HasSubstr("serial A"));
    EXPECT_THAT(second.error().what, HasSubstr("192.0.2.12"));
    EXPECT_THAT(second.error().advice, HasSubstr("pando node replace n2"));
    EXPECT_FALSE(living.lost());
    EXPECT_EQ(config::read_claim(*disk, 2).value().value().boot, "boot-1");
}

TEST_F(Claims, ADuplicateOfTheSameUuidAndSerialIsToldApartByItsMac) {
    const auto disk = store();
    auto first = take_claim(*disk, of("A", mac_a, "boot-1"), boots, soon());
    ASSERT_TRUE(first);
    const Living living(store(), *first);
    EXPECT_FALSE(take_claim(*store(), of("A", mac_b, "boot-9"), boots, soon()));
}

TEST_F(Claims, ADeadMachinesNodeIsTakenWhenItsBeatStoodStill) {
    const auto disk = store();
    auto dead = of("A", mac_a, "boot-1");
    dead.state = config::ClaimState::up;
    ASSERT_TRUE(config::write_claim(*disk, dead));
    const auto begin = since_boot();
    const auto taken = take_claim(*disk, of("B", mac_b, "boot-9"), boots, soon());
    ASSERT_TRUE(taken) << taken.error().what;
    EXPECT_GE((since_boot() - begin).count(), config::beat_patience.count());
}

// As a blade is between the stages identity and join: it has claimed its node, and does not beat yet.
TEST_F(Claims, AMachineThatBootsIsNotTakenForDead) {
    const auto disk = store();
    auto first = take_claim(*disk, of("A", mac_a, "boot-1"), boots, soon());
    ASSERT_TRUE(first);
    Result<std::optional<config::Claim>> joined;
    std::thread boots_on([&] {
        (void)poll(nullptr, 0, static_cast<int>(config::beat_patience.count()) + 500);
        joined = beat(*disk, *first);
    });
    const auto second = take_claim(*store(), of("B", mac_b, "boot-9"), boots, soon());
    boots_on.join();
    ASSERT_FALSE(second) << "the first was disturbed";
    EXPECT_THAT(second.error().what, HasSubstr("node n2 runs on another machine"));
    ASSERT_TRUE(joined);
    EXPECT_FALSE(*joined) << "the first was disturbed";
}

TEST_F(Claims, AMachineThatDiedWhileItBootedIsWaitedForNoLonger) {
    const auto disk = store();
    ASSERT_TRUE(take_claim(*disk, of("A", mac_a, "boot-1"), boots, soon()));
    EXPECT_TRUE(take_claim(*disk, of("B", mac_b, "boot-9"), seconds(1), soon()));
}

TEST_F(Claims, AMachineThatBootsIsNotTakenForDeadForLackOfTime) {
    const auto disk = store();
    ASSERT_TRUE(take_claim(*disk, of("A", mac_a, "boot-1"), boots, soon()));
    const auto second = take_claim(*disk, of("B", mac_b, "boot-9"), boots, Deadline::after(seconds(14)));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::timeout);
    EXPECT_THAT(second.error().advice, HasSubstr("15.0 s"));
}

// pando node replace clears the claim of the machine that goes.
TEST_F(Claims, AClaimThatIsClearedMeanwhileIsFree) {
    const auto disk = store();
    ASSERT_TRUE(take_claim(*disk, of("A", mac_a, "boot-1"), boots, soon()));
    std::thread replaces([&] {
        (void)poll(nullptr, 0, 200);
        EXPECT_TRUE(config::clear_claim(*disk, 2));
    });
    const auto begin = since_boot();
    EXPECT_TRUE(take_claim(*store(), of("B", mac_b, "boot-9"), boots, soon()));
    replaces.join();
    EXPECT_LT(since_boot() - begin, seconds(5));
}

TEST(BootingPatience, IsTheTimeOfTheStagesWithoutABeat) {
    config::Cluster cluster;
    EXPECT_EQ(booting_patience(cluster), std::chrono::minutes(4) + config::beat_patience);
    cluster.boot.stages["storage"].deadline = seconds(300);
    cluster.boot.stages["identity"].deadline = seconds(3000);
    cluster.boot.stages["join"].deadline = seconds(3000);
    EXPECT_EQ(booting_patience(cluster), std::chrono::minutes(8) + config::beat_patience);
}

TEST_F(Claims, AClaimThatWasGivenBackIsFree) {
    const auto disk = store();
    auto first = take_claim(*disk, of("A", mac_a, "boot-1"), boots, soon());
    ASSERT_TRUE(first);
    first->state = config::ClaimState::left;
    ASSERT_TRUE(beat(*disk, *first));
    const auto begin = since_boot();
    ASSERT_TRUE(take_claim(*disk, of("B", mac_b, "boot-9"), boots, soon()));
    EXPECT_LT((since_boot() - begin).count(), config::beat_patience.count() / 2);
}

// Both have seen a free node, and write: the one that is overwritten finds it out at its next beat.
TEST_F(Claims, OfTwoThatClaimAtOnceOneFindsThatItLost) {
    const auto disk = store();
    auto loser = take_claim(*disk, of("A", mac_a, "boot-1"), boots, soon());
    ASSERT_TRUE(loser);
    ASSERT_TRUE(config::write_claim(*disk, of("B", mac_b, "boot-9")));
    const auto other = beat(*disk, *loser);
    ASSERT_TRUE(other);
    ASSERT_TRUE(*other);
    EXPECT_EQ((*other)->boot, "boot-9");
    EXPECT_EQ(config::read_claim(*disk, 2).value().value().boot, "boot-9") << "and wrote nothing";
}

using PendingMachine = OnLun;

std::string description(const std::string& serial_of_n2) {
    return R"(cluster: {name: grove, authkey: authkey}
storage: {transport: iscsi, iscsi: {portals: [192.0.2.1], target: "iqn.2026-01.org.example:root"}}
boot: {server: 192.0.2.1, interface: eth0, subnet: 192.0.2.0/24}
profiles:
  blade:
    fence: [{agent: fence_ipmilan, options: {ip: "192.0.2.10{id}", username: a, password: b, lanplus: 1}}]
nodes:
  - {name: n1, id: 1, profile: blade, machine: {serial: one}, nics: [{name: lan0, mac: "52:54:00:00:00:01", address: 192.0.2.11/24}]}
  - {name: n2, id: 2, profile: blade, machine: {serial: )" +
           serial_of_n2 + R"(}, nics: [{name: lan0, mac: "52:54:00:00:00:02", address: 192.0.2.12/24}]}
)";
}

config::Bundle bundle(uint64_t generation, const std::string& serial_of_n2) {
    return {"grove", generation, {{"cluster.yaml", description(serial_of_n2)}, {"authkey", std::string(256, 'k')}}};
}

struct Stranger {
    explicit Stranger(const fs::path& lun) {
        boot.run = lun.parent_path();
        boot.arguments.cluster = "grove";
        boot.machine.serial = "new-blade";
        boot.machine.nics = {{.name = "eth0", .mac = "52:54:00:00:00:99"}};
        boot.store = std::move(open_store(lun).value());
        boot.timeline = Timeline("/dev/null");
        boot.timeline.begin("identity", 1);
        boot.bundle = config::read_newest(*boot.store, "grove").value();
        boot.cluster = boot.bundle->description().value();
    }
    MachineReader reader() const {
        return [machine = boot.machine] { return machine; };
    }
    Boot boot;
};

TEST_F(PendingMachine, IsSeenAndGoesOnWhenANewerDescriptionNamesIt) {
    const auto disk = store();
    ASSERT_TRUE(config::write_slot(*disk, bundle(1, "old-blade")));
    Stranger stranger(lun());
    Result<> done;
    std::thread waits([&] { done = identify_or_wait(stranger.boot, stranger.reader(), soon()); });
    // An operator looks, and sees who waits.
    std::vector<config::Pending> seen;
    for (const Deadline look = soon(); seen.empty() && !look.passed();)
        seen = config::read_pending(*disk).value_or(std::vector<config::Pending>());
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].machine.identity.serial, "new-blade");
    EXPECT_THAT(seen[0].machine.macs, testing::ElementsAre("52:54:00:00:00:99"));
    ASSERT_TRUE(config::write_slot(*disk, bundle(2, "new-blade")));
    waits.join();
    ASSERT_TRUE(done) << done.error().what;
    ASSERT_NE(stranger.boot.identity.node, nullptr);
    EXPECT_EQ(stranger.boot.identity.node->name, "n2");
    EXPECT_EQ(stranger.boot.bundle->generation, 2U);
    EXPECT_TRUE(config::read_pending(*disk).value().empty()) << "nobody waits any more";
}

TEST_F(PendingMachine, ANicThatComesLateTellsWhoItIs) {
    const auto disk = store();
    auto by_mac = bundle(1, "old-blade");
    std::string& text = by_mac.files.at("cluster.yaml");
    text.replace(text.find("machine: {serial: one}, "), 24, "");
    ASSERT_TRUE(config::write_slot(*disk, by_mac));
    Stranger stranger(lun());
    stranger.boot.machine = {};  // firmware that says nothing, and the one NIC that loaded it
    stranger.boot.machine.nics = {{.name = "eth0", .mac = "52:54:00:00:00:99"}};
    auto later = stranger.boot.machine;
    later.nics.push_back({.name = "eth1", .mac = "52:54:00:00:00:01"});
    int reads = 0;
    const auto done = identify_or_wait(
        stranger.boot, [&] { return ++reads < 2 ? stranger.boot.machine : later; }, soon());
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(stranger.boot.identity.node->name, "n1");
}

// Over Fibre Channel the LUN is read before a NIC's driver has come up.
TEST_F(PendingMachine, TheNicThatLoadedItIsWaitedFor) {
    ASSERT_TRUE(config::write_slot(*store(), bundle(1, "old-blade")));
    Stranger stranger(lun());
    stranger.boot.arguments.boot_mac = "52:54:00:00:00:01";
    auto later = stranger.boot.machine;
    later.nics.push_back({.name = "eth1", .mac = "52:54:00:00:00:01"});
    int reads = 0;
    wait_for_boot_nic(
        stranger.boot, [&] { return ++reads < 3 ? stranger.boot.machine : later; }, soon());
    EXPECT_EQ(reads, 3);
    EXPECT_EQ(stranger.boot.machine.nics.size(), 2U);
    // One that never comes is said, and the boot goes on.
    stranger.boot.arguments.boot_mac = "52:54:00:00:00:77";
    const auto begin = since_boot();
    wait_for_boot_nic(
        stranger.boot, [&] { return later; }, Deadline::after(seconds(1)));
    EXPECT_LT((since_boot() - begin).count(), 5000);
}

TEST_F(PendingMachine, WaitsForABoundedTime) {
    const auto disk = store();
    ASSERT_TRUE(config::write_slot(*disk, bundle(1, "old-blade")));
    Stranger stranger(lun());
    const auto begin = since_boot();
    const auto done = identify_or_wait(stranger.boot, stranger.reader(), Deadline::after(seconds(2)));
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("this machine is no node of cluster grove"));
    EXPECT_LT((since_boot() - begin).count(), 6000);
    EXPECT_TRUE(config::read_pending(*disk).value().empty());
}

TEST_F(PendingMachine, ATornNewerDescriptionIsNotTaken) {
    const auto disk = store();
    ASSERT_TRUE(config::write_slot(*disk, bundle(1, "old-blade")));
    Stranger stranger(lun());
    ASSERT_TRUE(config::write_slot(*disk, bundle(2, "new-blade")));
    const auto newest = config::read_slots(*disk, "grove").value().newest;
    ASSERT_TRUE(newest);
    auto torn = disk->read(*newest * config::slot_size, Store::block).value();
    torn[torn.find_last_not_of('\0')] ^= 1;
    ASSERT_TRUE(disk->write(*newest * config::slot_size, torn));
    const auto done = identify_or_wait(stranger.boot, stranger.reader(), Deadline::after(seconds(2)));
    EXPECT_FALSE(done);
    EXPECT_EQ(stranger.boot.bundle->generation, 1U);
}

}  // namespace
}  // namespace pando::initrd
