// SPDX-License-Identifier: GPL-2.0-or-later
// Which nodes a command is about: n1,n3  n[1-8,12]  @all, and which of them not.
//
//   NodeChoice choice;
//   choice.declare(app);
//   for (const std::string& name : TRY(choice.of(cluster))) …
#pragma once

#include "config/cluster.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pando::cli {

struct NodeChoice {
    std::string nodes, except;

    void declare(CLI::App& app);
    // In the order written, @all in that of the description. Error: one is no node, or none is left.
    Result<std::vector<std::string>> of(const config::Cluster& cluster) const;
};

}  // namespace pando::cli
