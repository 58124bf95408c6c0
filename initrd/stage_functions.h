// SPDX-License-Identifier: GPL-2.0-or-later
// The work of each stage, in a file of its own: stage_hardware.cpp and so on.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "config/bundle.h"

#include <string>

namespace pando::initrd {

struct Boot;

Result<std::string> run_hardware(Boot& boot, Deadline deadline);
Result<std::string> run_bootstrap(Boot& boot, Deadline deadline);
Result<std::string> run_network(Boot& boot, Deadline deadline);
Result<std::string> run_storage(Boot& boot, Deadline deadline);
Result<std::string> run_bundle(Boot& boot, Deadline deadline);
Result<std::string> run_identity(Boot& boot, Deadline deadline);
Result<std::string> run_preflight(Boot& boot, Deadline deadline);
Result<std::string> run_chroot(Boot& boot, Deadline deadline);
Result<std::string> run_join(Boot& boot, Deadline deadline);
Result<std::string> run_root(Boot& boot, Deadline deadline);
Result<std::string> run_cdsl(Boot& boot, Deadline deadline);
Result<std::string> run_handover(Boot& boot, Deadline deadline);
Result<std::string> run_install(Boot& boot, Deadline deadline);

// This boot goes by this bundle from here on; which node it is has to be found out anew.
Result<> take_bundle(Boot& boot, config::Bundle bundle);

}  // namespace pando::initrd
