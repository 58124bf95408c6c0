// SPDX-License-Identifier: GPL-2.0-or-later
// The bundle on a LUN that no node of the cluster uses: written from an administrator's machine that sees the LUN as a
// device or as a file, before the first blade boots.
//
//   TRY(write_bundle_to_lun(bundle, {.lun = "/dev/sda", .initial = true}, deadline));
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/store.h"
#include "config/bundle.h"

#include <filesystem>
#include <memory>
#include <string>

namespace pando::nodes {

struct LunWriteOptions {
    std::filesystem::path lun;
    bool initial = false;   // the first bundle of this LUN: a blank one is partitioned
    std::string overwrite;  // a cluster whose bundle may be lost, or a name of the LUN whose content may be
};

// The partition pando-bundle of a device or file.
Result<std::unique_ptr<Store>> open_bundle_of_lun(const std::filesystem::path& lun);

// Refuses what write_bundle_to_lun would, and changes nothing.
Result<> may_write_bundle_to_lun(const config::Bundle& bundle, const LunWriteOptions& options);

// Writes the next generation and returns it; the newest one when that holds the same already. Refuses while a node of
// the LUN is alive, and slots of another cluster, unless that is named.
Result<uint64_t> write_bundle_to_lun(config::Bundle bundle, const LunWriteOptions& options, Deadline deadline);

}  // namespace pando::nodes
