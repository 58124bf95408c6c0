// SPDX-License-Identifier: GPL-2.0-or-later
// A directory's entries with their types, for walks over many: no stat for what the filesystem already says.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace pando::cdsl {

struct Listed {
    std::string name;
    unsigned char type;  // DT_DIR, DT_REG, DT_LNK, …; DT_UNKNOWN for what went away meanwhile
};

// In the filesystem's order, without . and .. The descriptor must be open for reading; it stays open.
Result<std::vector<Listed>> list_entries(int directory);

}  // namespace pando::cdsl
