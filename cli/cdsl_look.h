// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands that look at context-dependent paths share: which root, which description, which nodes.
#pragma once

#include "base/result.h"
#include "cdsl/survey.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pando::cli {

struct LookOptions {
    std::string root = "/";
    std::string cluster;
    std::string filesystem;  // mounted below the root, with CDSLs of its own; empty: the root itself
    std::string range;
    bool json = false;

    void declare(CLI::App& app);
    Result<cdsl::Survey> survey() const;
};

// Warns that what is below the mounts of this node is not seen, when it is not.
void warn_of_mounts(bool sees_below_mounts);

// Columns as wide as their widest cell; the last one is not padded. The first row is the heading.
void print_columns(const std::vector<std::vector<std::string>>& rows);

}  // namespace pando::cli
