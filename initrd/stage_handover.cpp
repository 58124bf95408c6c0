// SPDX-License-Identifier: GPL-2.0-or-later
// Stage handover: what the booted system finds in /run, then the shared root becomes "/".
#include "base/file.h"
#include "base/log.h"
#include "config/networkd.h"
#include "hwdetect/coldplug.h"
#include "initrd/boot.h"
#include "initrd/driver_report.h"
#include "initrd/refresh.h"
#include "initrd/rescue_ssh.h"
#include "initrd/stage_functions.h"
#include "initrd/switch_root.h"

#include <fcntl.h>
#include <unistd.h>

namespace pando::initrd {
namespace {

// systemd and the kernel's helpers expect these to lead to the console.
void give_console_to_init() {
    const int console = open("/dev/console", O_RDWR | O_NOCTTY);
    if (console < 0) return;
    for (int fd = 0; fd < 3; ++fd) dup2(console, fd);
    if (console > 2) close(console);
}

// Drivers that no stage waited for: watchdogs, the BMC.
void tell_background() {
    const auto since = hwdetect::coldplug_since();
    for (const auto& driver : since.loaded) log::info("driver: {} for {}", driver.module, driver.device);
    note_drivers(since);
    note_lacking_drivers();
}

}  // namespace

Result<std::string> run_handover(Boot& boot, Deadline) {
    tell_background();
    TRY(write_authorized_keys(*boot.cluster, boot.bundle->files.at("authkey")));
    TRY(config::write_networkd(*boot.cluster, boot.node(), config::networkd_directory));
    TRY(write_file_atomic(config::resolv_conf_file, config::resolv_conf(boot.node()), 0644));
    for (const auto* daemon : {&boot.corosync, &boot.dlm_controld}) {
        if (!daemon->has_value() || !(*daemon)->running())
            return fail("a daemon of the survival set has ended before the root was switched to")
                .advise("see /run/initramfs/var/log");
    }
    // This stage cannot report after the fact: it is done when the root's own unit says that the node is booted.
    boot.timeline.succeed("into " + boot.arguments.init);
    TRY(boot.timeline.save());
    log::info("handing over to {} on the shared root", boot.arguments.init);
    hand_over_rescue_ssh(boot);
    give_console_to_init();
    TRY(switch_root(sysroot_path, boot.arguments.init));
    return std::string("unreachable");
}

}  // namespace pando::initrd
