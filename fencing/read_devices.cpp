// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file.h"
#include "base/number.h"
#include "chroot-builder/residence.h"
#include "fencing/device_files.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::fencing {
namespace fs = std::filesystem;

namespace {

constexpr const char* directory = "etc/pando/fence";

Result<config::FenceDevice> device_of(const nlohmann::json& entry) {
    config::FenceDevice device;
    if (!entry.is_object()) return fail("a device is no mapping");
    const auto number = [&](const char* key, int64_t otherwise) {
        const auto it = entry.find(key);
        return it != entry.end() && it->is_number_integer() ? it->get<int64_t>() : otherwise;
    };
    const auto text = [&](const char* key) {
        const auto it = entry.find(key);
        return it != entry.end() && it->is_string() ? it->get<std::string>() : std::string();
    };
    device.name = text("name");
    device.agent = text("agent");
    if (device.agent.empty()) return fail("a device without agent");
    const auto options = entry.find("options");
    if (options == entry.end() || !options->is_object()) return fail("a device without options");
    for (const auto& [option, value] : options->items())
        if (value.is_string()) device.options[option] = value.get<std::string>();
    device.attempts = static_cast<uint32_t>(std::clamp<int64_t>(number("attempts", device.attempts), 1, 10));
    device.timeout = Milliseconds(std::max<int64_t>(number("timeout_ms", device.timeout.count()), 1));
    device.delay = Milliseconds(std::max<int64_t>(number("delay_ms", 0), 0));
    const auto unfence = entry.find("unfence");
    device.unfence = unfence != entry.end() && *unfence == true;
    return device;
}

}  // namespace

fs::path chroot_seen_from_here() {
    std::error_code ec;
    return fs::exists(fs::path(chroot::chroot_path) / directory, ec) ? chroot::chroot_path : "/";
}

fs::path fence_file(const fs::path& chroot, uint32_t id) { return chroot / directory / std::to_string(id); }

Result<FencedNode> read_node_devices(const fs::path& chroot, uint32_t id) {
    const fs::path file = fence_file(chroot, id);
    const auto json = nlohmann::json::parse(TRY(read_file(file)), nullptr, false);
    FencedNode node;
    node.id = id;
    node.name = fmt::format("id {}", id);
    if (json.is_object())
        if (const auto name = json.find("node"); name != json.end() && name->is_string()) node.name = *name;
    // A list alone is what the release before wrote; a node that runs may have booted with it.
    const auto devices = json.is_object() ? json.value("devices", nlohmann::json()) : json;
    if (!devices.is_array()) return fail("{} is damaged", file.string());
    for (const auto& entry : devices) {
        auto device = device_of(entry);
        if (!device) return fail("{} is damaged: {}", file.string(), device.error().what);
        node.devices.push_back(std::move(*device));
    }
    return node;
}

Result<std::vector<FencedNode>> read_all_devices(const fs::path& chroot) {
    std::vector<FencedNode> nodes;
    for (const std::string& name : TRY(list_directory(chroot / directory)))
        if (const auto id = whole_number<uint32_t>(name)) nodes.push_back(TRY(read_node_devices(chroot, *id)));
    std::sort(nodes.begin(), nodes.end(), [](const auto& one, const auto& other) { return one.id < other.id; });
    return nodes;
}

Result<FencedNode> find_node_devices(const fs::path& chroot, const std::string& name) {
    std::vector<std::string> names;
    for (FencedNode& node : TRY(read_all_devices(chroot))) {
        if (node.name == name) return std::move(node);
        names.push_back(node.name);
    }
    return bad_input("the cluster has no node {}", name).advise(fmt::format("its nodes: {}", fmt::join(names, " ")));
}

}  // namespace pando::fencing
