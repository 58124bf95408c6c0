// SPDX-License-Identifier: GPL-2.0-or-later
// The rescue ssh (docs/rescue.md): dropbear in the initramfs from the end of stage network, and in the chroot from the
// handover on, so that somebody gets in while the root is frozen. Keys and host key come with the bundle: the image has
// none. Nothing of it ever fails a boot.
//
//   start_rescue_ssh(boot);             // stage network
//   hand_over_rescue_ssh(boot);         // just before the root is switched
#pragma once

#include "base/result.h"
#include "config/bundle.h"
#include "config/cluster.h"
#include "initrd/boot.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::initrd {

constexpr const char* rescue_ssh_name = "dropbear";  // of the one in the chroot, as all daemons there with an @ before
constexpr const char* rescue_ssh_file = "/run/pando/rescue-ssh";  // where the one in the chroot listens

// Where it listens: "192.0.2.11:2222", "[2001:db8::11]:2222"; the static addresses of the node, ten at most.
std::vector<std::string> rescue_addresses(const config::Rescue& rescue, const config::Node& node);

// `session`: what every login runs, whatever it asks for (initrd/rescue_session.h).
std::vector<std::string> dropbear_argv(const config::Rescue& rescue, const config::Node& node,
                                       const std::string& session);

// Who may log in, and the host key, in a tree that dropbear has as its root. Where the rescue is off, none.
Result<> write_rescue_files(const config::Bundle& bundle, const config::Cluster& cluster, const config::Node& node,
                            const std::filesystem::path& tree, bool wanted);

void start_rescue_ssh(Boot& boot);
void hand_over_rescue_ssh(Boot& boot);

}  // namespace pando::initrd
