// SPDX-License-Identifier: GPL-2.0-or-later
// Where the fencing chroot shall keep its programs, as cluster.yaml says it.
//
//   tmpfs                           in memory
//   LABEL=pando-chroot              on the local disk with this label, in the directory /pando-chroot
//   UUID=…:/var/pando               likewise by UUID, in a directory of that filesystem; also PARTUUID=, PARTLABEL=
//   /dev/disk/by-label/pando-chroot the same in udev's words
//   /var/lib/pando/chroot           a path: while a node boots, it has no filesystem but the shared root to lead to
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace pando::config {

struct ChrootPlace {
    enum class Kind { memory, disk, path };
    Kind kind = Kind::memory;
    std::string tag;        // disk: UUID, LABEL, PARTUUID, PARTLABEL
    std::string value;      // disk: what the tag must be; UUIDs in lower case
    std::string directory;  // disk: on its filesystem; path: the path itself

    std::string name() const;  // for messages: tmpfs, LABEL=pando-chroot, the path
    std::string text() const;  // as cluster.yaml takes it
};

// Error: no such place, or a device name that may be another device's at the next boot.
Result<ChrootPlace> parse_chroot_place(std::string_view text);

}  // namespace pando::config
