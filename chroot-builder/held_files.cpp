// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/held_files.h"

#include "base/fd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace pando::chroot {
namespace fs = std::filesystem;

Result<HeldFiles> HeldFiles::hold(const std::vector<fs::path>& directories) {
    HeldFiles held;
    for (const fs::path& directory : directories) {
        std::error_code ec;
        for (fs::recursive_directory_iterator file(directory, ec), end; !ec && file != end; file.increment(ec))
            if (file->symlink_status(ec).type() == fs::file_type::regular) TRY(held.add(file->path()));
        if (ec) return fail_errno(ec.value(), "{}", directory.string());
    }
    return held;
}

Result<> HeldFiles::add(const fs::path& file) {
    const UniqueFd fd(open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    if (!fd.valid() || fstat(fd.get(), &status) < 0) return fail_errno(errno, "opening {}", file.string());
    if (status.st_size == 0) return {};
    const auto length = static_cast<size_t>(status.st_size);
    void* const start = mmap(nullptr, length, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (start == MAP_FAILED) return fail_errno(errno, "mapping {}", file.string());
    mappings_.push_back({start, length});
    if (mlock(start, length) < 0) return fail_errno(errno, "locking {} in memory", file.string());
    return {};
}

HeldFiles::HeldFiles(HeldFiles&& other) noexcept : mappings_(std::exchange(other.mappings_, {})) {}

HeldFiles& HeldFiles::operator=(HeldFiles&& other) noexcept {
    std::swap(mappings_, other.mappings_);
    return *this;
}

HeldFiles::~HeldFiles() {
    for (const Mapping& mapping : mappings_) munmap(mapping.start, mapping.length);
}

uint64_t HeldFiles::bytes() const {
    const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    uint64_t sum = 0;
    for (const Mapping& mapping : mappings_) sum += (mapping.length + page - 1) / page * page;
    return sum;
}

}  // namespace pando::chroot
