// SPDX-License-Identifier: GPL-2.0-or-later
// pando chroot update: the fencing chroot follows what the root holds now. Running daemons go on with what they have.
#include "base/lock.h"
#include "base/log.h"
#include "base/printable.h"
#include "chroot-builder/generation.h"
#include "cli/command.h"
#include "cli/node_chroot.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {
namespace {

constexpr auto patience = std::chrono::minutes(2);  // for another update that runs

struct UpdateOptions {
    NodeChrootOptions node;
    bool dry_run = false;
};

void print_plan(const chroot::Difference& difference) {
    for (const auto& path : difference.added) fmt::print("add     {}\n", printable(path.native()));
    for (const auto& path : difference.changed) fmt::print("change  {}\n", printable(path.native()));
    for (const auto& path : difference.removed) fmt::print("remove  {}\n", printable(path.native()));
    fmt::print("{} added, {} changed, {} removed; {:.1f} MB to copy\n", difference.added.size(),
               difference.changed.size(), difference.removed.size(), static_cast<double>(difference.new_bytes) / 1e6);
}

void tell_old_code(const std::vector<chroot::OldCode>& old) {
    for (const auto& process : old)
        log::warning("{} (process {}) still runs the old {}", process.process, process.pid,
                     printable(process.files.front().native()));
    if (!old.empty())
        log::hint("neither can be restarted while the root is mounted: reboot this node in order when it suits");
}

// What an update before this one could not do yet: the keeper and others go over to the new generation in their own
// time.
Result<> tidy(const NodeChroot& node) {
    for (const unsigned removed : TRY(chroot::remove_unused_generations(node.path())))
        fmt::print("generation {} is gone: nothing runs from it\n", removed);
    tell_old_code(TRY(chroot::old_code(node.path())));
    return {};
}

Result<int> update(const UpdateOptions& options) {
    const auto node = TRY(NodeChroot::open(options.node));
    const auto lock = TRY(FileLock::take(node.path() / ".update.lock", Deadline::after(patience)));
    const auto [current, wanted, drift, before] = TRY(node.compare());
    if (wanted && options.dry_run) {
        print_plan(drift);
        return 0;
    }
    unsigned number = current.number;
    if (wanted) {
        number = TRY(chroot::install_generation(*wanted, node.root(), node.path()));
        // Packages may have changed files while they were read. Without a fingerprint the next run looks at every byte.
        if (node.fingerprint(current.manifest) == before)
            TRY(chroot::keep_fingerprint(node.path(), number, node.fingerprint(*wanted)));
        else
            log::info("the root changed meanwhile: the next update looks again");
        if (!drift.none()) print_plan(drift);
    }
    fmt::print("generation {} is what the root holds\n", number);
    if (!options.dry_run) TRY(tidy(node));
    return 0;
}

}  // namespace

Action declare_chroot_update(CLI::App& app) {
    auto options = std::make_shared<UpdateOptions>();
    add_options(app, options->node);
    app.add_flag("--dry-run", options->dry_run, "say what would change and what it takes, and change nothing");
    return [options] { return update(*options); };
}

}  // namespace pando::cli
