// SPDX-License-Identifier: GPL-2.0-or-later
// The firmware's own description of the machine (SMBIOS, "DMI"): a table of records, each a fixed part and strings.
// Firmware is not to be trusted: no length, string number or end mark in it is believed before it is checked.
//
//   const DmiTable table = parse_dmi(entry_point, bytes);
//   for (const DmiRecord* board : table.all(2)) print(board->string(4));
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::hwdetect {

struct DmiRecord {
    uint8_t type = 0;
    uint16_t handle = 0;
    std::string fixed;                 // with the four bytes of the header, as the specification counts
    std::vector<std::string> strings;  // as they are, any bytes

    // Little-endian; nothing where the record ends before.
    std::optional<uint8_t> byte(size_t offset) const;
    std::optional<uint16_t> word(size_t offset) const;
    std::optional<uint32_t> dword(size_t offset) const;
    std::optional<uint64_t> qword(size_t offset) const;
    // The string whose number stands there, cleaned; empty when there is none.
    std::string string(size_t offset) const;
};

struct DmiTable {
    unsigned major = 0, minor = 0;  // of the specification; 0.0 when the entry point does not tell
    std::vector<DmiRecord> records;
    std::string fault;  // "record 17 is cut off": what was behind it is not here; empty when all was read

    std::vector<const DmiRecord*> all(uint8_t type) const;
    const DmiRecord* first(uint8_t type) const;  // null when there is none
    // The UUID of a system record; the first three fields are little-endian since 2.6.
    std::string uuid() const;
};

constexpr size_t dmi_table_limit = 1U << 20U;  // bytes; the largest servers have some tens of thousands

// The bytes of smbios_entry_point and DMI in /sys/firmware/dmi/tables. Never fails: a bad table has few records and a
// fault.
DmiTable parse_dmi(std::string_view entry_point, std::string_view table);

}  // namespace pando::hwdetect
