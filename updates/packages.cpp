// SPDX-License-Identifier: GPL-2.0-or-later
#include "updates/packages.h"

#include "base/process.h"

#include <fmt/format.h>
#include <sstream>

namespace pando::updates {
namespace {

constexpr std::string_view installed = "installed";

}  // namespace

Result<Packages> installed_packages() {
    const auto said = TRY(run_ok({.argv = {"dpkg-query", "--show", "--showformat",
                                           "${Package}:${Architecture} ${Version} ${db:Status-Status}\n"}}));
    return parse_packages(said.out);
}

Packages parse_packages(std::string_view dpkg_query) {
    Packages packages;
    std::istringstream lines{std::string(dpkg_query)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name, version, status;
        // One of which only the configuration is left has a version as well.
        if (!(words >> name >> version >> status) || status == "config-files" || status == "not-installed") continue;
        packages[name] = status == installed ? version : fmt::format("{} ({})", version, status);
    }
    return packages;
}

std::string to_lines(const Packages& packages) {
    std::string lines;
    for (const auto& [name, version] : packages) {
        const size_t blank = version.find(" (");
        const std::string status =
            blank == std::string::npos ? std::string(installed) : version.substr(blank + 2, version.size() - blank - 3);
        lines += fmt::format("{} {} {}\n", name, version.substr(0, blank), status);
    }
    return lines;
}

std::vector<PackageChange> changed_packages(const Packages& before, const Packages& after) {
    std::vector<PackageChange> changes;
    for (const auto& [name, version] : before) {
        const auto now = after.find(name);
        if (now == after.end())
            changes.push_back({name, version, ""});
        else if (now->second != version)
            changes.push_back({name, version, now->second});
    }
    for (const auto& [name, version] : after)
        if (!before.contains(name)) changes.push_back({name, "", version});
    return changes;
}

std::string to_text(const PackageChange& change) {
    if (change.before.empty()) return fmt::format("{} {} is new", change.name, change.after);
    if (change.after.empty()) return fmt::format("{} {} is removed", change.name, change.before);
    return fmt::format("{} {} -> {}", change.name, change.before, change.after);
}

}  // namespace pando::updates
