// SPDX-License-Identifier: GPL-2.0-or-later
// The machine itself: names and numbers, processors, memory, TPM.
#include "hwdetect/inventory_parts.h"
#include "hwdetect/sysfs.h"

#include "base/number.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

namespace pando::hwdetect {
namespace {

namespace fs = std::filesystem;

// Record types of the specification.
constexpr uint8_t dmi_bios = 0, dmi_system = 1, dmi_board = 2, dmi_chassis = 3, dmi_module = 17, dmi_tpm = 43;

// A text of the firmware: where it is in the table, and what the kernel calls it.
struct Field {
    std::string SystemInfo::*to;
    uint8_t type;
    size_t offset;
    const char* file;  // below sys/class/dmi/id
};

constexpr std::array fields = {
    Field{&SystemInfo::bios_vendor, dmi_bios, 0x04, "bios_vendor"},
    Field{&SystemInfo::bios_version, dmi_bios, 0x05, "bios_version"},
    Field{&SystemInfo::bios_date, dmi_bios, 0x08, "bios_date"},
    Field{&SystemInfo::vendor, dmi_system, 0x04, "sys_vendor"},
    Field{&SystemInfo::product, dmi_system, 0x05, "product_name"},
    Field{&SystemInfo::version, dmi_system, 0x06, "product_version"},
    Field{&SystemInfo::serial, dmi_system, 0x07, "product_serial"},
    Field{&SystemInfo::sku, dmi_system, 0x19, "product_sku"},
    Field{&SystemInfo::board_vendor, dmi_board, 0x04, "board_vendor"},
    Field{&SystemInfo::board, dmi_board, 0x05, "board_name"},
    Field{&SystemInfo::board_version, dmi_board, 0x06, "board_version"},
    Field{&SystemInfo::board_serial, dmi_board, 0x07, "board_serial"},
    Field{&SystemInfo::chassis_serial, dmi_chassis, 0x07, "chassis_serial"},
    Field{&SystemInfo::asset, dmi_chassis, 0x08, "chassis_asset_tag"},
};

// By the number of the specification, 1 and up.
constexpr std::array chassis_types = {
    "other",
    "unknown",
    "desktop",
    "low profile desktop",
    "pizza box",
    "mini tower",
    "tower",
    "portable",
    "laptop",
    "notebook",
    "hand held",
    "docking station",
    "all in one",
    "sub notebook",
    "space-saving",
    "lunch box",
    "main server chassis",
    "expansion chassis",
    "sub chassis",
    "bus expansion chassis",
    "peripheral chassis",
    "RAID chassis",
    "rack mount",
    "sealed-case PC",
    "multi-system chassis",
    "compact PCI",
    "advanced TCA",
    "blade",
    "blade enclosure",
    "tablet",
    "convertible",
    "detachable",
    "IoT gateway",
    "embedded PC",
    "mini PC",
    "stick PC",
};

std::string chassis_type(unsigned number) {
    constexpr unsigned lock_bit = 0x80;
    number &= ~lock_bit;
    return number == 0 || number > chassis_types.size() ? std::string() : chassis_types.at(number - 1);
}

std::string memory_type(unsigned number) {
    constexpr std::array<std::pair<unsigned, const char*>, 11> types = {{{0x0f, "SDRAM"},
                                                                         {0x12, "DDR"},
                                                                         {0x13, "DDR2"},
                                                                         {0x14, "DDR2 FB-DIMM"},
                                                                         {0x18, "DDR3"},
                                                                         {0x1a, "DDR4"},
                                                                         {0x1b, "LPDDR"},
                                                                         {0x1e, "LPDDR4"},
                                                                         {0x20, "HBM"},
                                                                         {0x22, "DDR5"},
                                                                         {0x23, "LPDDR5"}}};
    for (const auto& [value, name] : types)
        if (value == number) return name;
    return {};
}

// 0: no module in the slot, or its size is not known.
uint64_t module_size(const DmiRecord& record) {
    constexpr uint16_t unknown = 0xffff, extended = 0x7fff, in_kilobytes = 0x8000;
    const uint16_t size = record.word(0x0c).value_or(0);
    if (size == unknown) return 0;
    if (size == extended) return static_cast<uint64_t>(record.dword(0x1c).value_or(0) & 0x7fffffffU) << 20U;
    return (size & in_kilobytes) != 0 ? static_cast<uint64_t>(size & 0x7fffU) << 10U
                                      : static_cast<uint64_t>(size) << 20U;
}

unsigned module_speed(const DmiRecord& record) {
    constexpr uint16_t extended = 0xffff;
    const uint16_t speed = record.word(0x15).value_or(0);
    return speed == extended ? record.dword(0x54).value_or(0) : speed;
}

// Two banks with one name ("DIMM 0") are told apart by what the firmware calls the bank.
std::string slot_name(const DmiRecord& record) {
    std::string slot = record.string(0x10), bank = record.string(0x11);
    if (slot.empty()) return bank;
    return bank.empty() || slot.find(bank) != std::string::npos ? slot : fmt::format("{} {}", bank, slot);
}

// The text of the first line "KEY : VALUE" or "KEY: VALUE".
std::string value_in(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const size_t colon = line.find(':');
        if (colon != std::string_view::npos && cleaned(line.substr(0, colon)) == key)
            return cleaned(line.substr(colon + 1));
    }
    return {};
}

std::string proc_value(const Sysroot& root, const fs::path& file, std::string_view key) {
    auto text = root.read(file);
    return text ? value_in(*text, key) : std::string();
}

// What the machine was given as a whole, the kernel's own share too.
uint64_t memory_blocks(const Sysroot& root) {
    const fs::path blocks = "sys/devices/system/memory";
    const auto size = whole_number<uint64_t>(line_or_empty(root, blocks / "block_size_bytes"), 16);
    if (!size) return 0;
    uint64_t online = 0;
    for (const std::string& name : names_in(root, blocks))
        if (name.starts_with("memory") && line_or_empty(root, blocks / name / "online") == "1") ++online;
    return online * *size;
}

}  // namespace

Result<SystemInfo> read_system(const Sysroot& root, const DmiTable& dmi) {
    SystemInfo system;
    for (const Field& field : fields) {
        const DmiRecord* record = dmi.first(field.type);
        system.*field.to = record != nullptr ? record->string(field.offset) : TRY(dmi_field(root, field.file));
    }
    system.uuid = dmi.uuid();
    if (system.uuid.empty()) system.uuid = lower(TRY(dmi_field(root, "product_uuid")));
    const DmiRecord* chassis = dmi.first(dmi_chassis);
    system.chassis = chassis_type(
        chassis != nullptr ? chassis->byte(0x05).value_or(0)
                           : static_cast<unsigned>(number(root, "sys/class/dmi/id/chassis_type").value_or(0)));
    system.uefi = root.exists("sys/firmware/efi");
    return system;
}

CpuInfo read_cpu(const Sysroot& root) {
    CpuInfo cpu;
    cpu.model = proc_value(root, "proc/cpuinfo", "model name");
    const fs::path processors = "sys/devices/system/cpu";
    std::set<std::string> sockets;
    std::set<std::tuple<std::string, std::string, std::string>> cores;
    for (const std::string& name : names_in(root, processors)) {
        const fs::path topology = processors / name / "topology";
        const std::string socket = line_or_empty(root, topology / "physical_package_id");
        if (!name.starts_with("cpu") || socket.empty()) continue;
        ++cpu.threads;
        sockets.insert(socket);
        cores.emplace(socket, line_or_empty(root, topology / "die_id"), line_or_empty(root, topology / "core_id"));
    }
    cpu.sockets = static_cast<unsigned>(sockets.size());
    cpu.cores = static_cast<unsigned>(cores.size());
    return cpu;
}

MemoryInfo read_memory(const Sysroot& root, const DmiTable& dmi) {
    MemoryInfo memory;
    for (const DmiRecord* record : dmi.all(dmi_module)) {
        ++memory.slots;
        const uint64_t size = module_size(*record);
        if (size == 0) continue;
        memory.installed += size;
        memory.modules.push_back({.slot = slot_name(*record),
                                  .size = size,
                                  .type = memory_type(record->byte(0x12).value_or(0)),
                                  .speed = module_speed(*record),
                                  .vendor = record->string(0x17),
                                  .part = record->string(0x1a),
                                  .serial = record->string(0x18)});
    }
    const std::string total = proc_value(root, "proc/meminfo", "MemTotal");  // "24567890 kB"
    memory.usable = whole_number<uint64_t>(total.substr(0, total.find(' '))).value_or(0) << 10U;
    if (memory.installed == 0) memory.installed = memory_blocks(root);
    if (memory.installed == 0) memory.installed = memory.usable;
    return memory;
}

std::optional<TpmInfo> read_tpm(const Sysroot& root, const DmiTable& dmi) {
    const fs::path tpms = "sys/class/tpm";
    for (const std::string& name : names_in(root, tpms)) {
        const std::string major = line_or_empty(root, tpms / name / "tpm_version_major");
        // Kernels before 5.6 tell only that there is one; the old kind has a file of its own.
        const bool old = major == "1" || root.exists(tpms / name / "device/caps");
        return TpmInfo{.device = name, .version = major == "2" ? "2.0" : old ? "1.2" : ""};
    }
    const DmiRecord* record = dmi.first(dmi_tpm);
    if (record == nullptr) return std::nullopt;
    return TpmInfo{.device = {},
                   .version = fmt::format("{}.{}", record->byte(0x08).value_or(0), record->byte(0x09).value_or(0))};
}

}  // namespace pando::hwdetect
