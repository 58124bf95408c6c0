// SPDX-License-Identifier: GPL-2.0-or-later
// How many nodes a GFS2 filesystem has journals for, as it lies on the disk: for who must know before anybody mounts
// it. (Of a mounted one: nodes/journals.h.)
#pragma once

#include "base/result.h"
#include "base/store.h"

#include <cstdint>

namespace pando::initrd {

// From the filesystem's index of journals. Error: no GFS2, or an index that cannot be read.
Result<uint32_t> journals_on(Store& filesystem);

}  // namespace pando::initrd
