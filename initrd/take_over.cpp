// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/take_over.h"

#include "base/file.h"
#include "base/log.h"
#include "chroot-builder/residence.h"
#include "config/slots.h"
#include "initrd/daemon_files.h"
#include "initrd/follow.h"

namespace pando::initrd {

Result<> go_by(const config::Bundle& bundle, const std::filesystem::path& run) {
    const auto in_run = [&](const char* path) { return run / std::filesystem::path(path).filename(); };
    TRY(write_file_atomic(in_run(config::live_bundle_path), config::encode(bundle), 0600));
    return write_file_atomic(in_run(generation_file), fmt::format("{}\n", bundle.generation));
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
    TRY(go_by(newest));
    log::info("node {} goes by generation {} of the description", name, newest.generation);
    return std::optional(std::move(newest));
}

}  // namespace pando::initrd
