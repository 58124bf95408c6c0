// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/ahead.h"

#include "base/file.h"
#include "chroot-builder/agents.h"
#include "chroot-builder/manifest.h"
#include "chroot-builder/residence.h"
#include "config/sbd.h"
#include "hwdetect/coldplug.h"
#include "initrd/api_mounts.h"
#include "initrd/background.h"
#include "initrd/daemon_files.h"
#include "initrd/driver_report.h"

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

constexpr const char* manifest_file = "/usr/lib/pando/chroot.json";

// The hardware stage went on when the NICs were there: the local disk may still need its driver.
void load_disk_drivers(const std::function<bool()>& there, Deadline deadline) {
    if (const auto done = hwdetect::coldplug(there, deadline)) note_drivers(*done);
}

Result<FilledChroot> fill(ChrootJob job) {
    const auto manifest = TRY(chroot::Manifest::from_json(TRY(read_file(manifest_file))));
    job.disk.load_drivers = load_disk_drivers;
    auto filled = TRY(fill_chroot(std::move(job), manifest));
    // What systemd looks for when it shuts down: the exit tree's entry.
    const fs::path entry = fs::path(chroot::chroot_path) / "shutdown";
    std::error_code ec;
    if (!fs::is_symlink(entry)) fs::create_symlink("usr/sbin/pando-survival", entry, ec);
    if (ec) return fail_errno(ec.value(), "creating {}", entry.string());
    if (!fs::is_symlink("/run/pando/chroot")) fs::create_symlink("../initramfs", "/run/pando/chroot", ec);
    return filled;
}

Result<chroot::SurvivalNamespace*> make_survival(Boot& boot, const std::shared_future<Result<FilledChroot>>& filling) {
    if (const auto& filled = filling.get(); !filled) return Failure(filled.error());
    TRY(hwdetect::load_modules({"configfs"}));
    TRY(mount_configfs());
    TRY(write_daemon_files(*boot.bundle, *boot.cluster, boot.node(), chroot::chroot_path));
    boot.survival = TRY(chroot::SurvivalNamespace::create(chroot::chroot_path));
    return &*boot.survival;
}

// Every device refused with the one reason when the chroot itself could not be made.
std::vector<fencing::FenceAnswer> ask_from_chroot(const Boot& boot, Milliseconds patience) {
    const auto& survival = boot.survival_made.get();  // may wait for a local disk: that is not the agents' time
    const Deadline deadline = Deadline::after(patience);
    const fencing::Runner run = [&](const std::vector<std::string>& argv, const std::string& input,
                                    Deadline until) -> Result<Finished> {
        if (!survival) return Failure(survival.error());
        // As dlm_controld will look it up: in the chroot, not in the image that runs this.
        const auto agent = chroot::find_agent(TRY(Sysroot::open(chroot::chroot_path)), argv.at(0));
        if (!agent) return fail("{} is not in the chroot", argv.at(0)).advise("build the image again");
        return (*survival)->run({agent->string()}, input, until);
    };
    // sbd's answer only where the LUN is there: stage join looks at its disk itself.
    return fencing::ask_fence_devices(config::without_sbd(*boot.cluster), run, deadline);
}

}  // namespace

void begin_chroot(Boot& boot) {
    if (!needs_begin(boot.survival_made)) return;
    boot.chroot_filled = begin([job = chroot_job(*boot.cluster, boot.node())] { return fill(job); });
    boot.survival_made = begin([&boot, filled = boot.chroot_filled] { return make_survival(boot, filled); });
}

void begin_root_modules(Boot& boot) {
    if (needs_begin(boot.root_modules_loaded))
        boot.root_modules_loaded = begin([] { return hwdetect::load_modules({"dm_mod", "dlm", "gfs2"}); });
}

void begin_fence_check(Boot& boot) {
    begin_chroot(boot);
    boot.fence_answers = begin([&boot] { return ask_from_chroot(boot, std::chrono::seconds(40)); });
}

}  // namespace pando::initrd
