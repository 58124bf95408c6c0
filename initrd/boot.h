// SPDX-License-Identifier: GPL-2.0-or-later
// One boot: what it knows so far, and the runner that takes the stages in their order.
#pragma once

#include "base/process.h"
#include "base/result.h"
#include "base/store.h"
#include "chroot-builder/survival_namespace.h"
#include "config/bundle.h"
#include "config/cluster.h"
#include "fencing/ask.h"
#include "hwdetect/identity.h"
#include "hwdetect/machine.h"
#include "initrd/arguments.h"
#include "initrd/fill_chroot.h"
#include "initrd/notify.h"
#include "initrd/stages.h"
#include "initrd/take_over.h"
#include "initrd/timeline.h"

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pando::initrd {

struct Boot {
    std::filesystem::path run = run_directory;  // where the node's state is kept; another one in tests
    BootArguments arguments;
    Timeline timeline;

    // Filled by the stages, in this order.
    hwdetect::Machine machine;
    std::unique_ptr<Store>
        store;  // the bundle partition, reached without the kernel's session, until the node is known
    std::optional<config::Bundle> bundle;
    std::optional<config::Cluster> cluster;
    hwdetect::Identity identity;  // its node points into `cluster`
    std::optional<chroot::SurvivalNamespace> survival;
    std::optional<ReadySocket> corosync_ready;
    bool corosync_is_ready = false;
    std::optional<Child> keeper, corosync, dlm_controld, iscsid, follower, watch, reporter;
    std::optional<Child> rescue_ssh;  // of the initramfs
    std::optional<Child> sbd;         // where this node is fenced by it
    std::string root_device;          // /dev/sda3

    // Work that goes on beside the stages (initrd/ahead.h); each is collected by the stage it belongs to. Shared
    // futures: what comes later waits for what came before.
    std::shared_future<Result<FilledChroot>> chroot_filled;
    std::shared_future<Result<chroot::SurvivalNamespace*>> survival_made;
    std::shared_future<Result<>> root_modules_loaded;
    std::shared_future<std::vector<fencing::FenceAnswer>> fence_answers;

    const config::Node& node() const { return *identity.node; }
};

constexpr const char* sysroot_path = "/sysroot";

// Runs the stages to the end. Returns only when the last stage returns (handover never does) or a policy says so.
void run_stages(Boot& boot, const std::vector<Stage>& stages);

}  // namespace pando::initrd
