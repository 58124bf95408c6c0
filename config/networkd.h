// SPDX-License-Identifier: GPL-2.0-or-later
// A node's network plan as systemd-networkd and udev read it, for the booted system. The initramfs has made all of it
// already (initrd/network.h); these files say the same, so that networkd takes over what is there and changes nothing
// (docs/decisions/0011).
//
//   TRY(write_networkd(cluster, node, networkd_directory));
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <filesystem>
#include <map>
#include <string>

namespace pando::config {

constexpr const char* networkd_directory = "/run/systemd/network";
constexpr const char* resolv_conf_file = "/run/pando/resolv.conf";  // the root's /etc/resolv.conf leads there

// By file name: a .link for every NIC, a .netdev for what is no hardware, a .network for every interface. Pure.
std::map<std::string, std::string> networkd_files(const Cluster& cluster, const Node& node);

// Makes the directory hold networkd_files(), and none that an earlier plan left there.
Result<> write_networkd(const Cluster& cluster, const Node& node, const std::filesystem::path& directory);

// Name servers and search domains of the plan, for the C library. Pure.
std::string resolv_conf(const Node& node);

}  // namespace pando::config
