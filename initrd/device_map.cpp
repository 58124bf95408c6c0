// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/device_map.h"

#include "base/file.h"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <algorithm>
#include <array>

namespace pando::initrd {
namespace fs = std::filesystem;
namespace {

constexpr const char* control_path = "/dev/mapper/control";
constexpr uint64_t sector = 512;

// What goes to the kernel and comes back: the header, and room for one target with its parameters.
struct Call {
    dm_ioctl header{};
    dm_target_spec target{};
    std::array<char, 512> parameters{};

    explicit Call(const std::string& name, uint32_t flags = 0) {
        // The oldest interface that has what is used here; a newer kernel takes it.
        header.version[0] = DM_VERSION_MAJOR;
        header.data_size = sizeof(Call);
        header.data_start = offsetof(Call, target);
        header.flags = flags;
        name.copy(header.name, sizeof header.name - 1);
    }
    bool has(uint32_t flag) const { return (header.flags & flag) != 0; }
};
static_assert(offsetof(Call, parameters) == offsetof(Call, target) + sizeof(dm_target_spec));

Result<> ask(const UniqueFd& control, unsigned long request, Call& call, std::string_view what) {
    if (ioctl(control.get(), request, &call) < 0) return fail_errno(errno, "{} {}", what, call.header.name);
    return {};
}

Result<UniqueFd> open_control() {
    UniqueFd control(open(control_path, O_RDWR | O_CLOEXEC));
    if (!control.valid())
        return fail_errno(errno, "opening {}", control_path)
            .advise("the kernel module dm_mod is not loaded: is it in the image? pando image build");
    return control;
}

// Absent when no table was ever put in place: whoever made the map was cut short.
Result<std::optional<MapTable>> table_of(const UniqueFd& control, const std::string& name) {
    Call call(name, DM_STATUS_TABLE_FLAG);
    TRY(ask(control, DM_TABLE_STATUS, call, "reading the table of map"));
    if (!call.has(DM_ACTIVE_PRESENT_FLAG) || call.header.target_count == 0) return std::optional<MapTable>();
    if (call.header.target_count != 1 || call.has(DM_BUFFER_FULL_FLAG))
        return std::optional(MapTable{.sectors = 0, .target = "several targets", .parameters = {}});
    const auto& text = call.parameters;
    MapTable table;
    table.sectors = call.target.length;
    table.target = call.target.target_type;
    table.parameters.assign(text.begin(), std::find(text.begin(), text.end(), '\0'));
    return std::optional(std::move(table));
}

Result<> load(const UniqueFd& control, const std::string& name, const MapTable& table) {
    Call call(name);
    call.header.target_count = 1;
    call.target.length = table.sectors;
    table.target.copy(call.target.target_type, sizeof call.target.target_type - 1);
    table.parameters.copy(call.parameters.data(), call.parameters.size() - 1);
    return ask(control, DM_TABLE_LOAD, call, "loading the table of map");
}

// The kernel swaps a loaded table in when the map is resumed.
Result<> let_go(const UniqueFd& control, const std::string& name) {
    Call call(name);
    return ask(control, DM_DEV_SUSPEND, call, "resuming map");
}

Result<MapTable> table_over(const fs::path& device) {
    const UniqueFd fd(open(device.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    uint64_t bytes = 0;
    if (!fd.valid() || fstat(fd.get(), &status) < 0) return fail_errno(errno, "opening {}", device.string());
    if (!S_ISBLK(status.st_mode)) return fail("{} is no block device", device.string());
    if (ioctl(fd.get(), BLKGETSIZE64, &bytes) < 0)
        return fail_errno(errno, "asking for the size of {}", device.string());
    return linear_table(status.st_rdev, bytes / sector);
}

fs::path attributes_of(dev_t device) { return fmt::format("/sys/dev/block/{}:{}/dm", major(device), minor(device)); }

std::string shown(const MapTable& table) {
    return fmt::format("{} {}, {} sectors", table.target, table.parameters, table.sectors);
}

// As udev names it later, on the booted node.
Result<> make_link(const fs::path& link, const fs::path& node) {
    const fs::path target = fs::path("..") / node.filename();
    std::error_code ec;
    if (fs::is_symlink(link) && fs::read_symlink(link, ec) == target) return {};
    fs::remove(link, ec);
    TRY(make_directories(link.parent_path()));
    if (symlink(target.c_str(), link.c_str()) < 0) return fail_errno(errno, "creating {}", link.string());
    return {};
}

}  // namespace

MapTable linear_table(dev_t below, uint64_t sectors) {
    return {.sectors = sectors, .target = "linear", .parameters = fmt::format("{}:{} 0", major(below), minor(below))};
}

Result<std::optional<DeviceMap>> DeviceMap::find(const std::string& name) {
    if (access(control_path, F_OK) < 0) return std::optional<DeviceMap>();
    auto control = TRY(open_control());
    Call call(name);
    if (auto answer = ask(control, DM_DEV_STATUS, call, "looking for map"); !answer) {
        if (answer.error().sys == ENXIO) return std::optional<DeviceMap>();
        return Failure(answer.error());
    }
    return std::optional(DeviceMap(std::move(control), name, static_cast<dev_t>(call.header.dev)));
}

Result<DeviceMap> DeviceMap::linear(const std::string& name, const fs::path& device) {
    const MapTable wanted = TRY(table_over(device));
    auto there = TRY(find(name));
    if (!there) {
        auto control = TRY(open_control());
        Call call(name);
        TRY(ask(control, DM_DEV_CREATE, call, "making map"));
        there = DeviceMap(std::move(control), name, static_cast<dev_t>(call.header.dev));
    }
    const auto table = TRY(table_of(there->control_, name));
    if (table && *table != wanted)
        return fail("map {} is there already, and over something else: {}; wanted is {} ({})", name, shown(*table),
                    device.string(), shown(wanted))
            .advise("this machine's disks changed their names while it booted: reboot it");
    if (!table) {
        auto loaded = load(there->control_, name, wanted);
        if (loaded) loaded = let_go(there->control_, name);
        if (!loaded) {
            (void)there->remove(Deadline::after(Milliseconds(0)));
            Error error = loaded.error();
            if (error.sys == EBUSY) error.advice = device.string() + " is mounted or in use otherwise";
            return Failure(error.context(fmt::format("map {} over {}", name, device.string())));
        }
    }
    TRY(there->resume());  // one that was taken may be suspended
    TRY(make_link(there->path(), there->node()));
    return std::move(*there);
}

fs::path DeviceMap::path() const { return fs::path("/dev/mapper") / name_; }

fs::path DeviceMap::node() const { return fmt::format("/dev/dm-{}", minor(device_)); }

Result<> DeviceMap::suspend() const {
    // Freezing the file system first is device-mapper's way, and would freeze GFS2 on every node: no lockfs. Noflush:
    // what a multipath map has queued for want of a path stays queued, else it would be waited for.
    Call call(name_, DM_SUSPEND_FLAG | DM_SKIP_LOCKFS_FLAG | DM_NOFLUSH_FLAG);
    return ask(control_, DM_DEV_SUSPEND, call, "suspending map");
}

Result<> DeviceMap::resume() const { return let_go(control_, name_); }

Result<bool> DeviceMap::suspended() const {
    Call call(name_);
    TRY(ask(control_, DM_DEV_STATUS, call, "asking for the state of map"));
    return call.has(DM_SUSPEND_FLAG);
}

Result<> DeviceMap::remove(Deadline deadline) const {
    for (;;) {
        Call call(name_);
        const auto removed = ask(control_, DM_DEV_REMOVE, call, "removing map");
        if (removed) break;
        if (removed.error().sys != EBUSY || deadline.passed()) return removed;
        // Who closes a device last, the kernel tells nobody: it is tried again.
        poll(nullptr, 0, deadline.capped(Milliseconds(50)).poll_timeout());
    }
    std::error_code ignored;
    if (fs::is_symlink(path(), ignored)) fs::remove(path(), ignored);
    return {};
}

std::optional<std::string> map_on(dev_t device) {
    auto name = read_line(attributes_of(device) / "name");
    return name ? std::optional(std::move(*name)) : std::nullopt;
}

bool is_suspended(dev_t device) { return read_line(attributes_of(device) / "suspended").value_or("") == "1"; }

}  // namespace pando::initrd
