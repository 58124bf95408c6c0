// SPDX-License-Identifier: GPL-2.0-or-later
// What a drill does, made while the root can still be read and carried out where it cannot be: `pando chroot drill`
// writes it, `pando-survival drill` reads it from its standard input. It has the fence devices' passwords in it, so it
// is handed on in memory.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pando::initrd {

struct DrillPlan {
    struct Device {
        std::string node, name;
        std::string agent;
        std::string input;  // the agent's standard input: its options, and action=status
    };

    std::string node;  // this one
    std::string map;   // the root's
    unsigned seconds = 10;
    std::vector<uint32_t> members;  // node ids, as they are before
    std::vector<Device> devices;    // of every other node
    bool json = false;              // how to report

    // Descriptors of the witness on the root, which the drill is given open.
    int witness_commands = -1, witness_answers = -1;

    std::string to_json() const;
    static Result<DrillPlan> from_json(const std::string& json);
};

}  // namespace pando::initrd
