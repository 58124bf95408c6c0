// SPDX-License-Identifier: GPL-2.0-or-later
// Bytes on a disk that several machines reach: read and written past every cache of this machine.
//
//   auto store = TRY(open_store("/dev/disk/by-partlabel/pando-bundle"));
//   TRY(store->write(0, block));
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace pando {

class Store {
public:
    static constexpr size_t block = 4096;  // bytes; offsets and sizes are multiples of it

    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    // Exactly `size` bytes, as they are on the disk now.
    virtual Result<std::string> read(uint64_t offset, size_t size) = 0;
    // Durable when it returns: neither this machine's cache nor the disk's can lose it.
    virtual Result<> write(uint64_t offset, std::string_view bytes) = 0;
    virtual uint64_t size() const = 0;     // bytes
    virtual std::string name() const = 0;  // for messages: "/dev/sda1", "iqn… at 192.0.2.5"

protected:
    // Whole blocks that are all in it; else an error.
    Result<> check_range(uint64_t offset, size_t size) const;
};

// A block device, or a regular file, or a part of one. `size` 0: to its end.
Result<std::unique_ptr<Store>> open_store(const std::filesystem::path& path, uint64_t offset = 0, uint64_t size = 0);

// A part of a store, with its own name: a partition.
std::unique_ptr<Store> part_of(std::unique_ptr<Store> whole, std::string name, uint64_t offset, uint64_t size);

}  // namespace pando
