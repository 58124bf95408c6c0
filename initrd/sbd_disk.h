// SPDX-License-Identifier: GPL-2.0-or-later
// sbd's disk: its header with the times that count for all nodes, and a slot for each node with the message that waits
// there. Read and written by sbd itself.
//
//   TRY(prepare_sbd_disk(run, "/dev/pando-sbd", sbd_times(cluster), others_run));
//
// A header that changes under a running sbd makes that one reset its node, and clears messages that somebody counts on.
// So it is written in two cases alone: there is none, or no other node runs.
#pragma once

#include "base/deadline.h"
#include "base/process.h"
#include "base/result.h"
#include "config/sbd.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::initrd {

// What `sbd dump` prints. Nothing: that is no header.
std::optional<config::SbdTimes> parse_sbd_dump(std::string_view text);

// What `sbd list` prints: each node's message, "clear" when none waits.
std::map<std::string, std::string> parse_sbd_list(std::string_view text);

// Runs a program where sbd is: in the chroot.
using SbdRunner = std::function<Result<Finished>(const std::vector<std::string>& argv, Deadline)>;

// Names of other nodes that run now: only asked when a header would be replaced.
using OthersUp = std::function<Result<std::vector<std::string>>()>;

// Afterwards the disk's header says `times`. The line tells what was done.
Result<std::string> prepare_sbd_disk(const SbdRunner& run, const std::string& disk, const config::SbdTimes& times,
                                     const OthersUp& others_up, Deadline deadline);

}  // namespace pando::initrd
