// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/history.h"

#include "base/file.h"

#include <sys/stat.h>
#include <algorithm>

namespace pando::nodes {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* removed_directory = "removed";
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

Json json_of(const config::OptionChanges& options) {
    Json json = Json::object();
    for (const auto& [option, value] : options) json[option] = value ? Json(*value) : Json();
    return json;
}

config::OptionChanges options_of(const Json& record, const char* key) {
    config::OptionChanges options;
    if (!record.contains(key)) return options;
    for (const auto& [option, value] : record.at(key).items())
        options[option] = value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
    return options;
}

Rebinding rebinding_of(const Json& json) {
    Rebinding change;
    change.node = json.at("node").get<std::string>();
    change.when = json.at("when").get<std::string>();
    change.who = json.at("who").get<std::string>();
    change.generation = json.at("generation").get<uint64_t>();
    change.proof = json.at("proof").get<std::string>();
    change.before = binding_of(json.at("before"));
    change.after = binding_of(json.at("after"));
    change.fence_before = options_of(json, "fence_before");
    change.fence_after = options_of(json, "fence_after");
    change.restores = json.value("restores", false);
    change.boot = json.value("boot", std::string());
    return change;
}

// The generation in the name has its zeros, so that names sort as the changes came.
std::string file_name(const std::string& node, uint64_t generation) {
    return fmt::format("{}.{:020}.json", node, generation);
}

// Those of the node, the oldest first.
Result<std::vector<fs::path>> files_of(const fs::path& directory, const std::string& node) {
    std::vector<fs::path> files;
    for (const std::string& name : TRY(list_directory(directory)))
        if (name.starts_with(node + ".") && name.size() == file_name(node, 0).size() && name.ends_with(".json"))
            files.push_back(directory / name);
    std::sort(files.begin(), files.end());
    return files;
}

Result<> move_history(const fs::path& from, const std::string& node, const fs::path& to, const std::string& name) {
    for (const fs::path& file : TRY(files_of(from, node))) {
        const fs::path target = to / (name + file.filename().string().substr(node.size()));
        std::error_code error;
        fs::rename(file, target, error);
        if (error) return fail("{} cannot become {}: {}", file.string(), target.string(), error.message());
    }
    TRY(sync_directory(to));
    return sync_directory(from);
}

bool is_as(const config::Node& node, const config::Binding& binding, const config::OptionChanges& fence) {
    if (!(config::binding_of(node) == binding)) return false;
    return std::all_of(fence.begin(), fence.end(), [&](const auto& entry) {
        if (node.fence.empty()) return false;
        const auto& options = node.fence.front().options;
        const auto it = options.find(entry.first);
        return entry.second ? it != options.end() && it->second == *entry.second : it == options.end();
    });
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
                       {"after", json_of(change.after)},
                       {"fence_before", json_of(change.fence_before)},
                       {"fence_after", json_of(change.fence_after)},
                       {"restores", change.restores},
                       {"boot", change.boot}};
    return write_file_atomic(directory / file_name(change.node, change.generation), json.dump(2) + "\n", 0600);
}

Result<bool> has_history(const fs::path& root, const std::string& node) {
    const fs::path directory = root / history_directory;
    return fs::exists(directory) && !TRY(files_of(directory, node)).empty();
}

Result<> rename_history(const fs::path& root, const std::string& node, const std::string& name) {
    return move_history(root / history_directory, node, root / history_directory, name);
}

Result<> set_history_aside(const fs::path& root, const std::string& node) {
    const fs::path aside = root / history_directory / removed_directory;
    TRY(make_directories(aside, 0700));
    return move_history(root / history_directory, node, aside, node);
}

Result<std::vector<Rebinding>> rebindings(const fs::path& root, const std::string& node) {
    std::vector<Rebinding> all;
    const fs::path directory = root / history_directory;
    if (!fs::exists(directory)) return all;
    for (const fs::path& file : TRY(files_of(directory, node))) {
        const std::string text = TRY(read_file(file, file_limit));
        try {
            all.push_back(rebinding_of(Json::parse(text)));
        } catch (const nlohmann::json::exception& error) {
            return bad_input("{} cannot be read: {}", file.string(), error.what())
                .advise("move it away; what the node was bound to before is then told by nobody");
        }
    }
    std::reverse(all.begin(), all.end());
    return all;
}

bool came_to_pass(const Rebinding& change, const config::Node& node) {
    return is_as(node, change.after, change.fence_after);
}

Result<std::optional<Rebinding>> last_rebinding(const fs::path& root, const config::Node& node) {
    for (const Rebinding& change : TRY(rebindings(root, node.name))) {
        if (came_to_pass(change, node)) return std::optional(change);
        if (!is_as(node, change.before, change.fence_before)) break;
    }
    return std::optional<Rebinding>();
}

}  // namespace pando::nodes
