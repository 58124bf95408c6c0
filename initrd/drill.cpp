// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/drill.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/procfs.h"
#include "chroot-builder/agents.h"
#include "fencing/answer.h"
#include "initrd/device_map.h"
#include "initrd/drill_plan.h"
#include "initrd/drill_report.h"
#include "initrd/probe.h"
#include "initrd/quorum.h"
#include "initrd/releaser.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr Milliseconds suspend_patience = seconds(5);  // for what is under way below the map
constexpr Milliseconds quorum_patience = Milliseconds(1500);
constexpr Milliseconds quorum_pause = seconds(1);           // between two looks at quorum
constexpr Milliseconds late_quorum = seconds(2);            // an answer still missing so long is a missing one
constexpr Milliseconds releaser_grace = seconds(2);         // past its time: then we release
constexpr Milliseconds latest_return = seconds(30);         // of what waited, once the root is back
constexpr Milliseconds before_the_end = Milliseconds(500);  // by then an agent must have answered

// What programs say may go on for lines, which a table has not.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

double in_seconds(Milliseconds span) { return static_cast<double>(span.count()) / 1000; }

// --- what is asked, each in a process of its own --------------------------------------------------------------------

// Past the page cache, so it must reach the map.
Result<std::string> read_directly(const fs::path& device) {
    constexpr size_t block = 4096;
    alignas(block) static std::array<char, block> buffer;
    const UniqueFd fd(open(device.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "opening {}", device.string());
    if (read(fd.get(), buffer.data(), buffer.size()) != static_cast<ssize_t>(block))
        return fail_errno(errno, "reading {}", device.string());
    return std::string("read");
}

// "yes 1 2 3": what corosync says now. It asks callers to come again while a membership forms.
Result<std::string> ask_quorum() {
    const Deadline deadline = Deadline::after(quorum_patience);
    auto quorum = read_quorum();
    while (!quorum && !deadline.passed()) {
        poll(nullptr, 0, deadline.capped(Milliseconds(200)).poll_timeout());
        quorum = read_quorum();
    }
    if (!quorum) return Failure(quorum.error());
    std::sort(quorum->members.begin(), quorum->members.end());
    return fmt::format("{}{}", quorum->quorate ? "yes" : "NO",
                       quorum->members.empty() ? "" : fmt::format(" {}", fmt::join(quorum->members, " ")));
}

Result<std::string> ask_status(Deadline deadline) {
    const Finished done = TRY(run({.argv = {"/usr/sbin/pando-survival", "status", "--json"}, .deadline = deadline}));
    const auto state = nlohmann::json::parse(done.out, nullptr, false);
    if (!state.is_object()) return fail("pando-survival status ended with status {}: {}", done.status, done.err);
    if (!state.value("/root/suspended"_json_pointer, false)) return fail("it does not know that the root is suspended");
    if (!done.ok()) return fail("this node is not healthy: {}", state.value("faults", nlohmann::json()).dump());
    return fmt::format("suspended by a drill, {} s left", state.value("/root/drill_seconds_left"_json_pointer, 0));
}

Result<std::string> ask_device(const DrillPlan::Device& device, Deadline deadline) {
    const auto agent = chroot::find_agent(TRY(Sysroot::open("/")), device.agent);
    if (!agent) return fail("{} is not in the chroot", device.agent);
    return fencing::power_state(device.agent,
                                run({.argv = {agent->string()}, .input = device.input, .deadline = deadline}));
}

Result<std::string> ask_dlm(Deadline deadline) {
    const Finished done = TRY(run_ok({.argv = {"/usr/sbin/dlm_tool", "status"}, .deadline = deadline}));
    if (done.out.find("cluster nodeid") == std::string::npos) return fail("dlm_tool status says: {}", done.out);
    return std::string("answers");
}

// --- the terminal ---------------------------------------------------------------------------------------------------

// A line as it happens; dropped where it would have to wait, for nothing may hold a drill up.
void tell(const std::string& line) {
    pollfd out{STDOUT_FILENO, POLLOUT, 0};
    if (poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) return;
    (void)!write(STDOUT_FILENO, line.data(), line.size());
}

// --- the drill ------------------------------------------------------------------------------------------------------

class Drill {
public:
    Drill(DrillPlan plan, Hold hold, fs::path device)
        : plan_(std::move(plan)),
          hold_(std::move(hold)),
          device_(std::move(device)),
          commands_(plan_.witness_commands),
          answers_(plan_.witness_answers) {}

    Result<DrillReport> run() {
        TRY(settle());
        releaser_ = TRY(Releaser::start(hold_, seconds(plan_.seconds)));
        TRY(write_file_atomic(drill_file, running_drill(plan_.node, since_boot() + seconds(plan_.seconds))));
        TRY(releaser_->arm());
        TRY(suspend());
        ask_everything();
        watch_until_released();
        make_sure_it_is_released();
        wait_for_what_waited();
        end_probes();
        DrillReport report = this->report();
        TRY(write_file_atomic(drill_file, to_json(report)));
        return report;
    }

private:
    struct Asked {
        std::string what;
        Probe probe;
    };
    // A write of the witness on the root.
    struct Write {
        Milliseconds begun{0};
        std::optional<Milliseconds> ended;
        int result = 0;
    };

    Result<> settle() {
        for (const int fd : {commands_.get(), answers_.get()})
            if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return fail_errno(errno, "the witness's pipes");
        if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) return fail_errno(errno, "keeping the drill in memory");
        signal(SIGPIPE, SIG_IGN);
        sigset_t ends;
        sigemptyset(&ends);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) sigaddset(&ends, signal);
        sigprocmask(SIG_BLOCK, &ends, nullptr);
        signals_.reset(signalfd(-1, &ends, SFD_CLOEXEC));
        if (!signals_.valid()) return fail_errno(errno, "signalfd");
        return {};
    }

    // An alarm ends the call when the storage below does not come to rest.
    Result<> suspend() {
        struct sigaction interrupt {};
        interrupt.sa_handler = [](int) {};
        sigaction(SIGALRM, &interrupt, nullptr);
        const itimerval limit = {.it_interval = {.tv_sec = 1, .tv_usec = 0},  // again, should it come too early
                                 .it_value = {.tv_sec = suspend_patience.count() / 1000, .tv_usec = 0}};
        setitimer(ITIMER_REAL, &limit, nullptr);
        begun_ = since_boot();
        const auto suspended = hold_.suspend();
        const itimerval none{};
        setitimer(ITIMER_REAL, &none, nullptr);
        if (!suspended) {
            (void)release_surely(hold_);
            Error error = suspended.error();
            if (error.sys == EINTR) error.advice = "the storage did not come to rest in time: does it answer at all?";
            return Failure(error);
        }
        say(fmt::format("the root ({}) is suspended, for {} s", plan_.map, plan_.seconds));
        return {};
    }

    Deadline answer_by() const {
        return Deadline::after(begun_ + seconds(plan_.seconds) - before_the_end - since_boot());
    }

    void ask(const std::string& what, const std::function<Result<std::string>()>& question) {
        auto probe = Probe::start(question);
        asked_.push_back({what, probe ? std::move(*probe) : Probe::failed(probe.error())});
    }

    void ask_everything() {
        const Deadline deadline = answer_by();
        ask(reader_name, [this] { return read_directly(device_); });
        frozen_write_ = begin_write();
        ask(quorum_name, ask_quorum);
        for (const auto& device : plan_.devices)
            ask(fmt::format("fence device {} of {}", device.name, device.node),
                [&] { return ask_device(device, deadline); });
        ask(status_name, [&] { return ask_status(deadline); });
        ask(dlm_name, [&] { return ask_dlm(deadline); });
    }

    Write begin_write() const {
        (void)!::write(commands_.get(), "w", 1);
        return {.begun = since_boot()};
    }

    // One round of waiting for whatever comes. False: nothing came until the deadline.
    bool wait_for_events(Deadline deadline) {
        std::vector<pollfd> fds = {
            {signals_.get(), POLLIN, 0}, {releaser_->fd(), POLLIN, 0}, {answers_.get(), POLLIN, 0}};
        const size_t first_probe = fds.size();
        const size_t count = asked_.size();
        for (const auto& asked : asked_) fds.push_back({asked.probe.fd(), POLLIN, 0});
        if (poll(fds.data(), fds.size(), deadline.poll_timeout()) <= 0) return false;
        if (fds[0].revents != 0) take_signal();
        if (fds[1].revents != 0) take_release();
        if (fds[2].revents != 0) take_written();
        for (size_t i = 0; i < count; ++i)
            if (fds[first_probe + i].revents != 0) take_answer(asked_[i]);
        return true;
    }

    void take_signal() {
        signalfd_siginfo info{};
        if (read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return;
        if (!cut_short_.empty() || released_) return;
        cut_short_ = strsignal(static_cast<int>(info.ssi_signo));
        say("signal: " + cut_short_);
        releaser_->release();
    }

    void take_release() {
        const auto report = releaser_->take_report();
        if (released_) return;
        if (report) {
            released_ = Milliseconds(report->at);
            released_by_ = fmt::format("by its own process, as {}", to_string(report->why));
            in_time_ = report->released && report->why == Release::Why::time_over;
        } else {
            released_ = since_boot();
            (void)release_surely(hold_);
            released_by_ = "by the drill itself: the process that should do it was killed";
        }
        say("released " + released_by_);
    }

    void take_written() {
        int result = 0;
        if (read(answers_.get(), &result, sizeof result) != static_cast<ssize_t>(sizeof result)) {
            result = EPIPE;  // the witness died
            answers_.reset();
        }
        Write& write = frozen_write_.ended ? later_write_ : frozen_write_;
        write.ended = since_boot();
        write.result = result;
    }

    void take_answer(Asked& asked) {
        asked.probe.take();
        const auto& answer = *asked.probe.answer();
        if (asked.what != quorum_name || !answer || !answer->starts_with("yes"))
            say(fmt::format("{}: {}", asked.what, first_line(answer ? *answer : answer.error().what)));
    }

    void say(const std::string& what) const {
        if (!plan_.json) tell(fmt::format("{:6.1f} s  {}\n", in_seconds(since_boot() - begun_), what));
    }

    void watch_until_released() {
        const Deadline too_late = Deadline::after(begun_ + seconds(plan_.seconds) + releaser_grace - since_boot());
        while (!released_) {
            if (too_late.passed()) {
                released_ = since_boot();
                (void)release_surely(hold_);
                released_by_ = "by the drill itself: the process that should do it was late";
                return;
            }
            const auto& last = *std::find_if(asked_.rbegin(), asked_.rend(),
                                             [](const Asked& asked) { return asked.what == quorum_name; });
            const bool answered = last.probe.answer().has_value();
            const Milliseconds next = last.probe.begun() + quorum_pause - since_boot();
            if (answered && next.count() <= 0) {
                ask(quorum_name, ask_quorum);
                continue;
            }
            wait_for_events(answered ? too_late.capped(next) : too_late);
        }
    }

    void make_sure_it_is_released() {
        const auto suspended = hold_.suspended();
        verified_ = suspended && !*suspended;
    }

    const Probe& reader() const {
        return std::find_if(asked_.begin(), asked_.end(), [](const Asked& asked) { return asked.what == reader_name; })
            ->probe;
    }

    // The read and the write come back; then one more write, which nothing holds.
    void wait_for_what_waited() {
        const Deadline deadline = Deadline::after(latest_return);
        while (!(reader().answer() && frozen_write_.ended) && !deadline.passed()) wait_for_events(deadline);
        if (!frozen_write_.ended) return;
        later_write_ = begin_write();
        while (!later_write_.ended && !deadline.passed()) wait_for_events(deadline);
    }

    void end_probes() {
        for (auto& asked : asked_) asked.probe.end();
    }

    // --- the verdicts

    double at(Milliseconds when) const { return in_seconds(when - begun_); }

    // Begun in the window, and not over before the release.
    DrillRow waited(const std::string& what, Milliseconds begun, std::optional<Milliseconds> ended,
                    const std::string& error) const {
        DrillRow row{what, false, at(begun), 0, {}};
        if (!ended) {
            row.took = in_seconds(since_boot() - begun);
            row.says = "it has not come back since the release";
            return row;
        }
        row.took = in_seconds(*ended - begun);
        if (!error.empty())
            row.says = error;
        else if (*ended < *released_)
            row.says = "it came back before the release: the root was not frozen";
        else
            row.says = fmt::format("waited, and came back {:.1f} s after the release", in_seconds(*ended - *released_));
        row.held = error.empty() && *ended >= *released_;
        return row;
    }

    static std::string written(const Write& write) { return write.result == 0 ? "" : strerror(write.result); }

    DrillRow read_row() const {
        const Probe& probe = reader();
        const auto& answer = probe.answer();
        return waited(reader_name, probe.begun(), answer ? std::optional(probe.ended()) : std::nullopt,
                      answer && !*answer ? answer->error().what : "");
    }

    DrillRow answered(const Asked& asked) const {
        const auto& answer = asked.probe.answer();
        DrillRow row{asked.what, false, at(asked.probe.begun()), in_seconds(*released_ - asked.probe.begun()), {}};
        if (!answer || asked.probe.ended() > *released_) {
            row.says = "no answer before the release";
            return row;
        }
        row.took = in_seconds(asked.probe.ended() - asked.probe.begun());
        row.held = answer->has_value();
        row.says = first_line(*answer ? **answer : answer->error().what);
        return row;
    }

    void add_quorum(std::vector<DrillRow>& rows) const {
        const std::string before = fmt::format("{}", fmt::join(plan_.members, " "));
        size_t times = 0;
        double longest = 0;
        std::string not_quorate;
        std::string others;
        for (const auto& asked : asked_) {
            if (asked.what != quorum_name) continue;
            const DrillRow row = answered(asked);
            // The last one may have been cut off by the release itself.
            const bool in_time = asked.probe.answer() && asked.probe.ended() <= *released_;
            if (!in_time && *released_ - asked.probe.begun() < late_quorum) continue;
            ++times;
            longest = std::max(longest, row.took);
            if (!row.held || !row.says.starts_with("yes"))
                not_quorate = fmt::format("{:.1f} s: {}", row.begun, row.says);
            if (row.held && row.says.substr(row.says.find(' ') + 1) != before) others = row.says;
        }
        const std::string times_text = fmt::format("asked {} times, at most {:.1f} s for an answer", times, longest);
        rows.push_back({quorum_name, times > 0 && not_quorate.empty(), 0, in_seconds(*released_ - begun_),
                        not_quorate.empty() ? "yes each time; " + times_text : not_quorate});
        rows.push_back({"the same members", times > 0 && others.empty(), 0, in_seconds(*released_ - begun_),
                        others.empty() ? before : fmt::format("{} before; then {}", before, others)});
    }

    DrillRow release_row() const {
        DrillRow row{"release", in_time_ && verified_ && cut_short_.empty(), at(*released_), 0, released_by_};
        if (!cut_short_.empty()) row.says += "; cut short: " + cut_short_;
        row.says += verified_ ? "; the map is active again" : "; THE MAP IS STILL SUSPENDED: pando-survival release";
        return row;
    }

    DrillReport report() const {
        DrillReport report{plan_.node, plan_.map, plan_.seconds, in_seconds(begun_), in_seconds(*released_ - begun_),
                           {}};
        report.rows.push_back(read_row());
        report.rows.push_back(
            waited("a write on the root", frozen_write_.begun, frozen_write_.ended, written(frozen_write_)));
        add_quorum(report.rows);
        for (const auto& asked : asked_)
            if (asked.what != reader_name && asked.what != quorum_name) report.rows.push_back(answered(asked));
        report.rows.push_back(release_row());
        const bool ended = later_write_.ended.has_value();
        report.rows.push_back({"the root is writable", ended && later_write_.result == 0, at(later_write_.begun),
                               ended ? in_seconds(*later_write_.ended - later_write_.begun) : 0,
                               !ended ? "not tried, or not over yet"
                                      : (later_write_.result == 0 ? "written and flushed" : written(later_write_))});
        return report;
    }

    static constexpr const char* reader_name = "a direct read of the root";
    static constexpr const char* quorum_name = "quorum";
    static constexpr const char* status_name = "pando-survival status";
    static constexpr const char* dlm_name = "dlm_controld";

    DrillPlan plan_;
    Hold hold_;
    fs::path device_;
    UniqueFd commands_, answers_, signals_;
    std::optional<Releaser> releaser_;
    std::vector<Asked> asked_;
    Write frozen_write_, later_write_;
    Milliseconds begun_{0};
    std::optional<Milliseconds> released_;
    std::string released_by_, cut_short_;
    bool in_time_ = false, verified_ = false;
};

Result<std::string> read_standard_input() {
    constexpr size_t limit = 1U << 20U;
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t n = read(STDIN_FILENO, buffer.data(), buffer.size());
        if (n < 0) return fail_errno(errno, "reading the plan");
        if (n == 0) return text;
        text.append(buffer.data(), static_cast<size_t>(n));
        if (text.size() > limit) return bad_input("this is no plan of a drill: it is too long");
    }
}

Result<DeviceMap> open_map(const std::string& name) {
    auto map = TRY(DeviceMap::find(name));
    if (!map) return fail("there is no device-mapper map {}", name);
    return std::move(*map);
}

Result<FileLock> only_one() {
    auto lock = FileLock::take(drill_lock, Deadline::after(Milliseconds(0)));
    if (!lock) return bad_input("another drill runs on this node: {}", lock.error().what);
    return lock;
}

Result<bool> drill() {
    auto plan = TRY(DrillPlan::from_json(TRY(read_standard_input())));
    const auto lock = TRY(only_one());
    const DeviceMap map = TRY(open_map(plan.map));
    const Hold hold = {.suspend = [&map] { return map.suspend(); },
                       .resume = [&map] { return map.resume(); },
                       .suspended = [&map] { return map.suspended(); }};
    const bool as_json = plan.json;
    const auto report = TRY(Drill(std::move(plan), hold, map.node()).run());
    fmt::print("{}", as_json ? to_json(report) : to_text(report));
    return report.held();
}

int told(const Error& error) {
    log::write(error);
    return error.kind == ErrorKind::bad_input ? 2 : 1;
}

Result<std::string> release_root() {
    const auto root = mount_at(TRY(mounts_of(1)), "/");
    const auto name = root ? map_on(root->device) : std::nullopt;
    if (!name) return fail("the root of this system is on no device-mapper map");
    const DeviceMap map = TRY(open_map(*name));
    if (!TRY(map.suspended())) return *name + " is not suspended";
    TRY(map.resume());
    if (TRY(map.suspended()))
        return fail("{} is still suspended", *name).advise("a drill that runs suspends it again?");
    return *name + " is active again";
}

}  // namespace

int drill_main() {
    const auto held = drill();
    if (!held) return told(held.error());
    return *held ? 0 : 1;
}

int release_main() {
    const auto released = release_root();
    if (!released) return told(released.error());
    fmt::print("{}\n", *released);
    return 0;
}

}  // namespace pando::initrd
