// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/daemon_files.h"

#include "base/file.h"
#include "config/render.h"
#include "fencing/device_files.h"
#include "initrd/iscsi.h"
#include "initrd/rescue_ssh.h"

namespace pando::initrd {
namespace fs = std::filesystem;

Result<> write_daemon_files(const config::Bundle& bundle, const config::Cluster& cluster, const config::Node& node,
                            const fs::path& chroot) {
    const fs::path etc = chroot / "etc";
    TRY(make_directories(etc / "corosync"));
    TRY(make_directories(etc / "dlm"));
    TRY(make_directories(etc / "iscsi"));
    const auto key = bundle.files.find("authkey");
    if (key == bundle.files.end())
        return fail("the bundle carries no authkey").advise("make it again: pando bundle make");
    TRY(write_file_atomic(etc / "corosync/authkey", key->second, 0400));
    TRY(write_file_atomic(etc / "corosync/corosync.conf", config::corosync_conf(cluster)));
    TRY(fencing::write_fence_files(cluster, chroot));
    TRY(write_file_atomic(etc / "dlm/dlm.conf", config::dlm_conf(cluster), 0600));
    const auto files = TRY(bundle.agent_files(cluster));
    for (const auto& file : config::agent_files(cluster)) {
        const fs::path path = chroot / fs::path(file.path).relative_path();
        TRY(make_directories(path.parent_path()));
        TRY(write_file_atomic(path, files.at(file.path), file.mode()));
    }
    TRY(write_file_atomic(etc / "hosts", config::hosts(cluster)));
    TRY(write_file_atomic(etc / "hostname", node.name + "\n"));
    if (const auto& iscsi = cluster.storage.iscsi)
        TRY(write_file_atomic(etc / "iscsi/initiatorname.iscsi",
                              "InitiatorName=" + initiator_name(*iscsi, node) + "\n"));
    return write_rescue_files(bundle, cluster, node, chroot, cluster.rescue.on_node());
}

}  // namespace pando::initrd
