// SPDX-License-Identifier: GPL-2.0-or-later
// A plain file as the partition pando-bundle, and the faults that storage has: power that goes in the middle of a
// write, and a disk that returns other bytes than it was given.
#pragma once

#include "base/file.h"
#include "base/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <functional>
#include <optional>

namespace pando::test {

class FaultyStore : public Store {
public:
    explicit FaultyStore(std::unique_ptr<Store> real) : real_(std::move(real)) {}

    Result<std::string> read(uint64_t offset, size_t size) override {
        auto bytes = real_->read(offset, size);
        if (after_read) after_read(*real_);
        return bytes;
    }
    Result<> write(uint64_t offset, std::string_view bytes) override {
        std::string there(bytes);
        if (flip_at) there[*flip_at % there.size()] ^= 1;
        if (!cut_after) return real_->write(offset, there);
        // Sector by sector: what a disk can lose is the rest of a write, never a part of a sector.
        std::string torn = TRY(real_->read(offset, bytes.size()));
        torn.replace(0, *cut_after, there.substr(0, *cut_after));
        TRY(real_->write(offset, torn));
        return fail("the power went");
    }
    uint64_t size() const override { return real_->size(); }
    std::string name() const override { return real_->name(); }

    std::optional<size_t> cut_after;  // bytes of the next writes that reach the disk
    std::optional<size_t> flip_at;    // a byte of the next writes that comes out wrong

    std::function<void(Store&)> after_read;  // what other machines do meanwhile

private:
    std::unique_ptr<Store> real_;
};

// A sparse file of 16 MiB, as large as slots and register take.
class StoreTest : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create("/tmp", "pando-slots");
        ASSERT_TRUE(made);
        directory_.emplace(std::move(*made));
        const UniqueFd fd(open(file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_EQ(ftruncate(fd.get(), 16 << 20), 0);
        auto store = open_store(file());
        ASSERT_TRUE(store) << store.error().what;
        store_.emplace(std::move(*store));
    }
    std::filesystem::path file() const { return directory_->path() / "partition"; }
    FaultyStore& store() { return *store_; }
    void put(uint64_t offset, std::string bytes) {
        bytes.resize(std::max<size_t>(1, (bytes.size() + Store::block - 1) / Store::block) * Store::block, '\0');
        ASSERT_TRUE(store().write(offset, bytes));
    }

private:
    std::optional<TemporaryDirectory> directory_;
    std::optional<FaultyStore> store_;
};

}  // namespace pando::test
