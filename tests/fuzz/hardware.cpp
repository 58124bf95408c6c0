// SPDX-License-Identifier: GPL-2.0-or-later
// A stored inventory with anything in it: a comparison with a whole one ends without a crash, each change has its
// words, and an inventory is never different from itself.
#include "hwdetect/changes.h"

#include "hwdetect/inventory.h"
#include "tests/fuzz/driver.h"

#include <fmt/format.h>

namespace pando::fuzz {
namespace {

std::string whole() {
    hwdetect::Inventory inventory;
    inventory.system = {.uuid = "4c4c4544-0058-4b10-8032-b7c04f4d3933", .vendor = "Dell Inc.", .serial = "7XK2M93"};
    inventory.memory = {.installed = 64ULL << 30U,
                        .usable = 1,
                        .slots = 2,
                        .modules = {{.slot = "A1", .size = 1, .serial = "S1"}, {.slot = "A2"}}};
    inventory.nics = {
        {.name = "eno1", .mac = "24:6e:96:aa:00:01", .permanent_mac = "24:6e:96:aa:00:01", .address = "0000:18:00.0"},
        {.name = "eno2", .mac = "24:6e:96:aa:00:02"}};
    inventory.storage.disks = {{.name = "sda", .size = 5, .serial = "D1"}, {.name = "sdb", .transport = "iscsi"}};
    inventory.bmc.emplace();
    return hwdetect::to_json(inventory);
}

}  // namespace

std::vector<std::string> seeds() {
    return {whole(), "{\"system\": {}}", "{\"system\": {}, \"nics\": [{}], \"bmc\": null}"};
}

std::vector<std::string> words() {
    return {"system",
            "nics",
            "memory",
            "modules",
            "disks",
            "bmc",
            "null",
            "true",
            "-1",
            "1e999",
            "[",
            "]",
            "{",
            "}",
            "\"",
            ":",
            ",",
            "[]",
            "{}",
            "18446744073709551615",
            "\\u0000",
            "\xff",
            "permanent_mac",
            "serial",
            "address"};
}

std::string look_at(std::string_view input) {
    static const std::string known = whole();
    for (const auto& changes : {hwdetect::changes_between(input, known), hwdetect::changes_between(known, input)}) {
        if (!changes) {
            if (changes.error().kind != ErrorKind::bad_input || changes.error().what.empty())
                return "a refusal that is not bad input, or without a word";
            continue;
        }
        for (const auto& change : *changes)
            if (change.part.empty() || to_string(change).empty()) return "a change without a word";
    }
    const auto same = hwdetect::changes_between(input, input);
    if (same && !same->empty()) return "it differs from itself: " + to_string(same->front());
    return {};
}

}  // namespace pando::fuzz
