// SPDX-License-Identifier: GPL-2.0-or-later
// The bundle partition for a blade that knows nothing yet: over iSCSI in user space, before the kernel has a session
// (docs/decisions/0010), or on a disk that is there.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/store.h"
#include "config/cluster.h"

#include <memory>
#include <string>

namespace pando::initrd {

// `who` is what the initiator's prefix is followed by: this machine's boot MAC or UUID.
Result<std::unique_ptr<Store>> open_lun(const config::Storage& storage, const std::string& who, Deadline deadline);

}  // namespace pando::initrd
