// SPDX-License-Identifier: GPL-2.0-or-later
// The iSCSI session of a booting blade, through open-iscsi's iscsistart: it needs no daemon and no database, and the
// session lives on in the kernel until iscsid adopts it.
//
//   auto portal = TRY(iscsi_login(*cluster.storage.iscsi, prefix + ":" + node.name, deadline));
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "config/cluster.h"
#include "config/values.h"

#include <string>
#include <string_view>

namespace pando::initrd {

// How a node calls itself to the target: iqn.2026-01.org.pando:n1.
std::string initiator_name(const config::Iscsi& iscsi, const config::Node& node);

// Loads the drivers and logs in at the first portal that lets us; the others are tried in their order when one does
// not answer, again and again until the deadline. Returns the portal. A session that is there already is success.
// The error says of every portal whether it was out of reach or refused, and what iscsistart said.
Result<std::string> iscsi_login(const config::Iscsi& iscsi, const std::string& initiator, Deadline deadline);

// How long the kernel holds I/O back when the connection is lost, before it fails it and GFS2 withdraws: a little
// longer than the watch waits (initrd/watch.h), which says why when it resets the node. iscsid then leaves it as it is.
Result<> hold_io_for(const std::string& target, Milliseconds patience);

}  // namespace pando::initrd
