// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/rescue.h"

#include "base/fd.h"
#include "base/file.h"
#include "config/register.h"
#include "config/slots.h"
#include "tests/unit/config/sample.h"

#include <fcntl.h>
#include <unistd.h>

namespace pando::test {
namespace {

using namespace nodes;
using testing::HasSubstr;

class Rescue : public testing::Test {
protected:
    void SetUp() override {
        place_.emplace(std::move(*TemporaryDirectory::create("/tmp", "pando-rescue")));
        const auto file = place_->path() / "partition";
        const UniqueFd fd(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_EQ(ftruncate(fd.get(), 16 << 20), 0);
        store_ = std::move(*open_store(file));
    }

    void overwrite_slots(const std::string& with) {
        for (size_t i = 0; i < config::slot_count; ++i) {
            std::string block = with;
            block.resize(Store::block, 'x');
            ASSERT_TRUE(store_->write(i * config::slot_size, block));
        }
    }
    void claim(uint64_t generation) {
        config::Claim claim;
        claim.id = 2;
        claim.node = "n2";
        claim.boot = "boot";
        claim.generation = generation;
        ASSERT_TRUE(config::write_claim(*store_, claim));
    }

    config::Bundle live_{"grove", 7, {{"cluster.yaml", sample}, {"authkey", std::string(256, 'k')}}};
    std::optional<TemporaryDirectory> place_;
    std::unique_ptr<Store> store_;
};

TEST_F(Rescue, WhatOverwroteBothSlotsGoes) {
    for (const char* damage : {"rubbish", "PANDO-BUNDLE 1 cluster=grove generation=7 bytes=3 sha256="}) {
        overwrite_slots(damage);
        ASSERT_FALSE(config::read_newest(*store_, "grove"));
        claim(7);
        const auto written = write_lost_bundle(*store_, live_);
        ASSERT_TRUE(written) << damage << ": " << written.error().what;
        EXPECT_EQ(*written, 8U);
        const auto newest = config::read_newest(*store_, "grove");
        ASSERT_TRUE(newest) << newest.error().what;
        EXPECT_EQ(newest->generation, 8U);
        EXPECT_EQ(newest->files, live_.files);
    }
}

TEST_F(Rescue, WhatIsNotLostStays) {
    ASSERT_TRUE(config::write_slot(*store_, live_));
    const auto refused = write_lost_bundle(*store_, live_);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("holds generation 7"));
    EXPECT_EQ(config::read_newest(*store_, "grove")->generation, 7U);
}

// The newest slot is damaged, the other one still holds an older generation.
TEST_F(Rescue, AnOlderCopyDoesNotCount) {
    config::Bundle older = live_;
    older.generation = 6;
    older.files["authkey"] = std::string(256, 'o');
    ASSERT_TRUE(config::write_slot(*store_, older));
    claim(7);
    ASSERT_TRUE(config::write_slot(*store_, live_));
    ASSERT_TRUE(store_->write(config::slot_size, std::string(Store::block, 'x')));
    ASSERT_EQ(config::read_newest(*store_, "grove")->generation, 6U);
    const auto written = write_lost_bundle(*store_, live_);
    ASSERT_TRUE(written) << written.error().what;
    EXPECT_EQ(*written, 8U) << "nodes that go by 7 take it over, too";
    const auto slots = config::read_slots(*store_, "grove");
    EXPECT_EQ(slots->slots[0].generation, 6U) << "the copy that was whole stays";
    ASSERT_EQ(slots->newest, 1U);
    EXPECT_EQ(slots->slots[1].generation, 8U);
    EXPECT_EQ(slots->slots[1].bundle->files, live_.files);
    EXPECT_FALSE(write_lost_bundle(*store_, live_)) << "it is not lost any more";
}

// The LUN was set back: both copies are whole, and older.
TEST_F(Rescue, TwoOlderCopiesDoNotCount) {
    for (const uint64_t generation : {4U, 5U}) {
        config::Bundle older = live_;
        older.generation = generation;
        ASSERT_TRUE(config::write_slot(*store_, older));
    }
    ASSERT_TRUE(write_lost_bundle(*store_, live_));
    EXPECT_EQ(config::read_newest(*store_, "grove")->generation, 8U);
}

TEST_F(Rescue, TheNodeWithTheNewestWrites) {
    overwrite_slots("rubbish");
    claim(9);
    const auto refused = write_lost_bundle(*store_, live_);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().advice, HasSubstr("on n2"));
    EXPECT_FALSE(config::read_newest(*store_, "grove"));
}

}  // namespace
}  // namespace pando::test
