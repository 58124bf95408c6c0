// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/bundle_partition.h"

#include "config/bundle.h"
#include "initrd/bundle_disk.h"

namespace pando::nodes {

Result<std::unique_ptr<Store>> open_bundle_partition() {
    const auto cluster = TRY(TRY(config::read_live_bundle()).description());
    return open_store(TRY(initrd::find_bundle_partition(cluster.storage)));
}

}  // namespace pando::nodes
