// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/agents.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace pando::chroot {
namespace {

using Row = std::pair<std::string_view, std::string_view>;

// Without these the agent can do nothing. Agents not in the list call no program, or only by path constants.
constexpr std::array<Row, 14> required_programs = {{
    {"fence_amt", "/usr/bin/amttool"},
    {"fence_idrac", "/usr/bin/ipmitool"},
    {"fence_ilo3", "/usr/bin/ipmitool"},
    {"fence_ilo4", "/usr/bin/ipmitool"},
    {"fence_ilo5", "/usr/bin/ipmitool"},
    {"fence_imm", "/usr/bin/ipmitool"},
    {"fence_ipmilan", "/usr/bin/ipmitool"},
    {"fence_ipmilanplus", "/usr/bin/ipmitool"},
    {"fence_mpath", "/usr/sbin/mpathpersist"},
    {"fence_powerman", "/usr/bin/powerman"},
    {"fence_sbd", "/usr/sbin/sbd"},
    {"fence_scsi", "/usr/bin/sg_persist"},
    {"fence_scsi", "/usr/bin/sg_turs"},
    {"fence_vmware", "/usr/bin/vmrun"},
}};

// Imported in a `try` or in a function, yet without them the agent can do nothing but tell its metadata.
constexpr std::array<Row, 10> required_modules = {{
    {"fence_aliyun", "aliyunsdkcore"},
    {"fence_aliyun", "aliyunsdkecs"},
    {"fence_aws", "boto3"},
    {"fence_aws", "botocore"},
    {"fence_azure_arm", "azure.mgmt.compute"},
    {"fence_azure_arm", "msrestazure"},
    {"fence_gce", "googleapiclient.discovery"},
    {"fence_kubevirt", "kubernetes"},
    {"fence_openstack", "keystoneauth1"},
    {"fence_openstack", "novaclient"},
}};

// Paths that stand in the agents' common library for all, and the word in an agent's source that says it uses them.
struct Shared {
    std::string_view word;
    std::string_view path;
    bool required;
};
constexpr std::array<Shared, 7> shared_programs = {{
    {"fencing_snmp", "/usr/bin/snmpget", true},
    {"fencing_snmp", "/usr/bin/snmpset", true},
    {"fencing_snmp", "/usr/bin/snmpwalk", true},
    {"\"secure\"", "/usr/bin/ssh", false},  // the operator's choice between the two
    {"\"ssl\"", "/usr/bin/gnutls-cli", false},
    {"\"telnet\"", "/usr/bin/telnet", false},
    {"\"sudo\"", "/usr/bin/sudo", false},
}};

constexpr std::array<Row, 28> program_packages = {{
    {"amttool", "amtterm"},
    {"attrd_updater", "pacemaker-cli-utils"},
    {"bash", "bash"},
    {"busybox", "busybox"},
    {"corosync", "corosync"},
    {"corosync-cfgtool", "corosync"},
    {"corosync-cmapctl", "corosync"},
    {"corosync-quorumtool", "corosync"},
    {"curl", "curl"},
    {"dlm_controld", "dlm-controld"},
    {"dlm_tool", "dlm-controld"},
    {"ipmitool", "ipmitool"},
    {"iscsid", "open-iscsi"},
    {"jq", "jq"},
    {"mpathpersist", "multipath-tools"},
    {"pando-survival", "pando"},
    {"ping", "iputils-ping"},
    {"powerman", "powerman"},
    {"sbd", "sbd"},
    {"sg_persist", "sg3-utils"},
    {"sg_turs", "sg3-utils"},
    {"snmpget", "snmp"},
    {"snmpset", "snmp"},
    {"snmpwalk", "snmp"},
    {"ssh", "openssh-client"},
    {"telnet", "telnet"},
    {"vmrun", no_package},
    {"wget", "wget"},
}};

// Where python3-NAME is not the package.
constexpr std::array<Row, 9> module_packages = {{
    {"XenAPI", "fence-agents"},
    {"aliyunsdkcore", no_package},
    {"aliyunsdkecs", no_package},
    {"azure_fence", "fence-agents"},
    {"fencing", "fence-agents"},
    {"fencing_snmp", "fence-agents"},
    {"google", "python3-googleapi"},
    {"googleapiclient", "python3-googleapi"},
    {"msrestazure", "python3-msrestazure"},
}};

template <size_t N>
std::string find_row(const std::array<Row, N>& rows, std::string_view key) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& one) { return one.first == key; });
    return row == rows.end() ? std::string() : std::string(row->second);
}

bool is_program_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

// "/usr/bin/x", "/sbin/x" between quotation marks.
std::vector<std::string> path_constants(std::string_view source) {
    std::vector<std::string> paths;
    for (std::string_view place : {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"}) {
        for (size_t at = source.find(place); at != std::string_view::npos; at = source.find(place, at + 1)) {
            size_t end = at + place.size();
            while (end < source.size() && is_program_character(source[end])) ++end;
            if (at == 0 || end >= source.size() || end == at + place.size()) continue;
            const char quote = source[at - 1];
            if ((quote == '"' || quote == '\'') && source[end] == quote)
                paths.emplace_back(source.substr(at, end - at));
        }
    }
    return paths;
}

}  // namespace

const std::vector<std::string>& agent_directories() {
    static const std::vector<std::string> directories = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};
    return directories;
}

std::optional<std::filesystem::path> find_agent(const Sysroot& root, const std::string& agent) {
    const std::filesystem::path given(agent);
    if (given.is_absolute()) return root.exists(given) ? std::optional(given) : std::nullopt;
    for (const std::filesystem::path directory : agent_directories())
        if (root.exists(directory / given)) return directory / given;
    return std::nullopt;
}

std::vector<AgentProgram> agent_programs(std::string_view agent, std::string_view source) {
    std::vector<AgentProgram> programs;
    const auto add = [&](std::string_view path, bool required) {
        const auto same = [&](const AgentProgram& program) { return program.path == path; };
        if (std::none_of(programs.begin(), programs.end(), same))
            programs.push_back({std::string(path), required, "called by"});
    };
    for (const auto& [name, path] : required_programs)
        if (name == agent) add(path, true);
    for (const Shared& shared : shared_programs)
        if (source.find(shared.word) != std::string_view::npos) add(shared.path, shared.required);
    for (const std::string& path : path_constants(source)) add(path, false);
    if (source.find("\"ssl\"") != std::string_view::npos)
        programs.push_back({"/etc/ssl/certs/ca-certificates.crt", false, "certificates, read by"});
    return programs;
}

std::vector<std::string> agent_modules(std::string_view agent) {
    std::vector<std::string> modules;
    for (const auto& [name, module] : required_modules)
        if (name == agent) modules.emplace_back(module);
    return modules;
}

std::string package_of_program(std::string_view program) {
    const size_t slash = program.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? program : program.substr(slash + 1);
    if (name.starts_with("fence_")) return "fence-agents";
    return find_row(program_packages, name);
}

std::string package_of_module(std::string_view module) {
    const std::string_view top = module.substr(0, module.find('.'));
    const auto row =
        std::find_if(module_packages.begin(), module_packages.end(), [&](const Row& one) { return one.first == top; });
    return row == module_packages.end() ? fmt::format("python3-{}", top) : std::string(row->second);
}

}  // namespace pando::chroot
