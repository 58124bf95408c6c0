// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/description.h"

#include "base/file.h"
#include "base/sha256.h"

#include <sys/random.h>
#include <algorithm>
#include <array>

namespace pando::lab {
namespace {

// Corosync wants at least 128 bytes.
constexpr size_t authkey_bytes = 256;

std::string node_digest(const std::string& lab, const std::string& node, std::string_view purpose) {
    return sha256(fmt::format("pando lab {} {} {}", lab, node, purpose));
}

// Version 8 (vendor's own) of RFC 9562, so that it never equals the UUID of a real machine.
std::string node_uuid(const std::string& lab, const std::string& node) {
    const std::string d = node_digest(lab, node, "uuid");
    return fmt::format("{}-{}-8{}-a{}-{}", d.substr(0, 8), d.substr(8, 4), d.substr(12, 3), d.substr(15, 3),
                       d.substr(18, 12));
}

std::string node_yaml(const Description& lab, uint32_t id) {
    const std::string node = fmt::format("n{}", id);
    return fmt::format(R"(  - name: {node}
    id: {id}
    profile: blade
    machine:
      uuid: "{uuid}"
      serial: "PANDO-{lab}-{node}"
      asset: "blade-{id}"
    nics:
      - name: lan0
        mac: "52:54:00:77:00:{id:02x}"
        address: 10.77.0.{address}/24
        cluster: true
    fence:
      - name: {node}-bmc
        agent: fence_ipmilan
        options:
          ip: 10.77.0.{bmc}
          username: "admin"
          password: "{password}"
          lanplus: "1"
          cipher: "3"
          method: "onoff"
          power_timeout: "20"
)",
                       fmt::arg("node", node), fmt::arg("id", id), fmt::arg("uuid", node_uuid(lab.name, node)),
                       fmt::arg("lab", lab.name), fmt::arg("address", 10 + id), fmt::arg("bmc", 100 + id),
                       fmt::arg("password", node_digest(lab.name, node, "bmc").substr(0, 16)));
}

// Inside double quotes YAML takes the escapes of JSON.
std::string yaml_string(std::string_view text) {
    std::string result = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + "\"";
}

}  // namespace

Result<> check_name(const std::string& name) {
    constexpr size_t longest = 20;
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    const bool good = !name.empty() && name.size() <= longest && name[0] >= 'a' && name[0] <= 'z' &&
                      std::all_of(name.begin(), name.end(), allowed);
    if (!good)
        return bad_input("'{}' is no name for a lab", name)
            .advise(
                fmt::format("use small letters, digits and dashes, a letter first, at most {} characters", longest));
    return {};
}

Result<std::string> cluster_yaml(const Description& description) {
    TRY(check_name(description.name));
    if (description.blades < 1 || description.blades > most_blades)
        return bad_input("a lab has 1 to {} blades, not {}", most_blades, description.blades);
    std::string keys;
    for (const auto& key : description.authorized_keys) {
        if (key.find('\n') != std::string::npos) return bad_input("an ssh public key of more than one line");
        keys += fmt::format("    - {}\n", yaml_string(key));
    }
    // Every lab's cluster has the same name and at least so many journals: a root that was installed once, with both
    // written into it, serves any lab of the usual size.
    constexpr uint32_t fewest_journals = 4;
    // What GFS2 and DLM carry; beyond it the description must say that it is only a test.
    constexpr uint32_t supported_nodes = 16;
    const char* test = description.blades > supported_nodes ? "\n  test: true" : "";
    std::string text = fmt::format(R"(# The lab {name}: virtual blades in the network namespace pando-{name}.
cluster:
  name: grove
  authkey: authkey{test}

# An emulated blade on a busy host stands still for seconds, and must not be fenced for it.
corosync:
  token: 6s

root:
  name: root
  journals: {journals}

storage:
  transport: iscsi
  iscsi:
    portals: [10.77.0.1:3260]
    target: iqn.2026-11.org.pando.{name}:root
    lun: 1

boot:
  server: 10.77.0.1
  interface: br0
  subnet: 10.77.0.0/24
  kernel_arguments: ["console=ttyS0,115200"]

)",
                                   fmt::arg("name", description.name), fmt::arg("test", test),
                                   fmt::arg("journals", std::max(fewest_journals, description.blades)));
    if (!keys.empty()) text += fmt::format("access:\n  authorized_keys:\n{}\n", keys);
    // What a blade that is added later has of its BMC without being told.
    text += R"(profiles:
  blade:
    drivers: [virtio_pci, virtio_net, virtio_rng, i6300esb]
    fence:
      - name: "{name}-bmc"
        agent: fence_ipmilan
        options: {username: "admin", lanplus: "1", cipher: "3", method: "onoff", power_timeout: "20"}

nodes:
)";
    for (uint32_t id = 1; id <= description.blades; ++id) text += node_yaml(description, id);
    return text;
}

Result<> write_description(const std::filesystem::path& directory, const Description& description) {
    const std::string yaml = TRY(cluster_yaml(description));
    TRY(make_directories(directory));
    const auto authkey = directory / "authkey";
    std::error_code ignored;
    if (!std::filesystem::exists(authkey, ignored)) {
        std::array<char, authkey_bytes> key;
        if (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
            return fail_errno(errno, "random bytes for {}", authkey.string());
        TRY(write_file_atomic(authkey, {key.data(), key.size()}, 0600));
    }
    // BMC passwords are in it.
    return write_file_atomic(directory / "cluster.yaml", yaml, 0600);
}

}  // namespace pando::lab
