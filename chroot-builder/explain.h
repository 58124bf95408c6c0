// SPDX-License-Identifier: GPL-2.0-or-later
// Why something is inside the chroot, out of a manifest's reasons; and what it costs.
//
//   const auto explained = TRY(explain(manifest, "/usr/lib/x86_64-linux-gnu/libcurl-gnutls.so.4"));
#pragma once

#include "base/result.h"
#include "chroot-builder/manifest.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::chroot {

struct Explanation {
    std::filesystem::path path;                  // the entry; of a link, the file it leads to
    std::vector<Reason> chain;                   // from the entry to what was asked for; the shortest there is
    std::vector<Reason> others;                  // its further reasons
    std::vector<std::filesystem::path> brought;  // files that are inside for its sake alone, itself among them
    uint64_t brought_bytes = 0;
};

// Error: it is not inside.
Result<Explanation> explain(const Manifest& manifest, const std::filesystem::path& path);

}  // namespace pando::chroot
