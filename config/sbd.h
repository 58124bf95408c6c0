// SPDX-License-Identifier: GPL-2.0-or-later
// Fencing by a message on the LUN (sbd), as the description has it: who is fenced so, on which device, and the times
// that follow from the watchdog's. sbd itself is started by initrd/sbd.h.
//
//   if (const FenceDevice* device = sbd_device(node)) start(sbd_disks(*device), sbd_times(cluster));
#pragma once

#include "config/cluster.h"

#include <string>
#include <vector>

namespace pando::config {

// The LUN's partition for it, by the name that a node gives it at its join.
constexpr const char* sbd_partition_link = "/dev/pando-sbd";

constexpr size_t sbd_name_limit = 63;  // of a slot
constexpr Milliseconds least_sbd_timeout{5000};

// The device by which this node is fenced so; null when it is not.
const FenceDevice* sbd_device(const Node& node);
bool uses_sbd(const Cluster& cluster);  // some node does
std::string sbd_slot(const FenceDevice& device);
std::vector<std::string> sbd_disks(const FenceDevice& device);

// What stands in the header on the disk: one for all nodes. Their watchdogs may have timeouts of their own; the header
// has the longest of those that are fenced so, and the cards of all of them are set to it.
struct SbdTimes {
    unsigned watchdog = 0;  // seconds; a node that could not read its slot for so long is reset by its watchdog
    unsigned msgwait = 0;   // seconds after which a message counts as delivered, whatever became of the node
    bool operator==(const SbdTimes& other) const = default;
};
SbdTimes sbd_times(const Cluster& cluster);

// What may be left out: the device where storage.sbd says so, its disk, the node's slot, time-outs beyond msgwait.
void complete_sbd(Cluster& cluster);

// Without the devices that answer only where the LUN is there and sbd has been started.
Cluster without_sbd(Cluster cluster);

// Is anybody fenced so in another way than before? Then every node must be down when the description changes: to one
// that runs without sbd a message would be written, and after msgwait it would count as fenced while it lives.
bool changes_sbd(const Cluster& before, const Cluster& after);

}  // namespace pando::config
