// SPDX-License-Identifier: GPL-2.0-or-later
// pando chroot update: the fencing chroot follows what the root holds now. Running daemons go on with what they have.
#include "base/lock.h"
#include "base/log.h"
#include "chroot-builder/generation.h"
#include "chroot-builder/residence.h"
#include "cli/command.h"
#include "cli/node_description.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {
namespace {

constexpr auto patience = std::chrono::minutes(2);  // for another update that runs

struct UpdateOptions {
    std::string root = "/";
    std::string chroot = chroot::chroot_path;
    std::string cluster;
    bool dry_run = false;
};

void print_plan(const chroot::Difference& difference) {
    for (const auto& path : difference.added) fmt::print("add     {}\n", path.string());
    for (const auto& path : difference.changed) fmt::print("change  {}\n", path.string());
    for (const auto& path : difference.removed) fmt::print("remove  {}\n", path.string());
    fmt::print("{} added, {} changed, {} removed; {:.1f} MB to copy\n", difference.added.size(),
               difference.changed.size(), difference.removed.size(), static_cast<double>(difference.new_bytes) / 1e6);
}

void tell_old_code(const std::vector<chroot::OldCode>& old) {
    for (const auto& process : old)
        log::warning("{} (process {}) still runs the old {}", process.process, process.pid,
                     process.files.front().string());
    if (!old.empty())
        log::hint("neither can be restarted while the root is mounted: reboot this node in order when it suits");
}

Result<int> update(const UpdateOptions& options) {
    const auto description = TRY(node_description(options.cluster));
    const auto root = TRY(Sysroot::open(options.root));
    const auto lock = TRY(FileLock::take(options.chroot + "/.update.lock", Deadline::after(patience)));
    const auto current = TRY(chroot::current_generation(options.chroot));
    if (!current)
        return fail("no chroot with generations at {}", options.chroot)
            .advise("the initramfs makes it: was this node booted by this version of pando?");
    const auto print = chroot::fingerprint(current->manifest, root, description.text);
    if (print == chroot::kept_fingerprint(options.chroot, current->number)) {
        fmt::print("generation {} is what the root holds\n", current->number);
        return 0;
    }
    const auto wanted = TRY(chroot::resolve(root, chroot::request_for(description.cluster)));
    const auto difference = chroot::compare(current->manifest, wanted);
    if (options.dry_run) {
        print_plan(difference);
        return 0;
    }
    const unsigned number = TRY(chroot::install_generation(wanted, root, options.chroot));
    TRY(chroot::keep_fingerprint(options.chroot, number, chroot::fingerprint(wanted, root, description.text)));
    if (!difference.none()) print_plan(difference);
    fmt::print("generation {} is what the root holds\n", number);
    for (const unsigned removed : TRY(chroot::remove_unused_generations(options.chroot)))
        fmt::print("generation {} is gone: nothing runs from it\n", removed);
    tell_old_code(TRY(chroot::old_code(options.chroot)));
    return 0;
}

}  // namespace

Action declare_chroot_update(CLI::App& app) {
    auto options = std::make_shared<UpdateOptions>();
    app.add_option("--root", options->root, "tree it is taken from")->capture_default_str();
    app.add_option("--chroot", options->chroot, "the chroot")->capture_default_str();
    app.add_option("--cluster", options->cluster, "cluster.yaml; else what this node booted with");
    app.add_flag("--dry-run", options->dry_run, "say what would change and what it takes, and change nothing");
    return [options] { return update(*options); };
}

}  // namespace pando::cli
