// SPDX-License-Identifier: GPL-2.0-or-later
// What a LUN is called and what it holds, read without changing or mounting anything.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pando::rootfs {

constexpr uint64_t least_lun_size = 2048ULL << 20U;  // bytes: Pando's partitions, and a root

struct Partition {
    int number = 0;
    std::string name;    // GPT's
    uint64_t start = 0;  // bytes
    uint64_t size = 0;   // bytes
};

struct Lun {
    std::filesystem::path device;
    uint64_t size = 0;               // bytes
    std::vector<std::string> names;  // serial, WWN, UUIDs of what is on it: each names this LUN and no other
    std::string holds;               // for a person: "a gpt partition table", "ext4 filesystem"; empty: nothing
    std::vector<Partition> partitions;
    bool being_prepared = false;  // our mark is at its beginning
    bool is_device = false;       // not a plain file
};

// blank: not one byte at either end, no signature. preparing: prepare_lun() was cut short. unfinished: prepared, and no
// installation has come to its end. installed: one has.
enum class LunState { blank, preparing, unfinished, installed, foreign };

// A block device, or a plain file that is one for others.
Result<Lun> read_lun(const std::filesystem::path& device);
LunState state_of(const Lun& lun);

// What stands at the very beginning of a LUN while its table is being written; the table's first sector, which comes
// last, takes its place.
constexpr std::string_view preparing_mark = "PANDO-PREPARING\n";

// Nothing of it is in a cache any more.
Result<> flush_lun(const std::filesystem::path& device);

// /dev/sda and 3: /dev/sda3; /dev/nvme0n1 and 3: /dev/nvme0n1p3.
std::filesystem::path partition_device(const std::filesystem::path& device, int number);

}  // namespace pando::rootfs
