// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/slots.h"

#include "tests/unit/config/faulty_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace pando::test {
namespace {

using namespace config;
using testing::AllOf;
using testing::HasSubstr;

Bundle bundle_of(uint64_t generation, const std::string& cluster = "grove", size_t size = 3000) {
    return {cluster, generation, {{"cluster.yaml", std::string(size, static_cast<char>('a' + generation % 26))}}};
}

class SlotsTest : public StoreTest {
protected:
    Slots slots(std::string_view cluster = "grove") {
        auto read = read_slots(store(), cluster);
        EXPECT_TRUE(read) << read.error().what;
        return read ? std::move(*read) : Slots{};
    }
    void write(uint64_t generation, const std::string& cluster = "grove") {
        const auto written = write_slot(store(), bundle_of(generation, cluster));
        ASSERT_TRUE(written) << written.error().what;
    }
    std::string newest_refused(std::string_view cluster = "grove") {
        const auto newest = read_newest(store(), cluster);
        EXPECT_FALSE(newest) << "accepted";
        if (newest) return {};
        EXPECT_FALSE(newest.error().advice.empty());
        return newest.error().what;
    }
    std::string write_refused(const Bundle& bundle) {
        const auto before = store().read(0, 2 * slot_size);
        const auto written = write_slot(store(), bundle);
        EXPECT_FALSE(written) << "written";
        EXPECT_EQ(*store().read(0, 2 * slot_size), *before) << "refused, and yet something was written";
        if (written) return {};
        EXPECT_FALSE(written.error().advice.empty());
        return written.error().what;
    }
};

TEST_F(SlotsTest, ABlankPartitionIsEmptyAndSaysHowToWriteIt) {
    EXPECT_EQ(slots().slots[0].state, SlotState::empty);
    EXPECT_EQ(slots().slots[1].state, SlotState::empty);
    EXPECT_FALSE(slots().newest);
    EXPECT_THAT(newest_refused(), HasSubstr("slot 0: never written; slot 1: never written"));
    EXPECT_THAT(read_newest(store(), "grove").error().advice, HasSubstr("pando bundle write --initial"));
    EXPECT_EQ(*peek_generation(store()), 0U);
}

TEST_F(SlotsTest, AreWrittenAlternatelyAndTheNewestIsNeverOverwritten) {
    for (uint64_t generation = 1; generation < 6; ++generation) {
        const auto before = slots();
        write(generation);
        const auto after = slots();
        ASSERT_TRUE(after.newest);
        EXPECT_EQ(after.slots[*after.newest].generation, generation);
        EXPECT_EQ(*peek_generation(store()), generation);
        EXPECT_EQ(read_newest(store(), "grove")->files, bundle_of(generation).files);
        if (generation == 1) continue;
        EXPECT_NE(*after.newest, *before.newest);
        EXPECT_EQ(after.slots[*before.newest].generation, generation - 1) << "the one before was touched";
    }
}

TEST_F(SlotsTest, AStaleSlotDoesNotCountWhereverItLies) {
    put(0, encode(bundle_of(9)));
    put(slot_size, encode(bundle_of(4)));
    EXPECT_EQ(slots().slots[1].state, SlotState::valid);
    EXPECT_EQ(read_newest(store(), "grove")->generation, 9U);
    put(slot_size, encode(bundle_of(10)));
    EXPECT_EQ(read_newest(store(), "grove")->generation, 10U);
}

TEST_F(SlotsTest, AGenerationThatDoesNotGrowIsRefused) {
    write(5);
    EXPECT_THAT(write_refused(bundle_of(5)), HasSubstr("holds generation 5"));
    EXPECT_THAT(write_refused(bundle_of(4)), HasSubstr("generation 4 cannot follow"));
    write(6);
    EXPECT_THAT(write_refused(bundle_of(5)), HasSubstr("holds generation 6"));
}

TEST_F(SlotsTest, APowerCutAtAnySectorLeavesTheOlderGenerationOrTheNewOne) {
    constexpr size_t sector = 512;
    const std::string blob = encode(bundle_of(3, "grove", 20'000));
    size_t torn = 0;
    for (size_t cut = 0; cut <= (blob.size() + sector - 1) / sector * sector; cut += sector) {
        put(0, encode(bundle_of(1, "grove", 20'000)));
        put(slot_size, encode(bundle_of(2, "grove", 20'000)));
        store().cut_after = cut;
        EXPECT_FALSE(write_slot(store(), bundle_of(3, "grove", 20'000)));
        store().cut_after.reset();
        const auto newest = read_newest(store(), "grove");
        ASSERT_TRUE(newest) << cut << ": " << newest.error().what;
        EXPECT_EQ(newest->generation, cut >= blob.size() ? 3U : 2U) << cut;
        if (slots().slots[0].state == SlotState::torn) ++torn;
        // The next writer takes the torn slot, not the good one.
        if (newest->generation == 2) {
            const auto again = write_slot(store(), bundle_of(3, "grove", 20'000));
            ASSERT_TRUE(again) << again.error().what;
            EXPECT_EQ(slots().slots[1].generation, 2U);
        }
    }
    EXPECT_EQ(torn, blob.size() / sector) << "a torn slot was not called so";
}

TEST_F(SlotsTest, AFirstWriteThatIsTornIsToldAndCanBeRepeated) {
    store().cut_after = 512;
    EXPECT_FALSE(write_slot(store(), bundle_of(1)));
    store().cut_after.reset();
    EXPECT_EQ(slots().slots[0].state, SlotState::torn);
    EXPECT_THAT(newest_refused(), HasSubstr("damaged"));
    write(1);
    EXPECT_EQ(read_newest(store(), "grove")->generation, 1U);
}

TEST_F(SlotsTest, BothDamagedIsClearAndSaysWhatToDo) {
    write(1);
    write(2);
    for (const uint64_t start : {uint64_t{0}, slot_size}) {
        auto bytes = *store().read(start, Store::block);
        bytes[2000] ^= 1;
        put(start, bytes);
    }
    EXPECT_THAT(newest_refused(), AllOf(HasSubstr("slot 0: the bundle of grove is damaged"), HasSubstr("slot 1:")));
    EXPECT_THAT(read_newest(store(), "grove").error().advice, HasSubstr("both slots are lost"));
}

TEST_F(SlotsTest, AnotherClustersSlotIsToldAndNeverOverwritten) {
    write(7, "wood");
    EXPECT_EQ(slots().slots[0].state, SlotState::foreign);
    EXPECT_EQ(slots().slots[0].cluster, "wood");
    EXPECT_THAT(newest_refused(), HasSubstr("it is of cluster wood"));
    EXPECT_THAT(read_newest(store(), "grove").error().advice, HasSubstr("right LUN"));
    EXPECT_THAT(write_refused(bundle_of(8)), HasSubstr("not of cluster grove"));
    EXPECT_EQ(read_newest(store(), "")->cluster, "wood") << "whoever does not ask for a cluster gets what is there";
    // Not even when it is torn, or beside a bundle of ours.
    auto bytes = *store().read(0, Store::block);
    bytes[2000] ^= 1;
    put(0, bytes);
    EXPECT_EQ(slots().slots[0].state, SlotState::foreign);
    EXPECT_THAT(write_refused(bundle_of(8)), HasSubstr("not of cluster grove"));
    put(slot_size, encode(bundle_of(2)));
    EXPECT_EQ(read_newest(store(), "grove")->generation, 2U);
    EXPECT_THAT(write_refused(bundle_of(8)), HasSubstr("not of cluster grove"));
}

TEST_F(SlotsTest, GarbageIsNoBundleAndIsOverwrittenOnlyBesideOneOfOurs) {
    put(0, std::string(100'000, '\xa5'));
    EXPECT_EQ(slots().slots[0].state, SlotState::foreign);
    EXPECT_THAT(slots().slots[0].says, HasSubstr("something else than a bundle"));
    EXPECT_THAT(write_refused(bundle_of(1)), HasSubstr("not of cluster grove"));
    put(slot_size, encode(bundle_of(2)));
    write(3);
    EXPECT_EQ(slots().slots[0].generation, 3U);
}

TEST_F(SlotsTest, ANewerPandosSlotStopsReadersAndWriters) {
    write(4);
    put(slot_size, "PANDO-BUNDLE 2 cluster=grove something=else\n");
    EXPECT_EQ(slots().slots[1].state, SlotState::future);
    EXPECT_THAT(newest_refused(), HasSubstr("a newer Pando"));
    EXPECT_THAT(write_refused(bundle_of(5)), HasSubstr("a newer Pando"));
}

TEST_F(SlotsTest, AHeaderThatPromisesTooMuchIsTorn) {
    put(0, fmt::format("PANDO-BUNDLE 1 cluster=grove generation=1 bytes=4294967295 sha256={}\n", std::string(64, 'a')));
    EXPECT_EQ(slots().slots[0].state, SlotState::torn);
    put(0, "PANDO-BUNDLE 1 cluster=grove generation=x\n");
    EXPECT_EQ(slots().slots[0].state, SlotState::torn);
    EXPECT_EQ(*peek_generation(store()), 0U);
}

TEST_F(SlotsTest, TheLargestBundleFitsAndALargerOneDoesNot) {
    const size_t largest = [] {
        size_t content = slot_size / 4 * 3 - 300;
        content -= content % 3;
        while (encode(bundle_of(1, "grove", content + 3)).size() <= slot_size) content += 3;
        return content;
    }();
    ASSERT_TRUE(write_slot(store(), bundle_of(1, "grove", largest)));
    EXPECT_EQ(read_newest(store(), "grove")->files.at("cluster.yaml").size(), largest);
    EXPECT_THAT(write_refused(bundle_of(2, "grove", largest + 3)), HasSubstr("a slot has"));
}

TEST_F(SlotsTest, WhatALongerBundleLeavesBehindAShorterOneDoesNotMatter) {
    for (uint64_t generation = 1; generation <= 2; ++generation)
        ASSERT_TRUE(write_slot(store(), bundle_of(generation, "grove", 50'000)));
    ASSERT_TRUE(write_slot(store(), bundle_of(3, "grove", 10)));
    EXPECT_EQ(read_newest(store(), "grove")->generation, 3U);
}

TEST_F(SlotsTest, ADiskThatLiesIsNoticedAndTheOlderGenerationHolds) {
    write(1);
    for (const size_t at : {size_t{0}, size_t{700}, size_t{4095}}) {
        store().flip_at = at;
        const auto written = write_slot(store(), bundle_of(2));
        ASSERT_FALSE(written) << at;
        EXPECT_THAT(written.error().what, HasSubstr("does not read back"));
        store().flip_at.reset();
        EXPECT_EQ(slots().slots[0].generation, 1U);
    }
}

TEST_F(SlotsTest, APartitionThatIsTooSmallIsNotRead) {
    auto small = open_store(file(), 0, slot_size);
    ASSERT_TRUE(small);
    const auto read = read_slots(**small, "grove");
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().what, HasSubstr("the bundle's slots take"));
}

}  // namespace
}  // namespace pando::test
