// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/register.h"

#include "base/printable.h"
#include "base/sha256.h"
#include "config/beat_patience.h"
#include "tests/unit/config/faulty_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <set>

namespace pando::test {
namespace {

using namespace config;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr uint64_t claims_at = 8U << 20U;
constexpr uint64_t pending_at = 13U << 20U;

MachineRecord machine() {
    return {{"4c4c4544-0042-3510-8052-b4c04f4a3131", "JX77", std::nullopt},
            "Aspen",
            "Blade 9",
            {"52:54:00:00:00:01", "52:54:00:00:00:02"},
            "10.0.0.11"};
}

Claim claim_of(uint32_t id, uint64_t beat, const std::string& boot = "b1") {
    return {id, fmt::format("n{}", id), machine(), boot, ClaimState::up, beat, 7};
}

Pending pending_of(const std::string& boot, uint64_t beat = 1) { return {machine(), boot, beat, 5, 600}; }

using RegisterTest = StoreTest;

TEST_F(RegisterTest, AClaimComesBackAsItWas) {
    for (const uint32_t id : {1U, 2U, highest_claim}) {
        ASSERT_TRUE(write_claim(store(), claim_of(id, 41)));
        const auto claim = read_claim(store(), id);
        ASSERT_TRUE(claim && *claim);
        EXPECT_EQ((*claim)->node, fmt::format("n{}", id));
        EXPECT_EQ((*claim)->boot, "b1");
        EXPECT_EQ((*claim)->state, ClaimState::up);
        EXPECT_EQ((*claim)->beat, 41U);
        EXPECT_EQ((*claim)->generation, 7U);
        EXPECT_EQ((*claim)->machine.identity.uuid, machine().identity.uuid);
        EXPECT_EQ((*claim)->machine.identity.asset, std::nullopt);
        EXPECT_EQ((*claim)->machine.product, "Blade 9");
        EXPECT_EQ((*claim)->machine.macs, machine().macs);
        EXPECT_EQ((*claim)->machine.address, "10.0.0.11");
    }
    EXPECT_EQ(read_claims(store())->size(), 3U);
    ASSERT_TRUE(clear_claim(store(), 2));
    EXPECT_FALSE(*read_claim(store(), 2));
    EXPECT_EQ(read_claims(store())->size(), 2U);
}

TEST_F(RegisterTest, AnIdWithoutABlockIsRefused) {
    for (const uint32_t id : {0U, highest_claim + 1}) {
        EXPECT_EQ(write_claim(store(), claim_of(id, 1)).error().kind, ErrorKind::bad_input);
        EXPECT_FALSE(read_claim(store(), id));
        EXPECT_FALSE(clear_claim(store(), id));
    }
}

TEST_F(RegisterTest, ATornOrForeignBlockIsEmpty) {
    ASSERT_TRUE(write_claim(store(), claim_of(3, 9)));
    const std::string good = *store().read(claims_at + 3 * Store::block, Store::block);
    const size_t length = good.find_last_not_of('\0') + 1;
    for (size_t cut = 0; cut < length; ++cut) {
        put(claims_at + 3 * Store::block, good.substr(0, cut));
        ASSERT_FALSE(*read_claim(store(), 3)) << cut;
    }
    for (size_t at = 0; at < length; ++at) {
        std::string flipped = good;
        flipped[at] ^= 1;
        put(claims_at + 3 * Store::block, flipped);
        ASSERT_FALSE(*read_claim(store(), 3)) << at;
    }
    put(claims_at + 3 * Store::block, std::string(Store::block, '\xff'));
    EXPECT_FALSE(*read_claim(store(), 3));
    // A right record in another node's block is none of that node's.
    put(claims_at + 4 * Store::block, good);
    EXPECT_FALSE(*read_claim(store(), 4));
    EXPECT_THAT(*read_claims(store()), IsEmpty());
}

TEST_F(RegisterTest, ContentIsNotTrustedForItsChecksum) {
    const auto framed = [](const std::string& json) {
        return fmt::format("PANDO-RECORD 1 sha256={}\n{}", sha256(json), json);
    };
    for (const char* json : {"", "[]", "{}", "{", R"({"id":1})", R"({"id":"1","boot":"b","state":"up"})",
                             R"({"id":1,"boot":"b","state":"asleep"})", R"({"id":1,"boot":7,"state":"up"})",
                             R"({"id":-1,"boot":"b","state":"up"})"}) {
        put(claims_at + Store::block, framed(json));
        EXPECT_FALSE(*read_claim(store(), 1)) << json;
        put(pending_at, framed(json));
        EXPECT_THAT(*read_pending(store()), IsEmpty()) << json;
    }
    put(claims_at + Store::block,
        framed(R"({"id":1,"boot":"b","state":"up","beat":-3,"machine":{"macs":[1,{}],"serial":[]}})"));
    const auto claim = read_claim(store(), 1);
    ASSERT_TRUE(claim && *claim);
    EXPECT_EQ((*claim)->beat, 0U);
    EXPECT_THAT((*claim)->machine.macs, IsEmpty());
    EXPECT_FALSE((*claim)->machine.identity.serial);
}

TEST_F(RegisterTest, HostileTextOfFirmwareBreaksNothing) {
    Claim claim = claim_of(5, 1);
    std::string every;
    for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
    claim.machine.identity.serial = "a\"b\\c\x1b[2J\n\xff\xc3\x28\xed\xa0\x80";
    claim.machine.vendor = every;
    claim.machine.product = std::string(100'000, '"');
    claim.machine.macs.assign(1000, std::string(500, '\\'));
    claim.machine.address = every + every;
    claim.node = "n5";
    const auto written = write_claim(store(), claim);
    ASSERT_TRUE(written) << written.error().what;
    const auto back = read_claim(store(), 5);
    ASSERT_TRUE(back && *back);
    const MachineRecord& found = (*back)->machine;
    EXPECT_EQ(found.identity.serial, "a\"b\\c?[2J" + std::string(3, '?') + "(" + std::string(3, '?'));
    EXPECT_EQ(found.product, std::string(128, '"'));
    EXPECT_EQ(found.macs.size(), 16U);
    for (const std::string& text : {found.vendor, found.address, *found.identity.serial}) {
        EXPECT_LE(text.size(), 128U);
        EXPECT_TRUE(is_utf8(text));
        EXPECT_EQ(text.find_first_of("\n\x1b\x7f"), std::string::npos);
    }
}

TEST_F(RegisterTest, APendingMachineKeepsItsBlockAndLeavesIt) {
    const auto block = write_pending(store(), pending_of("b1", 1), {});
    ASSERT_TRUE(block) << block.error().what;
    EXPECT_EQ(*write_pending(store(), pending_of("b1", 2), {}), *block);
    const auto found = read_pending(store());
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().block, *block);
    EXPECT_EQ(found->front().beat, 2U);
    EXPECT_EQ(found->front().waited, 5U);
    EXPECT_EQ(found->front().left, 600U);
    EXPECT_EQ(found->front().machine.identity.serial, "JX77");
    ASSERT_TRUE(clear_pending(store(), *block, "another"));
    EXPECT_EQ(read_pending(store())->size(), 1U) << "another machine's record was cleared";
    ASSERT_TRUE(clear_pending(store(), *block, "b1"));
    EXPECT_THAT(*read_pending(store()), IsEmpty());
    EXPECT_FALSE(clear_pending(store(), 64, "b1"));
}

// Two boot ids that lead to the same block.
std::pair<std::string, std::string> colliding(Store& store) {
    std::map<size_t, std::string> seen;
    for (int i = 0;; ++i) {
        const std::string boot = fmt::format("boot{}", i);
        const size_t block = write_pending(store, pending_of(boot), {}).value();
        EXPECT_TRUE(clear_pending(store, block, boot));
        const auto [other, fresh] = seen.try_emplace(block, boot);
        if (!fresh) return {other->second, boot};
    }
}

TEST_F(RegisterTest, TwoMachinesThatCollideEndInBlocksOfTheirOwn) {
    const auto [first, second] = colliding(store());
    const size_t block = *write_pending(store(), pending_of(first), {});
    EXPECT_NE(*write_pending(store(), pending_of(second), {}), block);
    // Both saw the block free and wrote it at once: the loser finds itself gone at its next beat, and moves on.
    ASSERT_TRUE(clear_pending(store(), *write_pending(store(), pending_of(second), {}), second));
    const std::string of_first = *store().read(pending_at + block * Store::block, Store::block);
    ASSERT_TRUE(clear_pending(store(), block, first));
    ASSERT_EQ(*write_pending(store(), pending_of(second), {}), block);
    const std::string of_second = *store().read(pending_at + block * Store::block, Store::block);
    put(pending_at + block * Store::block, of_first);
    put(pending_at + block * Store::block, of_second);
    EXPECT_NE(*write_pending(store(), pending_of(first, 2), {}), block);
    EXPECT_EQ(*write_pending(store(), pending_of(second, 2), {}), block);
    std::set<std::string> boots;
    const auto found = read_pending(store());
    ASSERT_TRUE(found);
    for (const Pending& pending : *found) boots.insert(pending.boot);
    EXPECT_EQ(boots, (std::set<std::string>{first, second}));
}

TEST_F(RegisterTest, SixtyFourWaitAndOneMoreOnlyInPlaceOfAMachineThatIsGone) {
    for (int i = 0; i < 64; ++i) ASSERT_TRUE(write_pending(store(), pending_of(fmt::format("b{}", i)), {})) << i;
    EXPECT_EQ(read_pending(store())->size(), 64U);
    const auto full = write_pending(store(), pending_of("late"), {});
    ASSERT_FALSE(full);
    EXPECT_THAT(full.error().what, HasSubstr("64 machines wait already"));
    EXPECT_FALSE(full.error().advice.empty());
    EXPECT_TRUE(write_pending(store(), pending_of("b7", 2), {})) << "one that is in it already has its place";

    const auto seen = *read_pending(store());
    const auto gone = std::find_if(seen.begin(), seen.end(), [](const Pending& p) { return p.boot == "b9"; });
    // It beat once more after it was taken for gone: then its place is not free.
    ASSERT_TRUE(write_pending(store(), pending_of("b9", 2), {}));
    EXPECT_FALSE(write_pending(store(), pending_of("late"), {*gone}));
    Pending again = *gone;
    again.beat = 2;
    const auto block = write_pending(store(), pending_of("late"), {again});
    ASSERT_TRUE(block) << block.error().what;
    EXPECT_EQ(*block, gone->block);
}

TEST_F(RegisterTest, WhoseBeatGrowsIsAliveAndWhoStandsStillIsNot) {
    ASSERT_TRUE(write_claim(store(), claim_of(1, 10, "lives")));
    ASSERT_TRUE(write_claim(store(), claim_of(2, 10, "gone")));
    Claim left = claim_of(3, 10, "left");
    left.state = ClaimState::left;
    ASSERT_TRUE(write_claim(store(), left));
    ASSERT_TRUE(write_pending(store(), pending_of("waits", 1), {}));
    ASSERT_TRUE(write_pending(store(), pending_of("waited", 1), {}));
    store().after_read = [beat = 10](Store& disk) mutable {
        ++beat;
        EXPECT_TRUE(write_claim(disk, claim_of(1, beat, "lives")));
        EXPECT_TRUE(write_pending(disk, pending_of("waits", beat), {}));
    };
    EXPECT_THAT(
        *who_is_alive(store(), Milliseconds(100)),
        UnorderedElementsAre(Pair("lives", true), Pair("gone", false), Pair("waits", true), Pair("waited", false)));
}

TEST_F(RegisterTest, NobodyIsWaitedForWhenAllAreSeenAliveOrNobodyIsThere) {
    const auto start = since_boot();
    EXPECT_THAT(*who_is_alive(store(), std::chrono::minutes(1)), IsEmpty());
    ASSERT_TRUE(write_claim(store(), claim_of(1, 10, "lives")));
    store().after_read = [beat = 10](Store& disk) mutable {
        EXPECT_TRUE(write_claim(disk, claim_of(1, ++beat, "lives")));
    };
    EXPECT_THAT(*who_is_alive(store(), std::chrono::minutes(1)), ElementsAre(Pair("lives", true)));
    EXPECT_LT(since_boot() - start, std::chrono::seconds(30));
}

// Nobody can beat while the storage stands still, and the first beat afterwards takes a moment.
TEST_F(RegisterTest, AStallOfTheStorageIsNobodysDeath) {
    ASSERT_TRUE(write_claim(store(), claim_of(1, 10, "lives")));
    store().after_read = [reads = 0](Store& disk) mutable {
        ++reads;
        if (reads == 3) (void)poll(nullptr, 0, 1200);  // claims, pending machines; then the first look: it stalls
        if (reads != 6) return;
        EXPECT_TRUE(write_claim(disk, claim_of(1, 11, "lives")));
    };
    EXPECT_THAT(*who_is_alive(store(), Milliseconds(300)), ElementsAre(Pair("lives", true)));
}

TEST_F(RegisterTest, AStorageThatIsNeverQuickAgainIsAnErrorAndNoDeath) {
    BeatPatience patience(Milliseconds(300), Deadline::after(std::chrono::seconds(1)));
    const auto looked = patience.look([]() -> Result<int> {
        (void)poll(nullptr, 0, 1100);
        return 1;
    });
    ASSERT_FALSE(looked);
    EXPECT_EQ(looked.error().kind, ErrorKind::timeout);
}

TEST_F(RegisterTest, AnotherBootInTheSameBlockIsAliveAndTheOneBeforeIsNot) {
    ASSERT_TRUE(write_claim(store(), claim_of(1, 10, "before")));
    store().after_read = [](Store& disk) { EXPECT_TRUE(write_claim(disk, claim_of(1, 1, "after"))); };
    EXPECT_THAT(*who_is_alive(store(), Milliseconds(100)),
                UnorderedElementsAre(Pair("before", false), Pair("after", true)));
}

}  // namespace
}  // namespace pando::test
