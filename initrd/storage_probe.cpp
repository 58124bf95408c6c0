// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/storage_probe.h"

#include "base/store.h"

#include <poll.h>
#include <pthread.h>

namespace pando::initrd {
namespace {

constexpr Milliseconds interval{1000};
constexpr size_t stack_size = 256U << 10U;  // all of it is locked

}  // namespace

StorageProbe::StorageProbe(std::filesystem::path device)
    : device_(std::move(device)), answered_(since_boot().count()) {}

Result<StorageProbe*> StorageProbe::start(const std::filesystem::path& device) {
    auto* const probe = new StorageProbe(device);  // leaked on purpose: its thread may never end
    pthread_attr_t attributes;
    pthread_t thread{};
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_size);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    const int error = pthread_create(&thread, &attributes, run, probe);
    pthread_attr_destroy(&attributes);
    if (error != 0) return fail_errno(error, "starting what reads {}", device.string());
    return probe;
}

std::string StorageProbe::error() const {
    const std::lock_guard lock(mutex_);
    return error_;
}

void StorageProbe::set_error(std::string error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
}

void* StorageProbe::run(void* probe) { static_cast<StorageProbe*>(probe)->read_for_ever(); }

void StorageProbe::read_for_ever() {
    std::unique_ptr<Store> store;
    for (;; poll(nullptr, 0, static_cast<int>(interval.count()))) {
        if (!store) {
            auto opened = open_store(device_);
            if (!opened) {
                set_error(opened.error().what);
                continue;
            }
            store = std::move(*opened);
        }
        if (const auto read = store->read(0, Store::block); !read) {
            set_error(read.error().what);
            store.reset();  // its device may be another one by now
            continue;
        }
        set_error({});
        answered_ = since_boot().count();
    }
}

}  // namespace pando::initrd
