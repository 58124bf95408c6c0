// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cdsl_look.h"

#include "base/log.h"
#include "cli/description.h"

#include <fmt/format.h>
#include <algorithm>

namespace pando::cli {

void LookOptions::declare(CLI::App& app) {
    app.add_option("--root", root, "the shared root: a tree, or where it is mounted")->capture_default_str();
    app.add_option("--cluster", cluster, "cluster.yaml; else what this node booted with");
    app.add_option("--filesystem", filesystem,
                   "where another shared filesystem is mounted below the root; paths are as on it");
    app.add_option("--node", range, "these nodes only: n1,n3 or n[1-8,12]");
    app.add_flag("--json", json, "for programs");
}

Result<cdsl::Survey> LookOptions::survey() const {
    const auto description = TRY(read_description(cluster));
    auto survey = TRY(cdsl::Survey::of(std::filesystem::path(root) / std::filesystem::path(filesystem).relative_path(),
                                       description.cluster));
    warn_of_mounts(survey.sees_below_mounts());
    return survey;
}

void warn_of_mounts(bool sees_below_mounts) {
    if (sees_below_mounts) return;
    log::warning(
        "what is mounted hides parts of the shared root here, and seeing below it takes root: of a mounted "
        "path this tells what is mounted");
}

void print_columns(const std::vector<std::vector<std::string>>& rows) {
    std::vector<size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows) {
        std::string line;
        for (size_t i = 0; i + 1 < row.size(); ++i) line += fmt::format("{:{}}  ", row[i], widths[i]);
        fmt::print("{}{}\n", line, row.empty() ? "" : row.back());
    }
}

}  // namespace pando::cli
