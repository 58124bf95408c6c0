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

Result<HeldFiles> HeldFiles::hold(const fs::path& directory) {
    HeldFiles held;
    std::error_code ec;
    for (fs::recursive_directory_iterator file(directory, ec), end; !ec && file != end; file.increment(ec)) {
        const fs::path& path = file->path();
        const UniqueFd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        struct stat status {};
        if (!fd.valid() || fstat(fd.get(), &status) < 0 || !S_ISREG(status.st_mode) || status.st_size == 0) continue;
        const auto length = static_cast<size_t>(status.st_size);
        void* const start = mmap(nullptr, length, PROT_READ, MAP_SHARED, fd.get(), 0);
        if (start == MAP_FAILED) return fail_errno(errno, "mapping {}", path.string());
        held.mappings_.push_back({start, length});
        if (mlock(start, length) < 0) return fail_errno(errno, "locking {} in memory", path.string());
    }
    if (ec) return fail_errno(ec.value(), "{}", directory.string());
    return held;
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
