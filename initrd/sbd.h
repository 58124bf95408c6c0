// SPDX-License-Identifier: GPL-2.0-or-later
// sbd as a daemon of the survival set: where a node is fenced by a message on the LUN, sbd reads its slot, and feeds
// the watchdog in place of the watch (decision 0015).
//
//   const auto plan = TRY(plan_sbd(boot, deadline));       // nothing: this node is not fenced so
//   if (plan) TRY(start_sbd(boot, *plan, deadline));
#pragma once

#include "base/deadline.h"
#include "base/process.h"
#include "base/result.h"
#include "config/sbd.h"
#include "hwdetect/inventory.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pando::initrd {

struct Boot;

// Where the chroot and the node both have it.
constexpr const char* sbd_pid_file = "/run/pando/sbd.pid";

struct SbdPlan {
    std::string slot;
    std::vector<std::string> disks;
    std::string watchdog;  // /dev/watchdog0
    config::SbdTimes times;
};

// The process that the others of sbd's report to; it feeds the watchdog. Nothing: none runs.
std::optional<pid_t> sbd_process(const std::filesystem::path& pid_file = sbd_pid_file);

std::vector<std::string> sbd_command(const SbdPlan& plan);

// What is wrong with this card for sbd, which asks for these seconds and does not look at what it gets; empty: nothing.
std::string card_fault(const hwdetect::WatchdogInfo& card, unsigned seconds);

// Makes the disk ready, and finds a card that keeps sbd's time exactly: the others count on it.
Result<std::optional<SbdPlan>> plan_sbd(Boot& boot, Deadline deadline);

// Returns when it has read its slot, cleared it, and feeds the watchdog.
Result<> start_sbd(Boot& boot, const SbdPlan& plan, Deadline deadline);

// In order: the watchdog is disarmed by sbd itself. Nothing happens where none runs.
Result<std::string> end_sbd(Deadline deadline, const std::filesystem::path& pid_file = sbd_pid_file);

}  // namespace pando::initrd
