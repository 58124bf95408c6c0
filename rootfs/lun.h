// SPDX-License-Identifier: GPL-2.0-or-later
// What a LUN is called and what it holds, read without changing or mounting anything.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace pando::rootfs {

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
};

// blank: not one byte at either end, no signature. unfinished: our install was cut short. installed: it was not.
enum class LunState { blank, unfinished, installed, foreign };

Result<Lun> read_lun(const std::filesystem::path& device);
LunState state_of(const Lun& lun);

// /dev/sda and 3: /dev/sda3; /dev/nvme0n1 and 3: /dev/nvme0n1p3.
std::filesystem::path partition_device(const std::filesystem::path& device, int number);

}  // namespace pando::rootfs
