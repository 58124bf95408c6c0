// SPDX-License-Identifier: GPL-2.0-or-later
// Where packages come from: Debian's entries in the host's own apt set-up, so that mirrors, proxies and keys are
// those the administrator chose, and none is written down here.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace pando::rootfs {

struct Sources {
    std::string suite;               // code name
    std::vector<std::string> lines;  // of a sources.list
    std::string options;             // apt.conf lines: how to fetch
};

// What `apt-get indextargets` is asked to print: one line an index, fields separated by tabs.
extern const char* const index_format;

// Parsers of what apt prints; host_sources() runs apt. An empty `suite` stands for `host_suite`.
Result<Sources> parse_sources(std::string_view index_targets, std::string_view config_dump, std::string_view suite,
                              std::string_view keyring);
Result<Sources> host_sources(std::string_view suite);

// name=version of each package that installing `packages` into an empty root would bring, as the host's apt knows
// them now; sorted. Reads apt's lists, fetches nothing.
Result<std::vector<std::string>> resolved_packages(const Sources& sources, const std::vector<std::string>& packages);
std::vector<std::string> parse_simulation(std::string_view output);

}  // namespace pando::rootfs
