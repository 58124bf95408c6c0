// SPDX-License-Identifier: GPL-2.0-or-later
// A booted node goes by a newer description: its daemons (initrd/take_over.h), then what the system itself has from it,
// the nodes' names and the ssh keys of root. The follower says that one is there, pando-refresh.path hears it.
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <filesystem>
#include <string_view>

namespace pando::initrd {

constexpr const char* authorized_keys_file = "/run/pando/authorized_keys";

// Those of the description, and the nodes' own (nodes/remote.h), which is good from their addresses only.
Result<> write_authorized_keys(const config::Cluster& cluster, std::string_view authkey,
                               const std::filesystem::path& file = authorized_keys_file);

// pando-boot refresh; the exit status.
int refresh_main();

}  // namespace pando::initrd
