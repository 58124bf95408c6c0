// SPDX-License-Identifier: GPL-2.0-or-later
// The firmware's table with anything in it: an entry point, a line end, and the table. Whatever it holds, reading ends,
// stays within bounds, and gives texts that a console and a JSON reader can take.
#include "hwdetect/dmi.h"

#include "hwdetect/inventory_parts.h"
#include "tests/fuzz/driver.h"
#include "tests/unit/hwdetect/dmi_table.h"

#include "base/file.h"

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::fuzz {
namespace {

constexpr size_t entry_point_size = 24;

// The firmware tables of the recorded machines.
std::string table_of(const std::string& machine) {
    const auto text = read_file(std::string(TEST_SOURCE "/tests/data/machines/") + machine);
    if (!text) throw std::runtime_error(text.error().what);
    std::istringstream lines(*text);
    std::string table;
    unsigned handle = 0;
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("dmi ")) table += test::dmi_record_of_text(line.substr(4), handle++);
    return test::dmi_entry_point(3, 2, table.size()) + table;
}

bool is_printable(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// A root without anything: what is found comes from the table alone.
const Sysroot& empty_root() {
    static const auto directory = *TemporaryDirectory::create("/tmp", "pando-fuzz-dmi-");
    static const auto root = *Sysroot::open(directory.path());
    return root;
}

}  // namespace

std::vector<std::string> seeds() {
    return {table_of("dell-r640"), table_of("supermicro-placeholders"), std::string(entry_point_size, '\0'),
            test::dmi_entry_point(2, 4, 64) + test::dmi_record(127, 0, "")};
}

std::vector<std::string> words() {
    std::vector<std::string> words = {std::string("\0\0", 2),
                                      std::string("\x7f\x04\xff\xff\0\0", 6),
                                      "_SM_",
                                      "_SM3_",
                                      "\xff",
                                      "\x01",
                                      std::string(300, '\0'),
                                      std::string(5000, 'x')};
    for (const unsigned type : {0U, 1U, 2U, 3U, 17U, 38U, 42U, 43U})
        words.push_back(test::dmi_record(type, type, "\x01\x02\x03", {"text", "To be filled by O.E.M.", "\x1b[2J"}));
    return words;
}

std::string look_at(std::string_view input) {
    const auto table =
        hwdetect::parse_dmi(input.substr(0, entry_point_size), input.substr(std::min(input.size(), entry_point_size)));
    size_t bytes = 0;
    for (const auto& record : table.records) {
        bytes += record.fixed.size();
        if (record.fixed.size() < 4 || record.fixed.size() > 255) return "a record without its header";
        for (size_t offset = 0; offset <= record.fixed.size(); ++offset) {
            if (!is_printable(record.string(offset))) return "a text that no console should see";
            if (record.qword(offset) && offset + 8 > record.fixed.size()) return "a number from behind the record";
        }
    }
    if (bytes > input.size()) return "more than there was";
    if (!table.uuid().empty() && table.uuid().size() != 36) return "a UUID that is none";

    hwdetect::Inventory inventory;
    const auto system = hwdetect::read_system(empty_root(), table);
    if (!system) return "no system: " + system.error().what;
    inventory.system = *system;
    inventory.memory = hwdetect::read_memory(empty_root(), table);
    inventory.bmc = hwdetect::read_bmc_info(empty_root(), table);
    inventory.tpm = hwdetect::read_tpm(empty_root(), table);
    if (!nlohmann::json::accept(hwdetect::to_json(inventory))) return "JSON that is none";
    if (hwdetect::to_yaml(inventory).empty() || hwdetect::to_text(inventory).empty()) return "nothing to say";
    return {};
}

}  // namespace pando::fuzz
