// SPDX-License-Identifier: GPL-2.0-or-later
// What the daemons of the survival set are configured by, written into the chroot: corosync.conf and its key, dlm.conf,
// the agents' own files, hosts, the initiator's name.
#pragma once

#include "base/result.h"
#include "config/bundle.h"
#include "config/cluster.h"

#include <filesystem>

namespace pando::initrd {

// Each file is old or new, never half. `chroot` is "/" for who lives in it.
Result<> write_daemon_files(const config::Bundle& bundle, const config::Cluster& cluster, const config::Node& node,
                            const std::filesystem::path& chroot);

}  // namespace pando::initrd
