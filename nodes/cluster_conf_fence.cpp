// SPDX-License-Identifier: GPL-2.0-or-later
// Fence methods and devices of a cluster.conf.
#include "base/process.h"
#include "config/fence_agent.h"
#include "nodes/cluster_conf_parts.h"

#include <algorithm>
#include <filesystem>
#include <set>

namespace pando::nodes {
namespace {

using Json = nlohmann::ordered_json;

// Today's names of options; fence-agents take the old ones too, but say so at each run.
std::string option_today(const std::string& name) {
    static const std::map<std::string, std::string> names = {
        {"ipaddr", "ip"},       {"login", "username"},
        {"passwd", "password"}, {"passwd_script", "password_script"},
        {"secure", "ssh"},      {"option", "action"},
        {"udpport", "ipport"},  {"identityfile", "identity_file"},
        {"hostname", "ip"},     {"cmd_prompt", "command_prompt"}};
    const auto it = names.find(name);
    return it == names.end() ? name : it->second;
}

void take_options(const XmlElement& element, Json& options) {
    for (const auto& [name, value] : element.take_rest())
        if (!value.empty()) options[option_today(name)] = value;
}

bool needs_a_person(const std::string& agent) {
    const std::string name = std::filesystem::path(agent).filename();
    return name == "fence_manual" || name == "fence_ack_manual";
}

// Nothing: it is left out, and a remark says why.
Json translate_device(const XmlElement& device, const std::string& node, const FenceDevices& devices,
                      std::map<std::string, bool>& used, const std::set<std::string>& unfenced, Remarks& remarks) {
    const std::string name = device.take("name").value_or("");
    const auto it = devices.find(name);
    if (it == devices.end()) {
        remarks.add(device, "{}: there is no <fencedevice name=\"{}\">, so what this device is nobody knows", node,
                    name);
        device.done();
        return {};
    }
    used[name] = true;
    const std::string agent = it->second->take("agent").value_or("");
    if (agent.empty()) {
        remarks.add(*it->second, "fence device {} names no agent: left out for {}", name, node);
        device.done();
        return {};
    }
    if (needs_a_person(agent)) {
        remarks.add(device, "{}: {} asks a person, and fences nobody: left out; a person says `pando fence confirm {}`",
                    node, agent, node);
        device.done();
        return {};
    }
    Json options = Json::object();
    // What the device says of itself holds for every node; it is read anew for each.
    for (const auto& [option, value] : it->second->all())
        if (option != "name" && option != "agent" && !value.empty()) options[option_today(option)] = value;
    device.take("nodename");  // fenced gave it by itself
    take_options(device, options);
    options.erase("nodename");
    Json out = {{"agent", agent}};
    if (!options.empty()) out["options"] = options;
    const std::string program = std::filesystem::path(agent).filename();
    if (config::cuts_storage(program) || unfenced.contains(name)) out["unfence"] = true;
    if (!find_program(agent) && !find_program("/usr/sbin/" + agent))
        remarks.add(*it->second,
                    "fence agent {} is not on this machine: is it in Debian's fence-agents, or does the new "
                    "root have it? (fence device {} of {})",
                    agent, name, node);
    return out;
}

}  // namespace

Json translate_fence(const XmlElement& node, const std::string& name, const FenceDevices& devices,
                     std::map<std::string, bool>& used, Remarks& remarks) {
    std::set<std::string> unfenced;
    for (const XmlElement* unfence : node.each("unfence"))
        for (const XmlElement* device : unfence->each("device")) {
            unfenced.insert(device->take("name").value_or(""));
            device->done();  // the same options, with action=on
        }
    Json out = Json::array();
    for (const XmlElement* fence : node.each("fence"))
        for (const XmlElement* method : fence->each("method")) {
            const std::string title = method->take("name").value_or("");
            const auto all = method->each("device");
            if (all.size() > 1) {
                // Of two power supplies one would be switched off, and the node reported dead.
                remarks.add(*method,
                            "{}: method {} needs {} devices at once, and Pando's are tried one after the other: "
                            "left out; an agent of your own that does all of them can take its place",
                            name, title, all.size());
                for (const XmlElement* device : all) {
                    used[device->take("name").value_or("")] = true;
                    device->done();
                }
                continue;
            }
            for (const XmlElement* device : all)
                if (Json one = translate_device(*device, name, devices, used, unfenced, remarks); !one.empty())
                    out.push_back(std::move(one));
        }
    if (out.empty())
        remarks.add(node, "{}: nothing is left that fences it; add fence: to it, or it will not join", name);
    return out;
}

}  // namespace pando::nodes
