// SPDX-License-Identifier: GPL-2.0-or-later
// What is known of fence agents that following their imports cannot tell: the programs they call, and which Debian
// package brings what is missing.
#pragma once

#include "base/sysroot.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::chroot {

struct AgentProgram {
    std::string path;
    bool required = true;  // false: carried when the tree has it; the agent uses it only with some options
    std::string relation = "called by";
};

// Where a fence agent without a path is looked for, in the chroot and outside: PATH of the daemon that runs it.
const std::vector<std::string>& agent_directories();

// The path of an agent that cluster.yaml gives by name or path. Nothing: it is not there.
std::optional<std::filesystem::path> find_agent(const Sysroot& root, const std::string& agent);

// `source` is the agent's own text: paths that stand in it as constants are found there.
std::vector<AgentProgram> agent_programs(std::string_view agent, std::string_view source);

// Python modules that the agent must have though its imports do not say so.
std::vector<std::string> agent_modules(std::string_view agent);

constexpr std::string_view no_package = "-";

// The Debian package that brings a program (by name or path) or a Python module. Empty: not known.
std::string package_of_program(std::string_view program);
std::string package_of_module(std::string_view module);

}  // namespace pando::chroot
