// SPDX-License-Identifier: GPL-2.0-or-later
// A node goes by a newer description: what its daemons read in the chroot, then /run/pando/bundle, then the number that
// its claim on the LUN names.
#pragma once

#include "base/result.h"
#include "base/store.h"
#include "config/bundle.h"
#include "config/cluster.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pando::initrd {

constexpr const char* run_directory = "/run/pando";

// Of the node of this name; nothing when the LUN has none newer than `bundle`. What is wrong with a newer one, or that
// it has no such node any more, is an error, and nothing is changed.
Result<std::optional<config::Bundle>> take_over_newer(Store& store, const config::Bundle& bundle,
                                                      const std::string& node);

// Marks this one as what the node goes by.
// `reboot_keys`: of the description, that take a boot of this node which has not been.
Result<> go_by(const config::Bundle& bundle, const std::filesystem::path& run = run_directory,
               const std::vector<std::string>& reboot_keys = {});

}  // namespace pando::initrd
