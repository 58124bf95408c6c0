// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/place.h"

#include "base/file.h"

#include <strings.h>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace pando::chroot {
namespace {

// Journaled, of the stock kernel, and mounted in any state that a power cut leaves.
constexpr std::array usable = {"ext3", "ext4", "xfs"};
constexpr std::array shared = {"gfs2", "gfs", "ocfs2", "lustre", "VMFS", "VMFS_volume_member"};
constexpr std::array remote = {"nfs",  "nfs4", "cifs",     "smb3",       "smbfs",          "9p",      "afs",
                               "coda", "ceph", "virtiofs", "fuse.sshfs", "fuse.glusterfs", "orangefs"};

constexpr std::string_view make_one =
    "make one, for instance: mkfs.ext4 -L pando-chroot DEVICE (Pando itself never formats a disk)";

template <size_t n>
bool holds(const std::array<const char*, n>& types, std::string_view type) {
    return std::find(types.begin(), types.end(), type) != types.end();
}

bool same(const std::string& a, const std::string& b) { return strcasecmp(a.c_str(), b.c_str()) == 0; }

bool answers_to(const Volume& volume, const config::ChrootPlace& wanted) {
    if (wanted.tag == "UUID") return same(volume.uuid, wanted.value);
    if (wanted.tag == "PARTUUID") return same(volume.part_uuid, wanted.value);
    if (wanted.tag == "LABEL") return volume.label == wanted.value;
    return wanted.tag == "PARTLABEL" && volume.part_label == wanted.value;
}

}  // namespace

Result<> judge_filesystem(std::string_view type) {
    if (holds(usable, type)) return {};
    if (type.empty()) return fail("it holds no filesystem that is known").advise(make_one);
    if (holds(shared, type))
        return fail("{} is a cluster filesystem: it freezes whenever a node must be fenced, and the chroot with it",
                    type)
            .advise("name a local disk of the node: LABEL=… or UUID=…");
    if (holds(remote, type))
        return fail("{} is a network filesystem: it may be out of reach just when a node must be fenced", type)
            .advise("name a local disk of the node: LABEL=… or UUID=…");
    if (type.ends_with("_member") || type == "crypto_LUKS")
        return fail("it is part of something that must be put together first ({})", type)
            .advise("name a partition with a filesystem of its own");
    return fail("{} is none of the filesystems that may hold it: ext4, ext3, xfs", type).advise(make_one);
}

const std::vector<std::string>& filesystem_drivers() {
    static const std::vector<std::string> drivers = {"ext4", "xfs"};  // ext4 mounts ext3, too
    return drivers;
}

Result<std::optional<Volume>> choose_volume(const config::ChrootPlace& wanted, const std::vector<Volume>& there) {
    std::optional<Volume> found;
    for (const Volume& volume : there) {
        if (!answers_to(volume, wanted)) continue;
        if (found)
            return fail("two devices answer to {}: {} and {}", wanted.name(), found->device, volume.device)
                .advise("one is a copy of the other: give it another label or UUID (tune2fs -L, -U; xfs_admin -L, -U)");
        found = volume;
    }
    if (!found) return found;
    if (!found->unfit.empty())
        return fail("{} ({}) {}", found->device, wanted.name(), found->unfit)
            .advise("name a disk that is built into this machine and is its own alone");
    if (const auto good = judge_filesystem(found->filesystem); !good)
        return Failure(good.error().context(fmt::format("{} ({})", found->device, wanted.name())));
    return found;
}

std::string Place::text() const {
    return on_disk() ? fmt::format("on {} ({}, {})", device, filesystem, wanted) : "in memory";
}

Result<> Place::save(const std::filesystem::path& file) const {
    const nlohmann::ordered_json document = {{"version", 1},     {"wanted", wanted},         {"on_disk", on_disk()},
                                             {"device", device}, {"filesystem", filesystem}, {"directory", directory},
                                             {"reason", reason}, {"advice", advice}};
    return write_file_atomic(file, document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

Result<Place> Place::load(const std::filesystem::path& file) {
    const std::string text = TRY(read_file(file));
    Place place;
    try {
        const auto json = nlohmann::json::parse(text);
        place = {json.at("wanted"),    json.at("device"), json.at("filesystem"),
                 json.at("directory"), json.at("reason"), json.at("advice")};
    } catch (const nlohmann::json::exception& error) {
        return fail("{} does not say where the chroot is kept: {}", file.string(), error.what());
    }
    return place;
}

}  // namespace pando::chroot
