// SPDX-License-Identifier: GPL-2.0-or-later
// Where a command finds the bundle's slots: on the LUN this node booted from, or on one that is named.
#pragma once

#include "base/result.h"
#include "base/store.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace pando::cli {

// `--lun`; empty: this node's.
void add_lun_option(CLI::App& app, std::string& lun);
Result<std::unique_ptr<Store>> open_bundle_store(const std::string& lun);

}  // namespace pando::cli
