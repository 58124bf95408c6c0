// SPDX-License-Identifier: GPL-2.0-or-later
// Names below a directory held by descriptor. No component of a path may be a symlink: what policy names is what is
// opened, and a link planted in the way is refused, not followed.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <sys/stat.h>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::cdsl {

// Paths may begin with a slash or not: both mean "below `directory`".
Result<UniqueFd> open_beneath(int directory, const std::filesystem::path& path, int flags);

// What is there, a symlink itself and not its target; empty when nothing is.
Result<std::optional<struct stat>> stat_beneath(int directory, const std::filesystem::path& path);

// The directory that holds `path`, to be used with path.filename().
Result<UniqueFd> open_parent(int directory, const std::filesystem::path& path);

// The same of many paths that come in order: a directory is opened once while they stay in it.
class Parents {
public:
    explicit Parents(int directory) : directory_(directory) {}
    // Good until the next call.
    Result<int> of(const std::filesystem::path& path);

private:
    int directory_;
    std::string parent_;
    UniqueFd fd_;
};

// Makes the directory and those above it that are missing, as mkdir with these permissions would without a umask.
Result<UniqueFd> ensure_directory(int directory, const std::filesystem::path& path, mode_t permissions);

// The content of a file; empty when there is none.
Result<std::optional<std::string>> read_beneath(int directory, const std::filesystem::path& path, size_t limit);

// The text of a symlink; empty when `name` is no symlink or not there.
Result<std::optional<std::string>> link_text(int directory, const std::filesystem::path& name);

// Names in a directory, sorted, without . and ..
Result<std::vector<std::string>> names_in(int directory);

// Replaces `name` in one step; power may go at any time. `owner` keeps writers on several nodes apart: each has its
// own temporary name, and its next run takes over what a crash left.
Result<> replace_file(int directory, const std::filesystem::path& name, std::string_view content, mode_t mode,
                      std::string_view owner);
Result<> replace_by_link(int directory, const std::filesystem::path& name, const std::string& target,
                         std::string_view owner);

// The names in the directory are on its disk; O_PATH will do.
Result<> flush_directory(int directory);

// A name for calls that take no descriptor.
inline std::string proc_path(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

// Everything written to the filesystem of `directory` is on its disk.
Result<> sync_filesystem(int directory);

}  // namespace pando::cdsl
