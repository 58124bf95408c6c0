// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/gpt.h"

#include <algorithm>
#include <optional>

namespace pando::rootfs {
namespace {

constexpr std::string_view signature = "EFI PART";
constexpr size_t header_least = 92;  // bytes that are defined
constexpr size_t entry_least = 128;
constexpr uint64_t entries_limit = 1U << 20U;  // bytes; a table has 16 KiB
constexpr size_t name_at = 56;                 // in an entry
constexpr size_t name_units = 36;              // of UTF-16

// Little-endian, whatever this machine is. The callers keep within the text.
uint64_t number(std::string_view bytes, size_t at, size_t size) {
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

// The CRC-32 of Ethernet, as the format has it.
uint32_t crc32(std::string_view bytes) {
    uint32_t crc = ~0U;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0xedb88320U : crc >> 1U;
    }
    return ~crc;
}

// Any bytes of a disk, by the whole blocks around them.
Result<std::string> read_bytes(Store& disk, uint64_t at, uint64_t size) {
    const uint64_t first = at / Store::block * Store::block;
    const uint64_t end = (at + size + Store::block - 1) / Store::block * Store::block;
    return TRY(disk.read(first, end - first)).substr(at - first, size);
}

struct Table {
    uint64_t sector = 0;  // bytes
    uint64_t entries_at = 0;
    uint64_t count = 0;
    uint64_t entry_size = 0;
    uint32_t entries_crc = 0;
};

// Nothing when no header that is right lies in this sector.
Result<std::optional<Table>> read_header(Store& disk, uint64_t sector_number, uint64_t sector) {
    std::optional<Table> none;
    std::string header = TRY(read_bytes(disk, sector_number * sector, sector));
    if (!header.starts_with(signature)) return none;
    const uint64_t length = number(header, 12, 4);
    if (length < header_least || length > sector) return none;
    header.resize(length);
    const auto crc = static_cast<uint32_t>(number(header, 16, 4));
    header.replace(16, 4, 4, '\0');
    if (crc32(header) != crc || number(header, 24, 8) != sector_number) return none;
    const uint64_t entries = number(header, 72, 8);
    const Table table{sector, entries * sector, number(header, 80, 4), number(header, 84, 4),
                      static_cast<uint32_t>(number(header, 88, 4))};
    const bool sound = table.entry_size >= entry_least && table.entry_size % 8 == 0 && table.count > 0 &&
                       table.count <= entries_limit / table.entry_size && entries < disk.size() / sector &&
                       table.count * table.entry_size <= disk.size() - table.entries_at;
    return sound ? std::optional(table) : none;
}

// For names of ours, which are ASCII; any other unit becomes a question mark.
std::string name_of(std::string_view entry) {
    std::string name;
    for (size_t i = 0; i < name_units; ++i) {
        const uint64_t unit = number(entry, name_at + 2 * i, 2);
        if (unit == 0) break;
        name += unit >= 0x20 && unit < 0x7f ? static_cast<char>(unit) : '?';
    }
    return name;
}

// Nothing when the entries are not those that the header was written with.
Result<std::optional<std::vector<Partition>>> read_entries(Store& disk, const Table& table) {
    std::optional<std::vector<Partition>> found;
    // Whole blocks beyond the end are not there to be read.
    const uint64_t size = table.count * table.entry_size;
    if ((table.entries_at + size + Store::block - 1) / Store::block * Store::block > disk.size()) return found;
    const std::string entries = TRY(read_bytes(disk, table.entries_at, size));
    if (crc32(entries) != table.entries_crc) return found;
    found.emplace();
    const uint64_t sectors = disk.size() / table.sector;
    for (uint64_t i = 0; i < table.count; ++i) {
        const std::string_view entry = std::string_view(entries).substr(i * table.entry_size, table.entry_size);
        if (entry.substr(0, 16).find_first_not_of('\0') == std::string_view::npos) continue;  // unused
        const uint64_t first = number(entry, 32, 8), last = number(entry, 40, 8);
        if (first > last || last >= sectors) continue;
        found->push_back(
            {static_cast<int>(i + 1), name_of(entry), first * table.sector, (last - first + 1) * table.sector});
    }
    return found;
}

Result<std::optional<std::vector<Partition>>> read_table(Store& disk, uint64_t sector_number, uint64_t sector) {
    const auto table = TRY(read_header(disk, sector_number, sector));
    if (!table) return std::optional<std::vector<Partition>>();
    return read_entries(disk, *table);
}

}  // namespace

Result<std::vector<Partition>> read_gpt(Store& disk) {
    constexpr uint64_t sector_sizes[] = {512, 4096};
    const uint64_t size = disk.size() / Store::block * Store::block;
    if (size < 4 * Store::block) return fail("{} is too small for a partition table", disk.name());
    for (const uint64_t sector : sector_sizes)
        if (auto found = TRY(read_table(disk, 1, sector)); found) return std::move(*found);
    for (const uint64_t sector : sector_sizes)
        if (auto found = TRY(read_table(disk, size / sector - 1, sector)); found) return std::move(*found);
    return fail("{} has no GPT partition table", disk.name())
        .advise("is this the right LUN? A blank one is prepared by: pando bundle write --initial");
}

Result<std::unique_ptr<Store>> open_partition(std::unique_ptr<Store> disk, std::string_view name) {
    const auto partitions = TRY(read_gpt(*disk));
    const auto is_it = [&](const Partition& partition) { return partition.name == name; };
    const auto found = std::find_if(partitions.begin(), partitions.end(), is_it);
    if (found == partitions.end())
        return fail("{} has no partition {}", disk->name(), name)
            .advise("is this the right LUN? A blank one is prepared by: pando bundle write --initial");
    if (std::count_if(partitions.begin(), partitions.end(), is_it) > 1)
        return fail("{} has several partitions {}", disk->name(), name).advise("rename the ones that are not Pando's");
    if (found->start % Store::block != 0)
        return fail("{}: partition {} does not begin at a multiple of {} bytes", disk->name(), name, Store::block);
    std::string called = fmt::format("{} of {}", name, disk->name());
    return part_of(std::move(disk), std::move(called), found->start, found->size / Store::block * Store::block);
}

}  // namespace pando::rootfs
