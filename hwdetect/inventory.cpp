// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/inventory.h"

#include "hwdetect/inventory_parts.h"
#include "hwdetect/placeholder.h"

#include <array>
#include <utility>

namespace pando::hwdetect {
namespace {

Result<DmiTable> read_dmi(const Sysroot& root) {
    constexpr const char* tables = "sys/firmware/dmi/tables/DMI";
    auto bytes = root.read(tables, dmi_table_limit);
    if (!bytes && bytes.error().sys == EACCES)
        return fail("{}", bytes.error().what)
            .advise("the firmware's tables are readable for root only: run this as root");
    if (!bytes) return DmiTable{};  // none, as in many small virtual machines
    auto entry_point = root.read("sys/firmware/dmi/tables/smbios_entry_point", 4096);
    return parse_dmi(entry_point ? *entry_point : std::string(), *bytes);
}

}  // namespace

Result<Inventory> read_inventory(const Sysroot& root) {
    const DmiTable dmi = TRY(read_dmi(root));
    Inventory inventory;
    inventory.system = TRY(read_system(root, dmi));
    inventory.cpu = read_cpu(root);
    inventory.memory = read_memory(root, dmi);
    inventory.nics = read_nic_infos(root);
    inventory.storage = read_storage(root);
    inventory.watchdogs = read_watchdog_infos(root);
    inventory.bmc = read_bmc_info(root, dmi);
    inventory.tpm = read_tpm(root, dmi);
    inventory.gpus = read_gpus(root);
    inventory.boot_devices = read_boot_devices(root);
    if (!dmi.fault.empty()) inventory.faults.push_back(dmi.fault);
    return inventory;
}

std::vector<std::string> placeholders(const Inventory& inventory) {
    const SystemInfo& system = inventory.system;
    const std::array<std::pair<const char*, const std::string*>, 9> looked_at = {{
        {"system.uuid", &system.uuid},
        {"system.vendor", &system.vendor},
        {"system.product", &system.product},
        {"system.serial", &system.serial},
        {"board.vendor", &system.board_vendor},
        {"board.product", &system.board},
        {"board.serial", &system.board_serial},
        {"chassis.serial", &system.chassis_serial},
        {"chassis.asset", &system.asset},
    }};
    std::vector<std::string> found;
    for (const auto& [name, text] : looked_at)
        if (!text->empty() && is_placeholder(*text)) found.emplace_back(name);
    return found;
}

}  // namespace pando::hwdetect
