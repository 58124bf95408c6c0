// SPDX-License-Identifier: GPL-2.0-or-later
// Whole files: read with a bound, written so that a power cut leaves the old one or the new one.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <sys/types.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pando {

constexpr size_t default_read_limit = 64U << 20U;

// The content; an Error when there is none or more than `limit` bytes.
Result<std::string> read_file(const std::filesystem::path& file, size_t limit = default_read_limit);

// The content without surrounding white space: for sysfs and one-line files.
Result<std::string> read_line(const std::filesystem::path& file);

// Temporary file beside the target, fsync, rename, fsync of the directory.
Result<> write_file_atomic(const std::filesystem::path& file, std::string_view content, mode_t mode = 0644);

// Plain open+write of an existing file: for sysfs, procfs and configfs.
Result<> write_existing(const std::filesystem::path& file, std::string_view content);

Result<> make_directories(const std::filesystem::path& directory, mode_t mode = 0755);

// Names in a directory, sorted, without . and ..
Result<std::vector<std::string>> list_directory(const std::filesystem::path& directory);

// A file, a link, or a directory with all in it; nothing there is no error. What is mounted below it is left alone,
// and an error.
Result<> remove_tree(const std::filesystem::path& path);

// Empties a directory as far as it can, and never enters what is mounted in it.
void empty_directory(int directory);

Result<> write_all(int fd, std::string_view data);
Result<> sync_directory(const std::filesystem::path& directory);

// A directory that is removed with its content when the object goes. What is mounted in it is left alone.
class TemporaryDirectory {
public:
    static Result<TemporaryDirectory> create(const std::filesystem::path& parent, std::string_view prefix);
    TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;
    ~TemporaryDirectory() { remove(); }
    const std::filesystem::path& path() const { return path_; }

private:
    explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
    void remove();
    std::filesystem::path path_;
};

}  // namespace pando
