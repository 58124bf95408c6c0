// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/inventory_json.h"

namespace pando::hwdetect {
namespace {

using nlohmann::ordered_json;

ordered_json or_null(std::optional<unsigned> value) { return value ? ordered_json(*value) : ordered_json(); }

template <typename Part, typename Function>
ordered_json list(const std::vector<Part>& parts, Function as_object) {
    auto out = ordered_json::array();
    for (const Part& part : parts) out.push_back(as_object(part));
    return out;
}

ordered_json of_memory(const MemoryInfo& memory) {
    const auto module = [](const MemoryModule& part) {
        return ordered_json{{"slot", part.slot},     {"size", part.size}, {"type", part.type},    {"speed", part.speed},
                            {"vendor", part.vendor}, {"part", part.part}, {"serial", part.serial}};
    };
    return {{"installed", memory.installed},
            {"usable", memory.usable},
            {"slots", memory.slots},
            {"modules", list(memory.modules, module)}};
}

ordered_json of_nic(const NicInfo& nic) {
    return {{"name", nic.name},
            {"mac", nic.mac},
            {"permanent_mac", nic.permanent_mac},
            {"mac_kind", nic.mac_kind},
            {"driver", nic.driver},
            {"address", nic.address},
            {"product", nic.product},
            {"speed", or_null(nic.speed)},
            {"link", nic.link},
            {"boot", nic.boot}};
}

ordered_json of_controller(const Controller& controller) {
    return {{"address", controller.address},
            {"kind", controller.kind},
            {"driver", controller.driver},
            {"id", controller.id},
            {"product", controller.product}};
}

ordered_json of_fc_port(const FcPort& port) {
    return {{"name", port.name},       {"wwpn", port.wwpn},   {"wwnn", port.wwnn},
            {"address", port.address}, {"state", port.state}, {"speed", port.speed}};
}

ordered_json of_session(const IscsiSession& session) {
    return {{"initiator", session.initiator},
            {"target", session.target},
            {"portal", session.portal},
            {"state", session.state}};
}

ordered_json of_nvme(const NvmeController& controller) {
    return {{"name", controller.name},         {"model", controller.model},         {"serial", controller.serial},
            {"firmware", controller.firmware}, {"transport", controller.transport}, {"address", controller.address},
            {"state", controller.state}};
}

ordered_json of_disk(const Disk& disk) {
    return {{"name", disk.name},           {"size", disk.size},
            {"vendor", disk.vendor},       {"model", disk.model},
            {"serial", disk.serial},       {"wwn", disk.wwn},
            {"firmware", disk.firmware},   {"rotational", disk.rotational},
            {"transport", disk.transport}, {"address", disk.address}};
}

ordered_json of_watchdog(const WatchdogInfo& card) {
    return {{"device", card.device},
            {"identity", card.identity},
            {"driver", card.driver},
            {"timeout", or_null(card.timeout)},
            {"min_timeout", or_null(card.min_timeout)},
            {"max_timeout", or_null(card.max_timeout)},
            {"range_from", card.range_from},
            {"nowayout", card.nowayout}};
}

ordered_json of_bmc(const BmcInfo& bmc) {
    return {{"device", bmc.device},           {"type", bmc.type},       {"driver", bmc.driver},
            {"bus_address", bmc.bus_address}, {"address", bmc.address}, {"specification", bmc.specification},
            {"firmware", bmc.firmware},       {"guid", bmc.guid}};
}

}  // namespace

ordered_json as_json(const Inventory& inventory) {
    const SystemInfo& system = inventory.system;
    const CpuInfo& cpu = inventory.cpu;
    const StorageInfo& storage = inventory.storage;
    const auto of_gpu = [](const GpuInfo& gpu) {
        return ordered_json{{"address", gpu.address}, {"id", gpu.id}, {"product", gpu.product}};
    };
    ordered_json json;
    json["system"] = {{"uuid", system.uuid},       {"vendor", system.vendor}, {"product", system.product},
                      {"version", system.version}, {"sku", system.sku},       {"serial", system.serial}};
    json["board"] = {{"vendor", system.board_vendor},
                     {"product", system.board},
                     {"version", system.board_version},
                     {"serial", system.board_serial}};
    json["chassis"] = {{"type", system.chassis}, {"serial", system.chassis_serial}, {"asset", system.asset}};
    json["bios"] = {{"vendor", system.bios_vendor},
                    {"version", system.bios_version},
                    {"date", system.bios_date},
                    {"uefi", system.uefi}};
    json["placeholders"] = placeholders(inventory);
    json["cpu"] = {{"model", cpu.model}, {"sockets", cpu.sockets}, {"cores", cpu.cores}, {"threads", cpu.threads}};
    json["memory"] = of_memory(inventory.memory);
    json["nics"] = list(inventory.nics, of_nic);
    json["controllers"] = list(storage.controllers, of_controller);
    json["fc_ports"] = list(storage.fc_ports, of_fc_port);
    json["iscsi"] = {{"initiator", storage.initiator}, {"sessions", list(storage.sessions, of_session)}};
    json["nvme"] = list(storage.nvme, of_nvme);
    json["disks"] = list(storage.disks, of_disk);
    json["watchdogs"] = list(inventory.watchdogs, of_watchdog);
    json["bmc"] = inventory.bmc ? of_bmc(*inventory.bmc) : ordered_json();
    json["tpm"] = inventory.tpm ? ordered_json{{"device", inventory.tpm->device}, {"version", inventory.tpm->version}}
                                : ordered_json();
    json["gpus"] = list(inventory.gpus, of_gpu);
    const auto of_device = [](const BootDevice& device) {
        return ordered_json{{"modalias", device.modalias}, {"driver", device.driver}, {"module", device.module}};
    };
    json["boot_devices"] = list(inventory.boot_devices, of_device);
    json["faults"] = inventory.faults;
    return json;
}

std::string to_json(const Inventory& inventory) {
    return as_json(inventory).dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace pando::hwdetect
