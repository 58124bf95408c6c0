// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/drivers_by_name.h"

#include "base/log.h"
#include "hwdetect/bmc_watchdog.h"
#include "hwdetect/coldplug.h"
#include "initrd/background.h"

#include <poll.h>

namespace pando::initrd {
namespace {

using hwdetect::Need;

// So long the watch looks for its card, too.
constexpr Milliseconds bmc_patience = std::chrono::seconds(30);
// The driver talks to the BMC when it is loaded.
constexpr Milliseconds load_patience = std::chrono::seconds(5);
constexpr Milliseconds look_interval{500};

void tell(Error error) {
    error.what = "driver: " + error.what;
    log::warning("{}", error.what);
    if (!error.advice.empty()) log::hint("{}", error.advice);
}

}  // namespace

void begin_named_drivers(const std::vector<std::string>& drivers) {
    if (drivers.empty()) return;
    (void)begin([drivers]() -> Result<> {
        for (const std::string& name : drivers)
            if (const auto loaded = hwdetect::load_modules({name}); !loaded) tell(loaded.error());
        return {};
    });
}

Result<bool> load_bmc_watchdog(const Sysroot& root, const config::Watchdog& wanted, const LoadByName& load,
                               Deadline deadline) {
    if (wanted.mode == "off" || wanted.mode == "softdog") return false;
    for (;;) {
        const Need need = hwdetect::need_of_bmc_watchdog(root, wanted.device.value_or(""));
        if (need == Need::there) {
            TRY(load({hwdetect::bmc_watchdog_driver}));
            return true;
        }
        if (need == Need::blocked)
            return fail("the BMC's watchdog is asked for, and another card's driver has taken /dev/watchdog")
                .advise(
                    "take device: out of watchdog:, or keep that driver out (modprobe.blacklist=NAME in "
                    "kernel_arguments)");
        if (need == Need::none || deadline.passed()) return false;
        (void)poll(nullptr, 0, deadline.capped(look_interval).poll_timeout());  // sysfs tells nobody
    }
}

void begin_bmc_watchdog(const config::Watchdog& wanted) {
    const auto root = Sysroot::open("/");
    if (!root) return tell(root.error());
    const auto loading = begin([wanted]() -> Result<bool> {
        const auto own = TRY(Sysroot::open("/"));
        auto loaded = load_bmc_watchdog(own, wanted, hwdetect::load_modules, Deadline::after(bmc_patience));
        if (!loaded) tell(loaded.error());
        if (loaded && *loaded) log::info("driver: {} for the BMC's watchdog", hwdetect::bmc_watchdog_driver);
        return loaded;
    });
    // The watch, that runs in the chroot, opens what it finds: /dev/watchdog must be whole by then.
    if (hwdetect::need_of_bmc_watchdog(*root, wanted.device.value_or("")) == Need::there)
        (void)collect(loading, Deadline::after(load_patience), "loading the BMC's watchdog");
}

}  // namespace pando::initrd
