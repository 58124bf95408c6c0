// SPDX-License-Identifier: GPL-2.0-or-later
// The levels of a fencing: a node's devices in their order, each with its attempts, until one has cut the node off.
// What a device says is not believed where it can be asked: after its "off" it must say "off" to `status` as well.
//
//   const CutOff cut = cut_off(node, {});
//   if (cut.done()) switch_on(node, cut);      // the others need not wait for that
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "fencing/device_files.h"

#include <optional>
#include <string>
#include <vector>

namespace pando::fencing {

// One run of an agent.
struct Attempt {
    std::string device;
    std::string action;  // off, status, reboot, on
    bool ok = false;
    std::string says;  // of what failed, and of a status
    double seconds = 0;
};

// How a device fences.
enum class Way {
    cycle,   // off, seen to be off, and on again by switch_on(): power
    cut,     // off, seen to be off, and nothing more: storage, or options: action: off
    reboot,  // by the agent's own reboot, whose word counts: options: action: reboot, sbd, agents that have no off
};
Way way_of(const config::FenceDevice& device);

// What the agent's `metadata` says: does it have this action? Nothing: it tells no actions.
std::optional<bool> has_action(std::string_view metadata, std::string_view action);

struct CutOff {
    std::optional<config::FenceDevice> device;  // that did it
    Way way = Way::cycle;                       // by which
    std::vector<Attempt> attempts;
    bool done() const { return device.has_value(); }
    std::string trouble() const;  // what each device said at last: "n2-bmc: no route to host; n2-pdu: …"
};

struct LevelOptions {
    bool with_delays = true;  // false: a person fences, there is no race
    // So long a device that said it did may go on saying "on". Agents wait for the power themselves before they say
    // so: what is on still does nothing.
    Milliseconds patience{5000};
};

CutOff cut_off(const FencedNode& node, const LevelOptions& options);

// Power again, when the way was to cycle it. What fails here is no failure of the fencing: the node is off.
std::optional<Attempt> switch_on(const CutOff& cut);

// Storage given back, by the devices that are to be unfenced. Error: which device failed all its attempts, and why.
struct Unfenced {
    std::vector<Attempt> attempts;
    Result<> result;
};
Unfenced unfence(const FencedNode& node);

}  // namespace pando::fencing
