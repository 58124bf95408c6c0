// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/history.h"

#include "base/file.h"

#include <sys/stat.h>
#include <algorithm>

namespace pando::nodes {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t file_limit = 1U << 20U;

Json json_of(const config::Binding& binding) {
    Json machine = Json::object();
    if (binding.machine.uuid) machine["uuid"] = *binding.machine.uuid;
    if (binding.machine.serial) machine["serial"] = *binding.machine.serial;
    if (binding.machine.asset) machine["asset"] = *binding.machine.asset;
    return {{"machine", machine}, {"macs", binding.macs}};
}

config::Binding binding_of(const Json& json) {
    config::Binding binding;
    const Json& machine = json.at("machine");
    if (machine.contains("uuid")) binding.machine.uuid = machine.at("uuid").get<std::string>();
    if (machine.contains("serial")) binding.machine.serial = machine.at("serial").get<std::string>();
    if (machine.contains("asset")) binding.machine.asset = machine.at("asset").get<std::string>();
    binding.macs = json.at("macs").get<std::map<std::string, std::string>>();
    return binding;
}

// The generation in the name has its zeros, so that names sort as the changes came.
std::string file_name(const std::string& node, uint64_t generation) {
    return fmt::format("{}.{:020}.json", node, generation);
}

}  // namespace

Result<> write_rebinding(const fs::path& root, const Rebinding& change) {
    const fs::path directory = root / history_directory;
    TRY(make_directories(directory.parent_path()));
    TRY(make_directories(directory, 0700));
    TRY(sync_directory(directory.parent_path()));
    const Json json = {{"version", 1},
                       {"node", change.node},
                       {"when", change.when},
                       {"who", change.who},
                       {"generation", change.generation},
                       {"proof", change.proof},
                       {"before", json_of(change.before)},
                       {"after", json_of(change.after)}};
    return write_file_atomic(directory / file_name(change.node, change.generation), json.dump(2) + "\n", 0600);
}

Result<std::optional<Rebinding>> last_rebinding(const fs::path& root, const std::string& node) {
    const fs::path directory = root / history_directory;
    if (!fs::exists(directory)) return std::optional<Rebinding>();
    std::string last;
    for (const std::string& name : TRY(list_directory(directory)))
        if (name.starts_with(node + ".") && name.size() == file_name(node, 0).size() && name.ends_with(".json"))
            last = name;
    if (last.empty()) return std::optional<Rebinding>();
    const fs::path file = directory / last;
    const std::string text = TRY(read_file(file, file_limit));
    try {
        const Json json = Json::parse(text);
        Rebinding change;
        change.node = json.at("node").get<std::string>();
        change.when = json.at("when").get<std::string>();
        change.who = json.at("who").get<std::string>();
        change.generation = json.at("generation").get<uint64_t>();
        change.proof = json.at("proof").get<std::string>();
        change.before = binding_of(json.at("before"));
        change.after = binding_of(json.at("after"));
        return std::optional(change);
    } catch (const nlohmann::json::exception& error) {
        return bad_input("{} cannot be read: {}", file.string(), error.what())
            .advise("move it away; what the node was bound to before is then told by nobody");
    }
}

}  // namespace pando::nodes
