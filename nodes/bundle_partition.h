// SPDX-License-Identifier: GPL-2.0-or-later
// Where the bundle's slots and the register are for a node that is up.
#pragma once

#include "base/result.h"
#include "base/store.h"

#include <memory>

namespace pando::nodes {

// The partition pando-bundle of the disk that holds the root this node booted with (/run/pando/bundle says which).
Result<std::unique_ptr<Store>> open_bundle_partition();

}  // namespace pando::nodes
