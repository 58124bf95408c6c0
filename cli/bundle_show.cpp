// SPDX-License-Identifier: GPL-2.0-or-later
// pando bundle show: what the two slots on the LUN hold.
#include "base/printable.h"
#include "cli/bundle_lun.h"
#include "cli/command.h"
#include "config/slots.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>

namespace pando::cli {
namespace {

struct ShowOptions {
    std::string lun;
    std::optional<size_t> slot;
    bool files = false;
    bool json = false;
};

bool is_newest(const config::Slots& slots, size_t index) { return slots.newest == index; }

nlohmann::ordered_json json_of(const config::Slots& slots, size_t index) {
    const config::Slot& slot = slots.slots[index];
    nlohmann::ordered_json json = {{"slot", index}, {"state", config::slot_state_name(slot.state)}};
    if (!slot.cluster.empty()) json["cluster"] = slot.cluster;
    if (!slot.says.empty()) json["says"] = printable(slot.says);
    if (!slot.bundle) return json;
    json["generation"] = slot.generation;
    json["newest"] = is_newest(slots, index);
    json["files"] = nlohmann::ordered_json::object();
    for (const auto& [name, content] : slot.bundle->files) json["files"][name] = content.size();
    return json;
}

void print(const config::Slots& slots, size_t index, bool files) {
    const config::Slot& slot = slots.slots[index];
    if (slot.bundle)
        fmt::print("slot {}: cluster {}, generation {}{}\n", index, slot.cluster, slot.generation,
                   is_newest(slots, index) ? ", the newest" : "");
    else
        fmt::print("slot {}: {}: {}\n", index, config::slot_state_name(slot.state), printable(slot.says));
    if (!slot.bundle || !files) return;
    for (const auto& [name, content] : slot.bundle->files) fmt::print("  {:>8}  {}\n", content.size(), name);
}

}  // namespace

Action declare_bundle_show(CLI::App& app) {
    auto options = std::make_shared<ShowOptions>();
    add_lun_option(app, options->lun);
    app.add_option("--slot", options->slot, "of one slot only")->check(CLI::Range(0, 1));
    app.add_flag("--files", options->files, "also the names and sizes of the files in it");
    app.add_flag("--json", options->json, "for programs");
    return [options]() -> Result<int> {
        const auto store = TRY(open_bundle_store(options->lun));
        const auto slots = TRY(config::read_slots(*store, ""));
        auto list = nlohmann::ordered_json::array();
        for (size_t i = 0; i < slots.slots.size(); ++i) {
            if (options->slot && *options->slot != i) continue;
            if (options->json)
                list.push_back(json_of(slots, i));
            else
                print(slots, i, options->files);
        }
        if (options->json) fmt::print("{}\n", list.dump(2));
        return slots.newest ? 0 : 1;
    };
}

}  // namespace pando::cli
