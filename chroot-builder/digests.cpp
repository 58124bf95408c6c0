// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/digests.h"

#include "base/sha256.h"

#include <utility>

namespace pando::chroot {

Digests::Digests() : worker_([this] { work(); }) {}

Digests::~Digests() {
    {
        const std::lock_guard lock(mutex_);
        queue_ = {};
        last_ = true;
    }
    changed_.notify_one();
    if (worker_.joinable()) worker_.join();
}

void Digests::add(const std::filesystem::path& file, Bytes bytes) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push({file, std::move(bytes)});
    }
    changed_.notify_one();
}

std::map<std::filesystem::path, std::string> Digests::finish() {
    {
        const std::lock_guard lock(mutex_);
        last_ = true;
    }
    changed_.notify_one();
    worker_.join();
    return std::move(digests_);
}

void Digests::work() {
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return last_ || !queue_.empty(); });
        if (queue_.empty()) return;
        const Task task = std::move(queue_.front());
        queue_.pop();
        lock.unlock();
        digests_[task.file] = sha256(*task.bytes);
    }
}

}  // namespace pando::chroot
