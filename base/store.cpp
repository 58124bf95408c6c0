// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/store.h"

#include "base/fd.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdlib>
#include <cstring>

namespace pando {
namespace {

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};
using Aligned = std::unique_ptr<void, Free>;

// O_DIRECT takes memory that lies as the disk's blocks do.
Result<Aligned> aligned(size_t size) {
    Aligned memory(std::aligned_alloc(Store::block, size));
    if (!memory) return fail_errno(ENOMEM, "{} bytes", size);
    return memory;
}

class FileStore : public Store {
public:
    FileStore(UniqueFd fd, std::filesystem::path path, uint64_t start, uint64_t size)
        : fd_(std::move(fd)), path_(std::move(path)), start_(start), size_(size) {}

    Result<std::string> read(uint64_t offset, size_t size) override {
        TRY(check_range(offset, size));
        const Aligned memory = TRY(aligned(size));
        auto* bytes = static_cast<char*>(memory.get());
        for (size_t have = 0; have < size;) {
            const ssize_t n = pread(fd_.get(), bytes + have, size - have, static_cast<off_t>(start_ + offset + have));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return fail_errno(n < 0 ? errno : EIO, "reading {} at {}", name(), offset + have);
            have += static_cast<size_t>(n);
        }
        return std::string(bytes, size);
    }

    Result<> write(uint64_t offset, std::string_view bytes) override {
        TRY(check_range(offset, bytes.size()));
        const Aligned memory = TRY(aligned(bytes.size()));
        std::memcpy(memory.get(), bytes.data(), bytes.size());
        const auto* from = static_cast<const char*>(memory.get());
        for (size_t done = 0; done < bytes.size();) {
            const ssize_t n =
                pwrite(fd_.get(), from + done, bytes.size() - done, static_cast<off_t>(start_ + offset + done));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return fail_errno(n < 0 ? errno : EIO, "writing {} at {}", name(), offset + done);
            done += static_cast<size_t>(n);
        }
        if (fdatasync(fd_.get()) < 0) return fail_errno(errno, "flushing {}", name());
        return {};
    }

    uint64_t size() const override { return size_; }
    std::string name() const override { return path_.string(); }

private:
    UniqueFd fd_;
    std::filesystem::path path_;
    uint64_t start_, size_;
};

class PartStore : public Store {
public:
    PartStore(std::unique_ptr<Store> whole, std::string name, uint64_t start, uint64_t size)
        : whole_(std::move(whole)), name_(std::move(name)), start_(start), size_(size) {}

    Result<std::string> read(uint64_t offset, size_t size) override {
        TRY(check_range(offset, size));
        return whole_->read(start_ + offset, size);
    }
    Result<> write(uint64_t offset, std::string_view bytes) override {
        TRY(check_range(offset, bytes.size()));
        return whole_->write(start_ + offset, bytes);
    }
    uint64_t size() const override { return size_; }
    std::string name() const override { return name_; }

private:
    std::unique_ptr<Store> whole_;
    std::string name_;
    uint64_t start_, size_;
};

Result<uint64_t> size_of(int fd, const std::filesystem::path& path) {
    struct stat status {};
    if (fstat(fd, &status) < 0) return fail_errno(errno, "looking at {}", path.string());
    uint64_t size = static_cast<uint64_t>(status.st_size);
    if (S_ISBLK(status.st_mode) && ioctl(fd, BLKGETSIZE64, &size) < 0)
        return fail_errno(errno, "asking for the size of {}", path.string());
    return size;
}

}  // namespace

Result<> Store::check_range(uint64_t offset, size_t size) const {
    const uint64_t all = this->size();
    if (offset % block == 0 && size % block == 0 && size > 0 && offset <= all && size <= all - offset) return {};
    return fail("{} has {} bytes: {} at {} are not in it, or no whole blocks", name(), all, size, offset);
}

std::unique_ptr<Store> part_of(std::unique_ptr<Store> whole, std::string name, uint64_t offset, uint64_t size) {
    return std::make_unique<PartStore>(std::move(whole), std::move(name), offset, size);
}

Result<std::unique_ptr<Store>> open_store(const std::filesystem::path& path, uint64_t offset, uint64_t size) {
    constexpr int flags = O_RDWR | O_CLOEXEC;
    UniqueFd fd(open(path.c_str(), flags | O_DIRECT));
    // A file on a tmpfs; whoever reads it here sees what was written here.
    if (!fd.valid() && errno == EINVAL) fd.reset(open(path.c_str(), flags));
    if (!fd.valid()) return fail_errno(errno, "opening {}", path.string());
    const uint64_t whole = TRY(size_of(fd.get(), path));
    if (offset > whole || size > whole - offset)
        return fail("{} has {} bytes: a part of {} at {} is not in it", path.string(), whole, size, offset);
    return std::unique_ptr<Store>(
        std::make_unique<FileStore>(std::move(fd), path, offset, size == 0 ? whole - offset : size));
}

}  // namespace pando
