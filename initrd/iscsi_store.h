// SPDX-License-Identifier: GPL-2.0-or-later
// A LUN read and written in user space (libiscsi), without a session of the kernel's: what a blade learns from it
// decides by which name and over which network the kernel logs in.
//
//   auto bundle = TRY(open_iscsi_store(iscsi, prefix + ":" + mac, deadline));
//   TRY(config::read_newest(*bundle, cluster));
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/store.h"
#include "config/cluster.h"

#include <memory>
#include <string>

namespace pando::initrd {

// A read or a write ends within this, with what it takes to log in anew.
constexpr Milliseconds iscsi_call_limit{20000};

// The whole LUN. Tries the portals in their order, again and again until the deadline; the error says of every portal
// whether it was out of reach, refused the login, or has no such LUN. Afterwards a session that breaks is made anew,
// once a call, at whichever portal answers.
Result<std::unique_ptr<Store>> open_iscsi_lun(const config::Iscsi& iscsi, const std::string& initiator,
                                              Deadline deadline, Milliseconds call_limit = iscsi_call_limit);

// Its partition pando-bundle. That the LUN has none is an error at once.
Result<std::unique_ptr<Store>> open_iscsi_store(const config::Iscsi& iscsi, const std::string& initiator,
                                                Deadline deadline, Milliseconds call_limit = iscsi_call_limit);

}  // namespace pando::initrd
