// SPDX-License-Identifier: GPL-2.0-or-later
// Stage bundle: the cluster's description. Baked in beside the image now; the LUN's newest valid slot has its place
// here.
#include "base/file.h"
#include "initrd/boot.h"
#include "initrd/stage_functions.h"

namespace pando::initrd {

Result<std::string> run_bundle(Boot& boot, Deadline) {
    auto blob = read_file(config::baked_bundle_path, config::bundle_limit);
    if (!blob) {
        return fail("no bundle came with the image: {}", blob.error().what)
            .advise("the boot script must load bundle.cpio after the image");
    }
    auto bundle = config::decode(*blob);
    if (!bundle) return Failure(bundle.error().context("bundle"));
    auto cluster = bundle->description();
    if (!cluster) return Failure(cluster.error().context("bundle"));
    // Stages before this one have used it already: it is replaced only when it was not readable then.
    if (!boot.cluster) {
        boot.bundle = std::move(*bundle);
        boot.cluster = std::move(*cluster);
    }
    boot.timeline.cluster = boot.cluster->name;
    TRY(write_file_atomic(config::live_bundle_path, *blob, 0600));
    return fmt::format("cluster {}, generation {}, {} nodes", boot.cluster->name, boot.bundle->generation,
                       boot.cluster->nodes.size());
}

}  // namespace pando::initrd
