// SPDX-License-Identifier: GPL-2.0-or-later
// cluster.yaml to Cluster. Every complaint has file, line, column, a caret line and advice; unknown keys are
// refused with a "did you mean". All complaints of a file are collected, not only the first.
//
//   auto cluster = TRY(config::load_file("cluster.yaml"));
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <filesystem>
#include <string_view>

namespace pando::config {

constexpr size_t cluster_file_limit = 1U << 20U;  // bytes; such a file always fits into a bundle
constexpr int cluster_depth_limit = 32;           // nesting; yaml-cpp has no such bound of its own

// Errors are of kind bad_input. `file_name` is only for messages.
// A description that is in use already, as on the LUN: what no longer may be written into one is let pass.
Result<Cluster> load_text(std::string_view yaml, std::string_view file_name);
// A text that is to become the file, or was read from it: the site's templates beside it are read too.
Result<Cluster> load_as(std::string_view yaml, const std::filesystem::path& file);
Result<Cluster> load_file(const std::filesystem::path& file);

}  // namespace pando::config
