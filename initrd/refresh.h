// SPDX-License-Identifier: GPL-2.0-or-later
// A booted node goes by a newer description: its daemons (initrd/take_over.h), then what the system itself has from it,
// the nodes' names and the ssh keys of root. The follower says that one is there, pando-refresh.path hears it.
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <filesystem>

namespace pando::initrd {

constexpr const char* authorized_keys_file = "/run/pando/authorized_keys";

Result<> write_authorized_keys(const config::Cluster& cluster,
                               const std::filesystem::path& file = authorized_keys_file);

// pando-boot refresh; the exit status.
int refresh_main();

}  // namespace pando::initrd
