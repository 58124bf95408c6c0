// SPDX-License-Identifier: GPL-2.0-or-later
// The packages of a root, and what a change made of them.
//
//   const auto before = TRY(installed_packages());
//   ...
//   for (const PackageChange& one : changed_packages(before, TRY(installed_packages()))) ...
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pando::updates {

using Packages = std::map<std::string, std::string>;  // "openssh-server:amd64" to its version

// By dpkg-query, of the running system. One that is half-configured counts: it is there, with " (half-configured)"
// behind its version.
Result<Packages> installed_packages();
Packages parse_packages(std::string_view dpkg_query);  // lines "NAME:ARCH VERSION STATUS"
std::string to_lines(const Packages& packages);        // as parse_packages() reads them

struct PackageChange {
    std::string name, before, after;  // versions; empty before: installed, empty after: removed
    bool operator==(const PackageChange&) const = default;
};
std::vector<PackageChange> changed_packages(const Packages& before, const Packages& after);
std::string to_text(const PackageChange& change);  // "openssh-server:amd64 1:9.2p1-2 -> 1:9.2p1-3"

}  // namespace pando::updates
