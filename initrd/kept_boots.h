// SPDX-License-Identifier: GPL-2.0-or-later
// The timelines of a node's last good boots, a file each on its own tree: NUMBER-BOOTID.json, what boot.json had and
// which boot it was. Numbers count up, so that a clock that jumps does not change their order.
//
//   TRY(keep_boot(boots_directory, timeline, this_boot()));
//   for (const KeptBoot& boot : read_kept_boots(boots_directory).boots) …
#pragma once

#include "initrd/timeline.h"

#include <cstdint>

namespace pando::initrd {

constexpr const char* boots_directory = "/var/log/pando/boots";
constexpr size_t kept_boots_most = 32;

struct WhichBoot {
    std::string id;           // the kernel's boot_id
    std::string when;         // 2026-11-23T12:00:00Z: when it was up, by the node's clock
    std::string kernel;       // release
    uint64_t generation = 0;  // of the bundle; 0: not known
};

struct KeptBoot {
    uint64_t number = 0;
    WhichBoot which;
    Timeline timeline;  // every record has ended
};

struct KeptBoots {
    std::vector<KeptBoot> boots;          // oldest first
    std::vector<std::string> unreadable;  // why a file was left out, a line each
};

WhichBoot this_boot();

// Once a boot: a boot that is there is left as it is. Removes the oldest above kept_boots_most.
Result<> keep_boot(const std::filesystem::path& directory, const Timeline& timeline, const WhichBoot& which);

// The newest kept_boots_most. No directory: none.
KeptBoots read_kept_boots(const std::filesystem::path& directory);

// Failed tries of one stage that follow each other as one record, where there are more than `most`: a node that
// waited for its LUN all night has thousands.
std::vector<StageRecord> folded(const std::vector<StageRecord>& stages, size_t most);

}  // namespace pando::initrd
