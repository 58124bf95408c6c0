// SPDX-License-Identifier: GPL-2.0-or-later
// What a LUN holds, as anybody who may log in to it can have written it: slots, claims, pending machines, and the
// partition table in front of them. Half of the inputs get checksums that are right, so that what is behind is reached.
#include "base/sha256.h"
#include "config/register.h"
#include "config/slots.h"
#include "rootfs/gpt.h"
#include "tests/fuzz/driver.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>

namespace pando::fuzz {
namespace {

// A disk of zeros but for what was put on it.
class MemoryStore : public Store {
public:
    explicit MemoryStore(uint64_t size) : size_(size) {}
    void put(uint64_t offset, std::string_view bytes) {
        for (size_t at = 0; at < bytes.size() && offset + at < size_; at += block) {
            std::string piece(bytes.substr(at, block));
            piece.resize(block, '\0');
            blocks_[offset + at] = std::move(piece);
        }
    }
    Result<std::string> read(uint64_t offset, size_t size) override {
        TRY(check_range(offset, size));
        std::string bytes;
        for (uint64_t at = offset; at < offset + size; at += block) {
            const auto there = blocks_.find(at);
            bytes += there == blocks_.end() ? std::string(block, '\0') : there->second;
        }
        return bytes;
    }
    Result<> write(uint64_t offset, std::string_view bytes) override {
        TRY(check_range(offset, bytes.size()));
        put(offset, bytes);
        return {};
    }
    uint64_t size() const override { return size_; }
    std::string name() const override { return "the disk"; }

private:
    uint64_t size_;
    std::map<uint64_t, std::string> blocks_;
};

constexpr uint64_t mebibyte = 1U << 20U;
constexpr uint64_t claims_at = 8 * mebibyte, pending_at = 13 * mebibyte;  // config/register.h has the layout

std::string slot_of(std::string_view payload) {
    return fmt::format("PANDO-BUNDLE 1 cluster=grove generation=7 bytes={} sha256={}\n{}", payload.size(),
                       sha256(payload), payload);
}

std::string record_of(std::string_view json) { return fmt::format("PANDO-RECORD 1 sha256={}\n{}", sha256(json), json); }

bool plain(const std::string& text) {
    return text.size() <= 128 &&
           std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

bool plain(const config::MachineRecord& machine) {
    return plain(machine.vendor) && plain(machine.product) && plain(machine.address) &&
           plain(machine.identity.uuid.value_or("")) && plain(machine.identity.serial.value_or("")) &&
           plain(machine.identity.asset.value_or("")) && machine.macs.size() <= 16 &&
           std::all_of(machine.macs.begin(), machine.macs.end(), [](const auto& mac) { return plain(mac); });
}

std::string look_at_partition(std::string_view slot, std::string_view record) {
    MemoryStore disk(16 * mebibyte);
    disk.put(0, slot);
    disk.put(claims_at + Store::block, record);  // of node 2
    disk.put(pending_at, record);
    const auto slots = config::read_slots(disk, "grove");
    if (!slots) return "slots that can be read are refused: " + slots.error().what;
    if (slots->newest && !slots->slots[*slots->newest].bundle) return "the newest slot has no bundle";
    if (slots->newest) {
        config::Bundle next = *slots->slots[*slots->newest].bundle;
        next.generation += 1;
        if (auto written = config::write_slot(disk, next); !written)
            return "what was read cannot be followed by the next generation: " + written.error().what;
        const auto newest = config::read_newest(disk, "grove");
        if (!newest || newest->files != next.files) return "the next generation does not come back";
    }
    (void)config::peek_generation(disk);
    for (const auto& claim : config::read_claims(disk).value_or(std::vector<config::Claim>()))
        if (claim.id != 2 || !plain(claim.node) || !plain(claim.machine)) return "a claim that nobody can have made";
    for (const auto& pending : config::read_pending(disk).value_or(std::vector<config::Pending>()))
        if (!plain(pending.boot) || !plain(pending.machine)) return "a pending machine that nobody can be";
    return {};
}

std::string look_at_table(std::string_view table) {
    MemoryStore disk(64 * mebibyte);
    disk.put(0, table);
    const auto partitions = rootfs::read_gpt(disk);
    if (!partitions) return {};
    for (const auto& partition : *partitions)
        if (partition.start + partition.size > disk.size() || partition.size == 0 || !plain(partition.name))
            return fmt::format("partition {} does not lie on the disk", partition.number);
    return {};
}

void put(std::string& bytes, size_t at, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(value >> 8U * i);
}

uint32_t crc32(std::string_view bytes) {
    uint32_t crc = ~0U;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0xedb88320U : crc >> 1U;
    }
    return ~crc;
}

// The checksums of a table made right, whatever else it says: entries in sector 2, as many as it has bytes for.
std::string with_checksums(std::string_view input) {
    std::string table(input);
    table.resize(std::max<size_t>(table.size(), 2 * Store::block), '\0');
    table.replace(512, 8, "EFI PART");
    put(table, 512 + 12, 92, 4);
    put(table, 512 + 24, 1, 8);
    put(table, 512 + 72, 2, 8);
    put(table, 512 + 80, 16, 4);
    put(table, 512 + 84, 128, 4);
    put(table, 512 + 88, crc32(std::string_view(table).substr(1024, 2048)), 4);
    put(table, 512 + 16, 0, 4);
    put(table, 512 + 16, crc32(std::string_view(table).substr(512, 92)), 4);
    return table;
}

}  // namespace

std::vector<std::string> seeds() {
    std::string entry(128, '\0');
    entry.replace(0, 16, 16, 'T');
    put(entry, 32, 34, 8);
    put(entry, 40, 2081, 8);
    entry[56] = 'p';
    return {
        R"({"cluster":"grove","generation":7,"files":{"a":"QQ=="}})",
        R"({"id":2,"node":"n2","boot":"b","state":"up","beat":4,"generation":7,"machine":{"serial":"S","macs":["52:54:00:00:00:01"]}})",
        R"({"boot":"b","beat":1,"waited":3,"left":4,"machine":{"uuid":"u","vendor":"v","product":"p","asset":"a"}})",
        std::string(1024, '\0') + entry + entry};
}

std::vector<std::string> words() {
    return {"\"machine\":",
            "\"macs\":",
            "[",
            "]",
            "{",
            "}",
            "\"id\":",
            "\"waited\":",
            "null",
            "-1",
            "1e999",
            "\\u0000",
            "\\ud800",
            "\x1b[31m",
            "\xff",
            "PANDO-RECORD 1 ",
            "PANDO-BUNDLE 1 ",
            "EFI PART",
            std::string(8, '\xff')};
}

std::string look_at(std::string_view input) {
    std::string broken = look_at_partition(input, input);
    if (broken.empty()) broken = look_at_partition(slot_of(input), record_of(input));
    if (broken.empty()) broken = look_at_table(input);
    if (broken.empty()) broken = look_at_table(with_checksums(input));
    return broken;
}

}  // namespace pando::fuzz
