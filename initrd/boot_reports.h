// SPDX-License-Identifier: GPL-2.0-or-later
// A blade in the initramfs tells its stages over the network, so that a failure is seen without a walk to its console:
// unsigned to the boot server until it has read the bundle, then signed to the boot server and to all nodes. A thread
// of process 1 sends what was told last again and again; no stage ever waits for it, and no failure of it is one of the
// boot's.
//
//   boot_reports().tell(boot, report::State::booting, stage, 9, 12, 1);
#pragma once

#include "base/result.h"
#include "initrd/boot.h"
#include "initrd/boot_control.h"
#include "report/report.h"

namespace pando::initrd {

// What is sent of a stage now, with what it waits for as boot_control() has it.
report::Report boot_report(report::Report told, const Doing& doing, Milliseconds now);

class BootReports {
public:
    BootReports();
    // `error`: of a stage that has failed.
    void tell(const Boot& boot, report::State state, std::string_view stage, size_t number, size_t count,
              unsigned attempt, const Error& error = {});

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;  // also its thread's
};

// That of this process.
BootReports& boot_reports();

}  // namespace pando::initrd
