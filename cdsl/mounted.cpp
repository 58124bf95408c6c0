// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/mounted.h"

#include "cdsl/beneath.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <linux/stat.h>  // STATX_ATTR_MOUNT_ROOT, after sys/stat.h which has the rest

namespace pando::cdsl {
namespace fs = std::filesystem;

Result<Mounted> mounted(const Survey& survey, const std::string& node, const Rule& rule) {
    const auto target = TRY(open_beneath(survey.seen(), rule.path, O_PATH | O_DIRECTORY));
    struct statx there {};
    if (statx(target.get(), "", AT_EMPTY_PATH, STATX_INO, &there) < 0)
        return fail_errno(errno, "looking at {}", rule.path.string());
    if ((there.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) return Mounted::nothing;
    if (rule.mode == Mode::tmpfs) {
        struct statfs filesystem {};
        if (fstatfs(target.get(), &filesystem) < 0) return fail_errno(errno, "looking at {}", rule.path.string());
        return filesystem.f_type == TMPFS_MAGIC ? Mounted::ours : Mounted::other;
    }
    const auto source = rule.mode == Mode::bind
                            ? open_beneath(survey.trees_fd(), fs::path(node) / rule.path.relative_path(), O_PATH)
                            : open_beneath(survey.view(), rule.path, O_PATH);
    struct stat wanted {};
    struct stat found {};
    if (!source || fstat(source->get(), &wanted) < 0 || fstat(target.get(), &found) < 0) return Mounted::other;
    return wanted.st_ino == found.st_ino && wanted.st_dev == found.st_dev ? Mounted::ours : Mounted::other;
}

}  // namespace pando::cdsl
