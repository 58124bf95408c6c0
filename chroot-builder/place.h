// SPDX-License-Identifier: GPL-2.0-or-later
// Where the chroot's generations are kept: in memory, or on a local disk across boots. Which disk may be used, and the
// record of what a boot found (docs/decisions/0006).
//
//   const auto volume = TRY(choose_volume(cluster.chroot_place(node), volumes));   // nothing: it is not there (yet)
#pragma once

#include "base/result.h"
#include "config/chroot_place.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::chroot {

// A partition, or a disk without any, as a booting machine sees it.
struct Volume {
    std::string device;                              // /dev/sda1
    std::string filesystem;                          // as libblkid names it; empty: none that it knows
    std::string uuid, label, part_uuid, part_label;  // empty: it has none
    std::string unfit;                               // why its hardware cannot be used: "is removable"; empty: local
};

// May the chroot's programs stand on a filesystem of this type? The error says why not. Every node's fencing needs them
// while the shared root is frozen and the network is torn.
Result<> judge_filesystem(std::string_view type);

// Drivers of the filesystems that may be used: what an image must carry.
const std::vector<std::string>& filesystem_drivers();

// The one that is meant. Nothing: none is there. Error: it must not be used, or two answer to the name.
Result<std::optional<Volume>> choose_volume(const config::ChrootPlace& wanted, const std::vector<Volume>& there);

// What a boot made of it, for `pando status` and its kin.
constexpr const char* place_file = "/run/pando/chroot.json";

struct Place {
    std::string wanted = "tmpfs";               // as cluster.yaml says it
    std::string device, filesystem, directory;  // of the disk with the generations; empty: they are in memory
    std::string reason, advice;                 // why they are in memory although something else is wanted

    bool on_disk() const { return !device.empty(); }
    std::string text() const;  // "on /dev/sda1 (ext4, LABEL=pando-chroot)", "in memory"

    Result<> save(const std::filesystem::path& file = place_file) const;
    static Result<Place> load(const std::filesystem::path& file = place_file);
};

}  // namespace pando::chroot
