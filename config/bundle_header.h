// SPDX-License-Identifier: GPL-2.0-or-later
// The first line of a bundle, ASCII. What it says is not covered by the checksum. It stands alone, so that who only
// looks for a newer bundle carries nothing that reads one:
//   PANDO-BUNDLE 1 cluster=grove generation=7 bytes=12345 sha256=<64 hex digits of the payload>\n
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace pando::config {

constexpr uint64_t generation_limit = UINT64_MAX >> 1U;

struct BundleHeader {
    std::string cluster;
    uint64_t generation = 0;
    uint64_t bytes = 0;  // of the payload
    std::string sha256;
    size_t length = 0;  // of the line, its end included
};
std::string header_line(const BundleHeader& header);
// Of a blob that need not be there as a whole.
Result<BundleHeader> read_header(std::string_view blob);
bool is_bundle(std::string_view blob);            // by how it begins
bool is_from_newer_pando(std::string_view blob);  // of a version that this Pando cannot read

}  // namespace pando::config
