// SPDX-License-Identifier: GPL-2.0-or-later
// This machine as the register on the LUN has it.
#pragma once

#include "config/register.h"
#include "hwdetect/machine.h"

#include <string>

namespace pando::initrd {

// The MAC by which it booted comes first, as who binds it to a node expects (nodes/waiting.h).
config::MachineRecord machine_record(const hwdetect::Machine& machine, const std::string& boot_mac,
                                     const std::string& address);

// "Dell PowerEdge R640, serial S, UUID U, MACs M1 M2", as hwdetect::describe() says it.
std::string describe(const config::MachineRecord& record);

// Are these records of one box of metal? Every key and every MAC is the same, and there is one at least.
bool same_hardware(const config::MachineRecord& a, const config::MachineRecord& b);

// The kernel's random id of this boot; empty when there is none.
std::string boot_id();

}  // namespace pando::initrd
