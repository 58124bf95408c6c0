// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/coldplug.h"

#include "hwdetect/coldplug_run.h"
#include "hwdetect/device_name.h"
#include "hwdetect/kernel_log.h"
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
// So long devices are followed that the boot does not wait for. A watchdog's or a BMC's device appears when the driver
// of the chip below it is there; on the booted system udev looks at everything again.
constexpr Milliseconds background_limit{60000};

struct Job {
    Rank rank;
    size_t order;  // first come, first served within a rank
    WaitingDevice device;
    bool operator<(const Job& other) const {  // the greatest is taken first
        return rank != other.rank ? rank > other.rank : order > other.order;
    }
};

// Shared by the call, the workers and whoever goes on in the background: each may be the last.
struct Work {
    explicit Work(MakeLoad make) : make_load(std::move(make)) {}
    const MakeLoad make_load;
    std::mutex mutex;
    std::condition_variable wanted;
    std::priority_queue<Job> queue;
    std::set<std::string> asked;  // modaliases seen so far
    std::set<std::string> loaded;
    unsigned workers = 0, idle = 0;
    bool over = false;
    Coldplug result;               // since it was last taken
    std::optional<KernelLog> log;  // none where it may not be read
    UniqueFd done;                 // eventfd: a driver came up
};

// What goes on in the background, for coldplug_since().
struct Background {
    std::mutex mutex;
    std::vector<std::shared_ptr<Work>> works;
};
Background& background() {
    static auto* all = new Background;  // threads may outlive main()
    return *all;
}

std::string reason(int error) {
    return error == EPERM ? "blacklisted or not permitted" : std::string(std::strerror(error));
}

// A driver that finds nothing to do, or comes second to another, is no failure.
bool worth_telling(int error) { return error != ENODEV && error != ENXIO && error != EEXIST; }

void record(Work& work, const Job& job, const std::vector<ModuleLoader::Attempt>& attempts) {
    const WaitingDevice& device = job.device;
    if (attempts.empty() && lack_is_told(device.modalias))
        work.result.missing.push_back(device_name(device.modalias, device.device) + ": no driver in this image");
    for (const auto& attempt : attempts) {
        if (attempt.error != 0 && worth_telling(attempt.error))
            work.result.failed.push_back(
                fmt::format("{} for {}: {}", attempt.module, device.device, reason(attempt.error)));
        if (attempt.error == 0 && !attempt.already && work.loaded.insert(attempt.module).second)
            work.result.loaded.push_back({attempt.module, device.device});
    }
}

// Under the lock.
Coldplug take_result(Work& work) {
    if (work.log)
        for (const MissingFirmware& missing : work.log->missing_firmware())
            work.result.firmware.push_back(to_string(missing));
    return std::exchange(work.result, {});
}

void work_off(const std::shared_ptr<Work>& work) {
    auto load = work->make_load();
    std::unique_lock lock(work->mutex);
    for (;;) {
        ++work->idle;
        work->wanted.wait(lock, [&] { return work->over || !work->queue.empty(); });
        --work->idle;
        if (work->queue.empty()) return;  // over: but what was asked for is loaded first
        const Job job = work->queue.top();
        work->queue.pop();
        lock.unlock();
        std::vector<ModuleLoader::Attempt> attempts;
        if (load) attempts = (*load)(job.device.modalias);
        lock.lock();
        if (load)
            record(*work, job, attempts);
        else
            work->result.failed.push_back(load.error().what);
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

// Loads what the boot did not wait for: watchdogs and BMCs above all. Its end leaves the workers nothing to wait for.
void go_on(const std::shared_ptr<Work>& work, const Sysroot& root, Uevents events) {
    const auto never = [] { return false; };
    Result<> followed = add_waiting(work, root);
    if (followed) followed = follow_events(work, root, events, never, Deadline::after(background_limit));
    const std::lock_guard lock(work->mutex);
    if (!followed) work->result.failed.push_back(followed.error().what);
    work->over = true;
    work->wanted.notify_all();
}

void continue_in_background(const std::shared_ptr<Work>& work, Sysroot root, Uevents events) {
    {
        const std::lock_guard lock(background().mutex);
        background().works.push_back(work);
    }
    std::thread([work, root = std::move(root), events = std::move(events)]() mutable {
        go_on(work, root, std::move(events));
    }).detach();
}

Result<LoadModules> libkmod_load() {
    auto loader = std::make_shared<ModuleLoader>(TRY(ModuleLoader::create()));
    return LoadModules([loader](const std::string& modalias) { return loader->load(modalias); });
}

void append(std::vector<std::string>& to, std::vector<std::string>& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
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

Result<Coldplug> run_coldplug(Sysroot root, const MakeLoad& make_load, const std::function<bool()>& satisfied,
                              Deadline deadline) {
    Uevents events = TRY(Uevents::listen());  // first listen, then look: nothing slips through between
    auto work = std::make_shared<Work>(make_load);
    work->done.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!work->done.valid()) return fail_errno(errno, "making an event descriptor");
    if (auto log = KernelLog::from_now()) work->log = std::move(*log);

    if (!satisfied()) {
        Result<> followed = add_waiting(work, root);
        if (followed) followed = follow_events(work, root, events, satisfied, deadline);
        if (!followed) {
            const std::lock_guard lock(work->mutex);
            work->over = true;
            work->wanted.notify_all();
            return Failure(followed.error());
        }
    }
    Coldplug result;
    {
        const std::lock_guard lock(work->mutex);
        result = take_result(*work);
    }
    continue_in_background(work, std::move(root), std::move(events));
    return result;
}

Result<Coldplug> coldplug(const std::function<bool()>& satisfied, Deadline deadline) {
    return run_coldplug(TRY(Sysroot::open("/")), libkmod_load, satisfied, deadline);
}

Coldplug coldplug_since() {
    Coldplug since;
    const std::lock_guard lock(background().mutex);
    for (const auto& work : background().works) {
        const std::lock_guard of_work(work->mutex);
        Coldplug taken = take_result(*work);
        since.loaded.insert(since.loaded.end(), taken.loaded.begin(), taken.loaded.end());
        append(since.missing, taken.missing);
        append(since.failed, taken.failed);
        append(since.firmware, taken.firmware);
    }
    return since;
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
