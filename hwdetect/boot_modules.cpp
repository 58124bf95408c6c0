// SPDX-License-Identifier: GPL-2.0-or-later
// Which modules go into the image of any machine. Aliases do not tell what a module is for (most name a vendor and a
// device, not a class), so the place in the kernel's tree does.
#include "hwdetect/coldplug.h"

#include "base/file.h"

#include <algorithm>
#include <array>

namespace pando::hwdetect {
namespace {

// Paths as in modules.dep. One ending in a slash means all below it, any other one module, whatever its suffix.
constexpr std::array wanted = {
    // network
    "kernel/drivers/net/ethernet/",
    "kernel/drivers/net/phy/",
    "kernel/drivers/net/mdio/",
    "kernel/drivers/net/pcs/",
    "kernel/drivers/net/usb/",
    "kernel/drivers/net/vmxnet3/",
    "kernel/drivers/net/hyperv/",
    "kernel/drivers/net/virtio_net",
    "kernel/drivers/net/xen-netfront",
    "kernel/drivers/net/bonding/",
    "kernel/net/8021q/8021q",
    // storage
    "kernel/drivers/scsi/",
    "kernel/drivers/ata/",
    "kernel/drivers/nvme/host/",
    "kernel/drivers/message/fusion/",
    "kernel/drivers/block/virtio_blk",
    "kernel/drivers/block/xen-blkfront",
    "kernel/drivers/md/dm-mod",
    "kernel/drivers/md/dm-multipath",
    "kernel/drivers/md/dm-round-robin",
    "kernel/drivers/md/dm-queue-length",
    "kernel/drivers/md/dm-service-time",
    "kernel/crypto/crc32c_generic",
    "kernel/crypto/crct10dif_generic",
    "kernel/arch/x86/crypto/crc32c-intel",
    "kernel/arch/x86/crypto/crct10dif-pclmul",
    // buses below them
    "kernel/drivers/virtio/",
    "kernel/drivers/usb/host/",
    "kernel/drivers/usb/storage/",
    // survival
    "kernel/drivers/watchdog/",
    "kernel/drivers/char/ipmi/",
    "kernel/drivers/char/hw_random/virtio-rng",
    "kernel/drivers/mfd/lpc_ich",
    "kernel/drivers/i2c/busses/i2c-i801",
    // a keyboard for the shell
    "kernel/drivers/input/serio/i8042",
    "kernel/drivers/input/keyboard/atkbd",
    "kernel/drivers/hid/usbhid/usbhid",
    "kernel/drivers/hid/hid-generic",
};

// Below those and of no use to a boot.
constexpr std::array unwanted = {
    "kernel/drivers/scsi/scsi_debug",   "kernel/drivers/scsi/pcmcia/",          "kernel/drivers/nvme/host/nvme-rdma",
    "kernel/drivers/virtio/virtio_mem", "kernel/drivers/virtio/virtio_balloon", "kernel/drivers/virtio/virtio_input",
};

bool covers(std::string_view pattern, std::string_view path) {
    if (path.substr(0, pattern.size()) != pattern) return false;
    return pattern.back() == '/' || path.substr(pattern.size(), 3) == ".ko";
}

template <size_t n>
bool any_covers(const std::array<const char*, n>& patterns, std::string_view path) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const char* pattern) { return covers(pattern, path); });
}

// kernel/drivers/scsi/sd_mod.ko.zst -> sd_mod
std::string module_name(std::string_view path) {
    path.remove_prefix(path.rfind('/') + 1);
    return std::string(path.substr(0, path.find(".ko")));
}

}  // namespace

std::vector<std::string> boot_modules_of(std::string_view modules_dep) {
    std::vector<std::string> names;
    while (!modules_dep.empty()) {
        const size_t end = std::min(modules_dep.find('\n'), modules_dep.size());
        const std::string_view line = modules_dep.substr(0, end);
        modules_dep.remove_prefix(std::min(end + 1, modules_dep.size()));
        const std::string_view path = line.substr(0, line.find(':'));
        if (any_covers(wanted, path) && !any_covers(unwanted, path)) names.push_back(module_name(path));
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

Result<std::vector<std::string>> boot_modules(const std::filesystem::path& module_directory) {
    auto names = boot_modules_of(TRY(read_file(module_directory / "modules.dep")));
    if (names.empty())
        return fail("{}: no network or storage module is listed there", (module_directory / "modules.dep").string())
            .advise("is the kernel's package unpacked there, and was depmod run for it?");
    return names;
}

}  // namespace pando::hwdetect
