// SPDX-License-Identifier: GPL-2.0-or-later
// Does the LUN answer? A thread of its own reads a block of it once a second, past every cache: a read of a LUN that is
// gone does not return, and nobody can interrupt it.
//
//   const auto probe = TRY(StorageProbe::start("/dev/sda1"));
//   if (since_boot() - probe->answered() > patience) …
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace pando::initrd {

class StorageProbe {
public:
    // Lives as long as the process: what hangs in a read cannot be ended.
    static Result<StorageProbe*> start(const std::filesystem::path& device);

    Milliseconds answered() const { return Milliseconds(answered_.load()); }  // since the kernel started
    std::string error() const;                                                // of the last read that came back

private:
    explicit StorageProbe(std::filesystem::path device);
    static void* run(void* probe);
    [[noreturn]] void read_for_ever();
    void set_error(std::string error);

    const std::filesystem::path device_;
    std::atomic<int64_t> answered_;
    mutable std::mutex mutex_;
    std::string error_;
};

}  // namespace pando::initrd
