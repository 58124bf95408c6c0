// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/agent_files.h"

#include "base/file.h"
#include "base/sha256.h"

#include <sys/stat.h>
#include <algorithm>
#include <array>

namespace pando::config {
namespace {

constexpr size_t file_limit = 256U << 10U;  // bytes; a bundle has 4 MB for all
constexpr size_t name_digits = 16;
// All but /usr is the boot's own in the chroot; of /usr there is one for each generation of it.
constexpr std::string_view directory = "/etc/";

struct FileOption {
    std::string_view name;
    bool program;
};
// By name and not by value: /redfish/v1 and /dev/sda are no files to carry.
constexpr std::array<FileOption, 9> file_options = {{
    {"cacert", false},          // fence_openstack
    {"clouds_yaml", false},     // fence_openstack
    {"identity_file", false},   // all that use ssh
    {"kubeconfig", false},      // fence_kubevirt
    {"passwd_script", true},    // password_script's old name
    {"password_script", true},  // all
    {"serviceaccount", false},  // fence_gce
    {"snmp_priv_passwd_script", true},
    {"snmp_priv_password_script", true},
}};

const FileOption* find_option(std::string_view name) {
    // dlm_controld passes names on as they are; agents take both spellings.
    std::string plain(name);
    std::replace(plain.begin(), plain.end(), '-', '_');
    const auto row = std::find_if(file_options.begin(), file_options.end(),
                                  [&](const FileOption& option) { return option.name == plain; });
    return row == file_options.end() ? nullptr : &*row;
}

}  // namespace

std::vector<AgentFile> agent_files(const Cluster& cluster) {
    std::map<std::string, AgentFile> found;
    for (const auto& node : cluster.nodes)
        for (const auto& device : node.fence)
            for (const auto& [name, value] : device.options)
                if (const FileOption* option = find_option(name)) {
                    AgentFile& file =
                        found.try_emplace(value, AgentFile{value, name, device.name, false}).first->second;
                    file.program = file.program || option->program;
                }
    std::vector<AgentFile> files;
    for (auto& [path, file] : found) files.push_back(std::move(file));
    return files;
}

std::string agent_file_fault(std::string_view option, const std::string& value) {
    if (find_option(option) == nullptr) return {};
    const std::filesystem::path path(value);
    if (value.starts_with(directory) && path.lexically_normal() == path && path.has_filename()) return {};
    return fmt::format("{} of {} is no plain path below {}", value, option, directory);
}

Result<AgentFiles> read_agent_files(const std::filesystem::path& cluster_yaml, const Cluster& cluster) {
    AgentFiles files;
    std::map<std::filesystem::path, std::string> taken;  // the name beside cluster.yaml -> for which path
    for (const AgentFile& file : agent_files(cluster)) {
        const auto beside = cluster_yaml.parent_path() / std::filesystem::path(file.path).filename();
        if (const auto [other, is_new] = taken.try_emplace(beside, file.path); !is_new)
            return bad_input("{} and {} would both be {}", other->second, file.path, beside.string())
                .advise("give one of the two another name");
        auto content = read_file(beside, file_limit);
        if (!content)
            return Failure(content.error().context(file.why()))
                .kind(ErrorKind::bad_input)
                .advise(fmt::format("put the file that agents are to see as {} beside cluster.yaml", file.path));
        struct stat status {};
        if (stat(beside.c_str(), &status) == 0 && (status.st_mode & 077U) != 0)
            return bad_input("{}, {}, may be read by others", beside.string(), file.why())
                .advise(fmt::format("chmod {:o} {}", file.mode(), beside.string()));
        files[file.path] = std::move(*content);
    }
    return files;
}

std::string bundled_name(const std::string& path) { return "agent-file." + sha256(path).substr(0, name_digits); }

}  // namespace pando::config
