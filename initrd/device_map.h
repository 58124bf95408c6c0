// SPDX-License-Identifier: GPL-2.0-or-later
// A device-mapper map: a block device over another, whose I/O can be held and let go again as one, whatever transport
// is below. The root is mounted through one (docs/decisions/0007). Uses the kernel's interface itself: it must work in
// the chroot and in the exit tree, where neither dmsetup nor udev is.
//
//   auto map = TRY(DeviceMap::linear(root_map_name, "/dev/sda3"));
//   mount(map.path(), "/sysroot", "gfs2")
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/result.h"

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

namespace pando::initrd {

constexpr const char* root_map_name = "pando-root";

// What one target of a map does, as the kernel tells it.
struct MapTable {
    uint64_t sectors = 0;
    std::string target;      // linear
    std::string parameters;  // 8:3 0
    bool operator==(const MapTable&) const = default;
};

// The table of a map that is all of one device, sector by sector; pure.
MapTable linear_table(dev_t below, uint64_t sectors);

class DeviceMap {
public:
    // Nothing: there is no map of that name, or no device-mapper.
    static Result<std::optional<DeviceMap>> find(const std::string& name);

    // Made, or taken when it is there over this very device. One over anything else is refused.
    static Result<DeviceMap> linear(const std::string& name, const std::filesystem::path& device);

    // /dev/mapper/NAME, and /dev/dm-N that it leads to.
    std::filesystem::path path() const;
    std::filesystem::path node() const;

    // From suspend() on nothing reaches the device below, and nothing fails: what is asked of it waits for resume().
    // File systems on it are told nothing. A signal ends a suspend() that waits for what is under way below.
    Result<> suspend() const;
    Result<> resume() const;  // no error when it was not suspended
    Result<bool> suspended() const;

    // With its link in /dev/mapper. Waits until nobody has it open.
    Result<> remove(Deadline deadline) const;

private:
    DeviceMap(UniqueFd control, std::string name, dev_t device)
        : control_(std::move(control)), name_(std::move(name)), device_(device) {}

    UniqueFd control_;
    std::string name_;
    dev_t device_;
};

// The name of the map that has this device number; nothing: it is another kind of device.
std::optional<std::string> map_on(dev_t device);
bool is_suspended(dev_t device);

}  // namespace pando::initrd
