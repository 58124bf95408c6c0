// SPDX-License-Identifier: GPL-2.0-or-later
// Files that options of fence devices name: a private key for ssh, a script that prints a password. They are secrets
// like the passwords themselves, so they are never in the image: the bundle brings them, and the boot writes them into
// the chroot. Beside cluster.yaml they bear the last part of their name, as the authkey does.
//
//   identity_file: /etc/pando/switch-key    ->  ./switch-key beside cluster.yaml
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <sys/types.h>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pando::config {

struct AgentFile {
    std::string path;      // as the agent opens it, in the chroot
    std::string option;    // identity_file
    std::string device;    // the first that names it
    bool program = false;  // it is run, so what it calls must be there as well
    std::string why() const { return fmt::format("{} of fence device {}", option, device); }
    mode_t mode() const { return program ? 0700 : 0600; }
};

// Each path once, in the order of their paths.
std::vector<AgentFile> agent_files(const Cluster& cluster);

// What is wrong with an option that names a file; empty: nothing, or it names none.
std::string agent_file_fault(std::string_view option, const std::string& value);

using AgentFiles = std::map<std::string, std::string>;  // path in the chroot -> content

// From beside cluster.yaml.
Result<AgentFiles> read_agent_files(const std::filesystem::path& cluster_yaml, const Cluster& cluster);

// What such a file is called in a bundle, where a name has no slashes.
std::string bundled_name(const std::string& path);

}  // namespace pando::config
