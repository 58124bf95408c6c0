// SPDX-License-Identifier: GPL-2.0-or-later
// What is known of fence agents that following their imports cannot tell: the programs they call, and which Debian
// package brings what is missing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pando::chroot {

struct AgentProgram {
    std::string path;
    bool required = true;  // false: carried when the tree has it; the agent calls it only with some options
};

// A small module carried in place of a large one, where the importer uses nothing of it but the names given.
// Decision 0003 says why: without it an agent that speaks IPMI would carry an HTTP client with 11 MB of libraries.
struct StandIn {
    std::string module;
    std::string importer;            // file name
    std::vector<std::string> names;  // what of the module the importer may use
    std::string content;
};
const std::vector<StandIn>& stand_ins();

// `source` is the agent's own text: paths that stand in it as constants are found there.
std::vector<AgentProgram> agent_programs(std::string_view agent, std::string_view source);

// The Debian package that brings a program (by name or path) or a Python module. Empty: not known.
std::string package_of_program(std::string_view program);
std::string package_of_module(std::string_view module);

}  // namespace pando::chroot
