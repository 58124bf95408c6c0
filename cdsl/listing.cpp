// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <memory>
#include <string_view>

namespace pando::cdsl {

Result<std::vector<Listed>> list_entries(int directory) {
    const int own = fcntl(directory, F_DUPFD_CLOEXEC, 0);
    if (own < 0) return fail_errno(errno, "listing a directory");
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(own), closedir);
    if (!stream) {
        const int err = errno;
        ::close(own);
        return fail_errno(err, "listing a directory");
    }
    rewinddir(stream.get());  // the position is shared with the descriptor that was handed in
    std::vector<Listed> entries;
    errno = 0;
    while (const dirent* entry = readdir(stream.get())) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        unsigned char type = entry->d_type;
        if (struct stat st{}; type == DT_UNKNOWN && fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            type = IFTODT(st.st_mode);
        entries.push_back({std::string(name), type});
        errno = 0;
    }
    if (errno != 0) return fail_errno(errno, "listing a directory");
    return entries;
}

}  // namespace pando::cdsl
