// SPDX-License-Identifier: GPL-2.0-or-later
// IPMI 2.0: 31.6 "Add SEL Entry", 32.1 and 32.3 records, 42.2 sensor type 20h.
#include "initrd/bmc_log.h"

#include <algorithm>
#include <array>

namespace pando::initrd {
namespace {

constexpr uint8_t storage_function = 0x0a, add_sel_entry = 0x44;

constexpr uint8_t system_event = 0x02;      // record types
constexpr uint8_t linux_panic = 0xf0;       // without a time stamp: the one above has it
constexpr uint8_t system_software = 0x41;   // who says it, as the kernel calls itself
constexpr uint8_t event_revision = 0x04;    // of IPMI 1.5 and 2.0
constexpr uint8_t os_critical_stop = 0x20;  // sensor type
constexpr uint8_t sensor_specific = 0x6f;   // asserted
constexpr uint8_t run_time_stop = 0x01;     // offset of that type; no data of ours in the two bytes behind
constexpr uint8_t unspecified = 0xff;
constexpr uint8_t bmc_address = 0x20;

constexpr size_t piece = 11, most_pieces = 8;  // of the reason
constexpr std::string_view sender = "pando: ";

// The BMC fills in the number of the record and, in those that have one, the time.
BmcRequest add(std::array<uint8_t, 16> record) {
    return {storage_function, add_sel_entry, {record.begin(), record.end()}};
}

BmcRequest event() {
    return add({0, 0, system_event, 0, 0, 0, 0, system_software, 0, event_revision, os_critical_stop, 0,
                sensor_specific, run_time_stop, unspecified, unspecified});
}

BmcRequest words(size_t number, std::string_view text) {
    std::array<uint8_t, 16> record = {0, 0, linux_panic, bmc_address, static_cast<uint8_t>(number)};
    std::transform(text.begin(), text.end(), record.begin() + 5,
                   [](char c) { return static_cast<uint8_t>(c < ' ' || c > '~' ? '?' : c); });
    return add(record);
}

}  // namespace

std::vector<BmcRequest> reset_records(std::string_view reason) {
    const std::string text = std::string(sender).append(reason).substr(0, piece * most_pieces);
    std::vector<BmcRequest> records = {event()};
    for (size_t at = 0; at < text.size(); at += piece)
        records.push_back(words(at / piece, std::string_view(text).substr(at, piece)));
    return records;
}

Result<> write_reset_to_bmc(const AskBmc& ask, std::string_view reason, Deadline deadline) {
    for (const BmcRequest& record : reset_records(reason)) (void)TRY(ask(record, deadline));
    return {};
}

std::string completion_text(uint8_t code) {
    switch (code) {
        case 0xc0:
            return "it is busy";
        case 0xc1:
            return "it keeps no such log";
        case 0xc3:
            return "it did not answer in time";
        case 0xc4:
            return "its event log is full: ipmitool sel clear";
        case 0xd4:
            return "it allows that to nobody on this side";
        default:
            return fmt::format("completion code {:#04x}", code);
    }
}

}  // namespace pando::initrd
