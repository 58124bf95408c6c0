// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/authkey.h"

#include "base/file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pando::config {

Result<std::string> read_authkey(const std::filesystem::path& file) {
    struct stat status {};
    if (stat(file.c_str(), &status) != 0)
        return fail_errno(errno, "the cluster's key {}", file.string())
            .kind(ErrorKind::bad_input)
            .advise(fmt::format("make one: pando cluster keygen {}", file.string()));
    if ((status.st_mode & 077U) != 0)
        return bad_input("the cluster's key {} may be read by others (mode {:04o})", file.string(),
                         status.st_mode & 07777U)
            .advise(fmt::format("chmod 400 {}; if others had it, make a new one", file.string()));
    std::string key = TRY(read_file(file, authkey_most + 1));
    if (key.size() < authkey_least || key.size() > authkey_most)
        return bad_input("the cluster's key {} is {} bytes, corosync takes {} to {}", file.string(), key.size(),
                         authkey_least, authkey_most)
            .advise(fmt::format("make one: pando cluster keygen {}", file.string()));
    return key;
}

Result<> make_authkey(const std::filesystem::path& file) {
    std::string key(authkey_made, '\0');
    for (size_t have = 0; have < key.size();) {
        const ssize_t got = getrandom(key.data() + have, key.size() - have, 0);
        if (got < 0 && errno != EINTR) return fail_errno(errno, "no random bytes for {}", file.string());
        if (got > 0) have += static_cast<size_t>(got);
    }
    const std::filesystem::path directory = file.has_parent_path() ? file.parent_path() : ".";
    // A file without a name that gets one when it is whole: linkat() does not replace what is there.
    const UniqueFd fd(open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0400));
    if (!fd.valid()) return fail_errno(errno, "writing {}", file.string()).advise("give a directory you may write to");
    TRY(write_all(fd.get(), key));
    if (fsync(fd.get()) != 0) return fail_errno(errno, "writing {}", file.string());
    const std::string nameless = fmt::format("/proc/self/fd/{}", fd.get());
    if (linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, file.c_str(), AT_SYMLINK_FOLLOW) != 0) {
        if (errno == EEXIST)
            return bad_input("{} is there already, and a cluster may be using it", file.string())
                .advise("keep it; to change the key of a running cluster, make a new file and a new bundle");
        return fail_errno(errno, "writing {}", file.string());
    }
    return sync_directory(directory);
}

}  // namespace pando::config
