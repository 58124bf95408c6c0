// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/bundle_lun.h"

#include "nodes/bundle_partition.h"
#include "nodes/lun_bundle.h"

namespace pando::cli {

void add_lun_option(CLI::App& app, std::string& lun) {
    app.add_option("--lun", lun, "the whole LUN, as in /dev/sda, or a file that is one; without it, this node's");
}

Result<std::unique_ptr<Store>> open_bundle_store(const std::string& lun) {
    return lun.empty() ? nodes::open_bundle_partition() : nodes::open_bundle_of_lun(lun);
}

}  // namespace pando::cli
