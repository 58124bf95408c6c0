// SPDX-License-Identifier: GPL-2.0-or-later
// coldplug() with the machine and the loading handed in: a recorded machine has no drivers to load.
#pragma once

#include "hwdetect/coldplug.h"
#include "hwdetect/module.h"

namespace pando::hwdetect {

// Loads all that claim the modalias, as ModuleLoader::load. Used by one thread at a time.
using LoadModules = std::function<std::vector<ModuleLoader::Attempt>(const std::string& modalias)>;
using MakeLoad = std::function<Result<LoadModules>()>;  // one for each thread

Result<Coldplug> run_coldplug(Sysroot root, const MakeLoad& make_load, const std::function<bool()>& satisfied,
                              Deadline deadline);

}  // namespace pando::hwdetect
