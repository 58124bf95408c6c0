// SPDX-License-Identifier: GPL-2.0-or-later
// A bundle as files to be edited, and back: what `bundle get`, `bundle write` and `config edit` have in common.
//
//   TRY(write_bundle_files(newest, directory));
//   return write_bundle_on_node(directory / "cluster.yaml");
#pragma once

#include "base/result.h"
#include "config/bundle.h"

#include <filesystem>

namespace pando::cli {

// cluster.yaml, the key and the fence devices' files, and by which bundle they were made (cli/bundle_base.h).
Result<> write_bundle_files(const config::Bundle& bundle, const std::filesystem::path& directory);

// As `pando bundle write SOURCE` on a node: shows the difference, checks, writes the next generation.
Result<int> write_bundle_on_node(const std::filesystem::path& source);

}  // namespace pando::cli
