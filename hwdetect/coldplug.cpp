// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/coldplug.h"

#include "hwdetect/module.h"
#include "hwdetect/relevance.h"
#include "hwdetect/uevent.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <queue>
#include <set>
#include <thread>

namespace pando::hwdetect {
namespace {

namespace fs = std::filesystem;

constexpr unsigned most_workers = 4;

struct Job {
    Rank rank;
    size_t order;  // first come, first served within a rank
    WaitingDevice device;
    bool operator<(const Job& other) const {  // the greatest is taken first
        return rank != other.rank ? rank > other.rank : order > other.order;
    }
};

// Shared with the workers, who may outlive the call while a driver is still coming up.
struct Work {
    std::mutex mutex;
    std::condition_variable wanted;
    std::priority_queue<Job> queue;
    std::set<std::string> asked;  // modaliases seen so far
    unsigned workers = 0, idle = 0;
    bool over = false;
    Coldplug result;
    UniqueFd done;  // eventfd: a driver came up
};

std::string reason(int error) {
    return error == EPERM ? "blacklisted or not permitted" : std::string(std::strerror(error));
}

// A driver that finds nothing to do, or comes second to another, is no failure.
bool worth_telling(int error) { return error != ENODEV && error != ENXIO && error != EEXIST; }

void record(Coldplug& result, const Job& job, const std::vector<ModuleLoader::Attempt>& attempts) {
    const WaitingDevice& device = job.device;
    if (attempts.empty() && job.rank == Rank::essential)
        result.missing.push_back(fmt::format("{} ({}): no driver in this image", device.modalias, device.device));
    for (const auto& attempt : attempts) {
        if (attempt.error != 0 && worth_telling(attempt.error))
            result.failed.push_back(fmt::format("{} for {}: {}", attempt.module, device.device, reason(attempt.error)));
        const bool again = std::any_of(result.loaded.begin(), result.loaded.end(),
                                       [&](const LoadedDriver& driver) { return driver.module == attempt.module; });
        if (attempt.error == 0 && !attempt.already && !again) result.loaded.push_back({attempt.module, device.device});
    }
}

void work_off(const std::shared_ptr<Work>& work) {
    auto loader = ModuleLoader::create();
    std::unique_lock lock(work->mutex);
    for (;;) {
        ++work->idle;
        work->wanted.wait(lock, [&] { return work->over || !work->queue.empty(); });
        --work->idle;
        if (work->over) return;
        const Job job = work->queue.top();
        work->queue.pop();
        lock.unlock();
        std::vector<ModuleLoader::Attempt> attempts;
        if (loader) attempts = loader->load(job.device.modalias);
        lock.lock();
        record(work->result, job, attempts);
        if (!loader) work->result.failed.push_back(loader.error().what);
        eventfd_write(work->done.get(), 1);
    }
}

void add_job(const std::shared_ptr<Work>& work, const WaitingDevice& device) {
    const auto rank = rank_of(device.modalias);
    if (!rank) return;
    const std::lock_guard lock(work->mutex);
    if (!work->asked.insert(device.modalias).second) return;
    work->queue.push({*rank, work->asked.size(), device});
    if (work->workers < most_workers && work->queue.size() > work->idle) {
        ++work->workers;
        std::thread(work_off, work).detach();
    }
    work->wanted.notify_one();
}

Result<> add_waiting(const std::shared_ptr<Work>& work, const Sysroot& root) {
    for (const WaitingDevice& device : TRY(waiting_devices(root))) add_job(work, device);
    return {};
}

// Until satisfied, or the deadline.
Result<> follow_events(const std::shared_ptr<Work>& work, const Sysroot& root, Uevents& events,
                       const std::function<bool()>& satisfied, Deadline deadline) {
    while (!satisfied()) {
        pollfd fds[] = {{events.fd(), POLLIN, 0}, {work->done.get(), POLLIN, 0}};
        const int ready = poll(fds, std::size(fds), deadline.poll_timeout());
        if (ready < 0 && errno != EINTR) return fail_errno(errno, "waiting for devices");
        if (ready == 0 && deadline.passed()) return {};
        if (ready <= 0) continue;
        if (fds[1].revents != 0) {
            eventfd_t count = 0;
            eventfd_read(work->done.get(), &count);
        }
        const bool complete = events.drain([&](const Uevent& event) {
            if (event.action == "add" && !event.modalias.empty()) add_job(work, {event.modalias, event.device});
        });
        if (!complete) TRY(add_waiting(work, root));
    }
    return {};
}

}  // namespace

Result<std::vector<WaitingDevice>> waiting_devices(const Sysroot& root) {
    const fs::path buses = "sys/bus";
    std::vector<WaitingDevice> waiting;
    for (const std::string& bus : TRY(root.list(buses))) {
        const fs::path directory = buses / bus / "devices";
        auto names = root.list(directory);
        if (!names) continue;
        for (const std::string& name : *names) {
            const fs::path device = directory / name;
            auto modalias = root.read_line(device / "modalias");
            if (!modalias || !boot_relevant(*modalias) || root.exists(device / "driver")) continue;
            waiting.push_back({*modalias, "/" + device.string()});
        }
    }
    std::stable_sort(waiting.begin(), waiting.end(), [](const WaitingDevice& a, const WaitingDevice& b) {
        return rank_of(a.modalias) < rank_of(b.modalias);
    });
    return waiting;
}

Result<Coldplug> coldplug(const std::function<bool()>& satisfied, Deadline deadline) {
    if (satisfied()) return Coldplug{};
    const Sysroot root = TRY(Sysroot::open("/"));
    Uevents events = TRY(Uevents::listen());  // first listen, then look: nothing slips through between
    auto work = std::make_shared<Work>();
    work->done.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!work->done.valid()) return fail_errno(errno, "making an event descriptor");

    Result<> followed = add_waiting(work, root);
    if (followed) followed = follow_events(work, root, events, satisfied, deadline);

    const std::lock_guard lock(work->mutex);
    work->over = true;
    work->wanted.notify_all();
    if (!followed) return Failure(followed.error());
    return std::move(work->result);
}

Result<> load_modules(const std::vector<std::string>& names) {
    ModuleLoader loader = TRY(ModuleLoader::create());
    for (const std::string& name : names) {
        const auto attempts = loader.load(name);
        if (attempts.empty())
            return fail("module {}: this image has none of that name", name)
                .advise("add it to the node's drivers: in cluster.yaml and build the image again");
        for (const auto& attempt : attempts)
            if (attempt.error != 0 && attempt.error != EEXIST)
                return fail("module {}: {}", attempt.module, reason(attempt.error))
                    .advise("the kernel's own words are in dmesg");
    }
    return {};
}

const std::vector<std::string>& console_modules() {
    static const std::vector<std::string> names = {"i8042",    "atkbd",    "xhci_pci", "ehci_pci",
                                                   "uhci_hcd", "ohci_pci", "usbhid",   "hid_generic"};
    return names;
}

}  // namespace pando::hwdetect
