// SPDX-License-Identifier: GPL-2.0-or-later
// SHA-256 of many files' content, in a thread beside the one that finds and reads them.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <string>
#include <thread>

namespace pando::chroot {

class Digests {
public:
    using Bytes = std::shared_ptr<const std::string>;

    Digests();
    ~Digests();  // what was not begun is dropped
    Digests(const Digests&) = delete;
    Digests& operator=(const Digests&) = delete;

    void add(const std::filesystem::path& file, Bytes bytes);
    // Of everything that was added, in hexadecimal. Called once, at the end.
    std::map<std::filesystem::path, std::string> finish();

private:
    void work();

    struct Task {
        std::filesystem::path file;
        Bytes bytes;
    };
    std::mutex mutex_;  // of the queue and of `last_`
    std::condition_variable changed_;
    std::queue<Task> queue_;
    bool last_ = false;  // nothing more comes
    std::map<std::filesystem::path, std::string> digests_;
    std::thread worker_;
};

}  // namespace pando::chroot
