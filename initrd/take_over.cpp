// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/take_over.h"

#include "base/file.h"
#include "base/log.h"
#include "chroot-builder/residence.h"
#include "config/difference.h"
#include "config/slots.h"
#include "initrd/daemon_files.h"
#include "initrd/follow.h"
#include "report/plan.h"

#include <algorithm>

namespace pando::initrd {

namespace {

// What the reporter must know, so that it reads no description.
Result<> write_report_plan(const config::Bundle& bundle, const std::filesystem::path& file,
                           const std::vector<std::string>& reboot_keys) {
    const auto authkey = bundle.files.find("authkey");
    if (authkey == bundle.files.end()) return fail("the bundle has no authkey to sign reports with");
    report::Plan plan = TRY(report::make_plan(TRY(bundle.description()), authkey->second, bundle.generation));
    plan.reboot_keys = reboot_keys;
    return report::save(plan, file);
}

// Keys whose change this node goes by at its next boot only, with those from before.
std::vector<std::string> reboot_keys(const config::Cluster& before, const config::Cluster& after,
                                     const std::string& node) {
    std::vector<std::string> keys;
    if (const auto plan = report::load_plan()) keys = plan->reboot_keys;
    for (const auto& change : config::differences(before, after, [](std::string_view) { return true; })) {
        if (change.takes != config::Takes::boot && change.takes != config::Takes::image) continue;
        if (!change.node.empty() && change.node != node) continue;
        if (std::find(keys.begin(), keys.end(), change.path) == keys.end()) keys.push_back(change.path);
    }
    return keys;
}

}  // namespace

Result<> go_by(const config::Bundle& bundle, const std::filesystem::path& run,
               const std::vector<std::string>& reboot_keys) {
    const auto in_run = [&](const char* path) { return run / std::filesystem::path(path).filename(); };
    TRY(write_file_atomic(in_run(config::live_bundle_path), config::encode(bundle), 0600));
    TRY(write_file_atomic(in_run(generation_file), fmt::format("{}\n", bundle.generation)));
    // Nothing depends on reports.
    if (auto done = write_report_plan(bundle, in_run(report::plan_file), reboot_keys); !done)
        log::warning("this node will not report itself: {}", done.error().what);
    return {};
}

Result<std::optional<config::Bundle>> take_over_newer(Store& store, const config::Bundle& bundle,
                                                      const std::string& name) {
    if (TRY(config::peek_generation(store)) <= bundle.generation) return std::optional<config::Bundle>();
    auto newest = TRY(config::read_newest(store, bundle.cluster));
    if (newest.generation <= bundle.generation) return std::optional<config::Bundle>();
    const auto cluster = TRY(newest.description());
    const config::Node* node = cluster.find_node(name);
    if (node == nullptr)
        return fail("generation {} of the description has no node {} any more", newest.generation, name)
            .advise("this node was removed or renamed: switch it off");
    TRY(write_daemon_files(newest, cluster, *node, chroot::chroot_path));
    const auto before = bundle.description();
    TRY(go_by(newest, run_directory, before ? reboot_keys(*before, cluster, name) : std::vector<std::string>()));
    log::info("node {} goes by generation {} of the description", name, newest.generation);
    return std::optional(std::move(newest));
}

}  // namespace pando::initrd
