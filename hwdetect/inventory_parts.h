// SPDX-License-Identifier: GPL-2.0-or-later
// The parts of read_inventory(), a file for each field of knowledge.
#pragma once

#include "hwdetect/dmi.h"
#include "hwdetect/inventory.h"

namespace pando::hwdetect {

Result<SystemInfo> read_system(const Sysroot& root, const DmiTable& dmi);
CpuInfo read_cpu(const Sysroot& root);
MemoryInfo read_memory(const Sysroot& root, const DmiTable& dmi);
std::vector<NicInfo> read_nic_infos(const Sysroot& root);
StorageInfo read_storage(const Sysroot& root);
std::vector<WatchdogInfo> read_watchdog_infos(const Sysroot& root);
std::optional<BmcInfo> read_bmc_info(const Sysroot& root, const DmiTable& dmi);
std::optional<TpmInfo> read_tpm(const Sysroot& root, const DmiTable& dmi);
std::vector<GpuInfo> read_gpus(const Sysroot& root);
std::vector<BootDevice> read_boot_devices(const Sysroot& root);

}  // namespace pando::hwdetect
