// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/iscsi_store.h"

#include "config/values.h"
#include "rootfs/gpt.h"
#include "rootfs/install.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <algorithm>
#include <csignal>
#include <ctime>
#include <functional>
#include <optional>
#include <vector>

// In this order: the second needs the first.
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

namespace pando::initrd {
namespace {

constexpr Milliseconds connect_limit{5000};  // a portal that answers at all does so at once
constexpr Milliseconds login_limit{10000};
constexpr Milliseconds logout_limit{500};
constexpr Milliseconds pause{1000};         // after a round in which every portal said no at once
constexpr Milliseconds busy_pause{100};     // a target that asks for patience
constexpr Milliseconds service_every{500};  // libiscsi wants to be called now and then
constexpr int attentions = 16;              // "something has changed", before a command is done
constexpr size_t chunk = 256U << 10U;       // bytes in one command: less than any target's limit

// libiscsi writes to its socket without care for a peer that has gone.
class NoPipeSignal {
public:
    NoPipeSignal() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    NoPipeSignal(const NoPipeSignal&) = delete;
    NoPipeSignal& operator=(const NoPipeSignal&) = delete;
    ~NoPipeSignal() {
        const timespec now{};
        if (!was_pending_)
            while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) continue;
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    sigset_t pipe_{}, before_{};
    bool was_pending_ = false;
};

// How far a login came: what a person has to look at.
enum class Reached { nothing, portal, target, lun };

// An answer that libiscsi's callback leaves here. It outlives the request: whoever waits in vain ends the session,
// and that calls back what is still open.
struct Answer {
    bool there = false;
    int status = SCSI_STATUS_ERROR;
};

void on_answer(iscsi_context*, int status, void*, void* answer) {
    auto* to = static_cast<Answer*>(answer);
    // The one of connecting comes a second time when the connection ends.
    if (std::exchange(to->there, true)) return;
    to->status = status;
}

struct FreeTask {
    void operator()(scsi_task* task) const { scsi_free_scsi_task(task); }
};
using Task = std::unique_ptr<scsi_task, FreeTask>;

// One login at one portal. Any failure to talk ends it for good: it is made anew.
class Session {
public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() {
        const NoPipeSignal no_signal;
        // A target keeps what is not logged out until it notices.
        Answer answer;
        if (context_ != nullptr && iscsi_is_logged_in(context_) != 0 &&
            iscsi_logout_async(context_, on_answer, &answer) == 0)
            (void)wait(answer, Deadline::after(logout_limit));
        end();
    }

    Result<> log_in(const config::Iscsi& iscsi, const config::Portal& portal, const std::string& initiator,
                    Deadline deadline) {
        const NoPipeSignal no_signal;
        reached = Reached::nothing;
        context_ = iscsi_create_context(initiator.c_str());
        if (context_ == nullptr) return fail("libiscsi takes no initiator name \"{}\"", initiator);
        iscsi_set_noautoreconnect(context_, 1);  // we do that, within our bound
        iscsi_set_session_type(context_, ISCSI_SESSION_NORMAL);
        if (iscsi_set_targetname(context_, iscsi.target.c_str()) != 0) return broken("target name");
        if (iscsi_connect_async(context_, portal.text().c_str(), on_answer, &connected_) != 0)
            return broken("out of reach");
        fcntl(iscsi_get_fd(context_), F_SETFD, FD_CLOEXEC);
        if (!wait(connected_, deadline.capped(connect_limit))) return broken("out of reach");
        if (connected_.status != SCSI_STATUS_GOOD) return broken("out of reach");
        reached = Reached::portal;
        Answer answer;
        if (iscsi_login_async(context_, on_answer, &answer) != 0) return broken("the login failed");
        if (!wait(answer, deadline.capped(login_limit))) return broken("no answer to the login in time");
        if (answer.status != SCSI_STATUS_GOOD) return broken(refusal());
        reached = Reached::target;
        return {};
    }

    using Request = std::function<scsi_task*(iscsi_context*, Answer*)>;

    // The command's task once it was done well. An error with `sense` when the LUN refused it; after any other the
    // session is no longer alive().
    Result<Task> command(std::string_view what, const Request& request, Deadline deadline) {
        const NoPipeSignal no_signal;
        for (int attention = 0;;) {
            if (context_ == nullptr) return fail("{}: no session", what);
            Answer answer;
            Task task(request(context_, &answer));
            if (task == nullptr) return broken(what);
            if (!wait(answer, deadline)) return broken(what);  // libiscsi lets go of the task, then it is freed
            if (answer.status == SCSI_STATUS_GOOD) return task;
            const bool again = answer.status == SCSI_STATUS_BUSY || answer.status == SCSI_STATUS_TASK_SET_FULL;
            if (again && !deadline.passed()) {
                (void)poll(nullptr, 0, deadline.capped(busy_pause).poll_timeout());
                continue;
            }
            if (answer.status == SCSI_STATUS_CHECK_CONDITION) {
                if (task->sense.key == SCSI_SENSE_UNIT_ATTENTION && ++attention < attentions) continue;
                sense = task->sense;
                return fail("{}: {}", what, iscsi_get_error(context_));
            }
            return broken(what);
        }
    }

    bool alive() const { return context_ != nullptr; }

    Reached reached = Reached::nothing;
    scsi_sense sense{};  // of the last command that the LUN refused

private:
    // False: no answer by the deadline, or the connection broke.
    bool wait(Answer& answer, Deadline deadline) {
        while (!answer.there) {
            if (deadline.passed()) return false;
            // No events asked for: libiscsi waits for something of its own.
            pollfd event{iscsi_get_fd(context_), static_cast<short>(iscsi_which_events(context_)), 0};
            const int limit = deadline.capped(event.events == 0 ? busy_pause : service_every).poll_timeout();
            if (poll(&event, 1, limit) < 0 && errno != EINTR) return false;
            if (iscsi_service(context_, event.revents) != 0) return answer.there;
        }
        return true;
    }

    Failure broken(std::string_view what) {
        const char* said = context_ != nullptr ? iscsi_get_error(context_) : nullptr;
        std::string why = said != nullptr ? said : "";
        while (!why.empty() && (why.back() == '\n' || why.back() == ' ')) why.pop_back();
        end();
        return fail("{}{}{}", what, why.empty() ? ": no answer" : ": ", why);
    }

    // libiscsi hands on the target's own status as text only.
    std::string_view refusal() const {
        const std::string_view said = iscsi_get_error(context_);
        if (said.find("(515)") != std::string_view::npos || said.find("(514)") != std::string_view::npos)
            return "the target refused the login: unknown target name, or this initiator is not allowed";
        if (said.find("(513)") != std::string_view::npos) return "the target refused the login: authentication";
        return "the login failed";
    }

    void end() {
        if (context_ != nullptr) iscsi_destroy_context(context_);
        context_ = nullptr;
    }

    iscsi_context* context_ = nullptr;
    Answer connected_;
};

struct Attempt {
    std::string portal;
    Error error;
    Reached reached;
};

Failure all_failed(const config::Iscsi& iscsi, const std::string& initiator, const std::vector<Attempt>& attempts) {
    std::string text;
    Reached reached = Reached::nothing;
    for (const Attempt& attempt : attempts) {
        text += fmt::format("{}portal {}: {}", text.empty() ? "" : "; ", attempt.portal, attempt.error.what);
        reached = std::max(reached, attempt.reached);
    }
    auto failure = fail("no LUN {} of {}: {}", iscsi.lun, iscsi.target, text);
    failure.kind(ErrorKind::timeout);
    switch (reached) {
        case Reached::nothing:
            return failure.advise(
                "no portal answers: is the storage up, is the list of portals right, and does this machine's address "
                "lie in the storage's network?");
        case Reached::portal:
            return failure.advise(
                fmt::format("the portal answers: does it export this target, and to initiator {}?", initiator));
        case Reached::target:
        case Reached::lun:
            break;
    }
    return failure.advise(
        fmt::format("the target lets {} in: does it have LUN {}, and for this initiator?", initiator, iscsi.lun));
}

class IscsiStore : public Store {
public:
    IscsiStore(config::Iscsi iscsi, std::string initiator, Milliseconds call_limit)
        : iscsi_(std::move(iscsi)), initiator_(std::move(initiator)), call_limit_(call_limit) {}

    // Makes a session at the first portal that gives one.
    Result<> connect(Deadline deadline) {
        std::vector<config::Portal> portals;
        for (const std::string& text : iscsi_.portals) portals.push_back(TRY(config::parse_portal(text)));
        if (portals.empty()) return bad_input("iSCSI target {}: no portal", iscsi_.target);
        for (;;) {
            std::vector<Attempt> attempts;
            for (size_t i = 0; i < portals.size(); ++i) {
                const Result<> done = connect_at(portals[i], deadline);
                if (done) return {};
                attempts.push_back({iscsi_.portals[i], done.error(), session_->reached});
                session_.reset();
            }
            if (deadline.capped(pause).remaining() < pause) return all_failed(iscsi_, initiator_, attempts);
            (void)poll(nullptr, 0, static_cast<int>(pause.count()));
        }
    }

    Result<std::string> read(uint64_t offset, size_t size) override {
        TRY(check_range(offset, size));
        return in_session<std::string>([&](Deadline deadline) { return read_now(offset, size, deadline); });
    }
    Result<> write(uint64_t offset, std::string_view bytes) override {
        TRY(check_range(offset, bytes.size()));
        return in_session<void>([&](Deadline deadline) { return write_now(offset, bytes, deadline); });
    }
    uint64_t size() const override { return size_; }
    std::string name() const override { return fmt::format("LUN {} of {} at {}", iscsi_.lun, iscsi_.target, portal_); }

private:
    int lun() const { return static_cast<int>(iscsi_.lun); }

    Result<> connect_at(const config::Portal& portal, Deadline deadline) {
        session_.emplace();
        portal_ = portal.text();
        TRY(session_->log_in(iscsi_, portal, initiator_, deadline));
        return read_capacity(deadline.capped(login_limit));
    }

    Result<> read_capacity(Deadline deadline) {
        const auto task = session_->command(
            fmt::format("LUN {}", iscsi_.lun),
            [&](iscsi_context* context, Answer* answer) {
                return iscsi_readcapacity16_task(context, lun(), on_answer, answer);
            },
            deadline);
        if (!task) {
            const bool none = session_->sense.ascq == SCSI_SENSE_ASCQ_LOGICAL_UNIT_NOT_SUPPORTED;
            if (none) return fail("the target has no LUN {}", iscsi_.lun);
            return Failure(task.error());
        }
        const auto* capacity = static_cast<scsi_readcapacity16*>(scsi_datain_unmarshall(task->get()));
        if (capacity == nullptr) return fail("LUN {} tells no size", iscsi_.lun);
        const uint64_t length = capacity->block_length;
        if (length < 512 || length > block || block % length != 0)
            return fail("LUN {} has blocks of {} bytes", iscsi_.lun, length);
        const uint64_t blocks = capacity->returned_lba;  // of the last one
        if (blocks >= UINT64_MAX / length - 1) return fail("LUN {} says it has no end", iscsi_.lun);
        const uint64_t size = (blocks + 1) * length;
        // What was there before must be there after a new login; another disk must not be written to.
        if (size_ != 0 && size != size_)
            return fail("LUN {} has {} bytes now, {} before: it is another one", iscsi_.lun, size, size_);
        size_ = size;
        sector_ = length;
        session_->reached = Reached::lun;
        return {};
    }

    Result<std::string> read_now(uint64_t offset, size_t size, Deadline deadline) {
        std::string bytes;
        while (bytes.size() < size) {
            const uint64_t at = offset + bytes.size();
            const auto length = static_cast<uint32_t>(std::min(chunk, size - bytes.size()));
            const Task task = TRY(session_->command(
                fmt::format("reading {} at {}", name(), at),
                [&](iscsi_context* context, Answer* answer) {
                    return iscsi_read16_task(context, lun(), at / sector_, length, static_cast<int>(sector_), 0, 0, 0,
                                             0, 0, on_answer, answer);
                },
                deadline));
            if (task->datain.data == nullptr || task->datain.size != static_cast<int>(length))
                return fail("reading {} at {}: {} of {} bytes came", name(), at, task->datain.size, length);
            bytes.append(reinterpret_cast<const char*>(task->datain.data), length);
        }
        return bytes;
    }

    Result<> write_now(uint64_t offset, std::string_view bytes, Deadline deadline) {
        for (size_t done = 0; done < bytes.size();) {
            const uint64_t at = offset + done;
            std::string part(bytes.substr(done, chunk));  // libiscsi takes no constant
            (void)TRY(session_->command(
                fmt::format("writing {} at {}", name(), at),
                [&](iscsi_context* context, Answer* answer) {
                    return iscsi_write16_task(context, lun(), at / sector_,
                                              reinterpret_cast<unsigned char*>(part.data()),
                                              static_cast<uint32_t>(part.size()), static_cast<int>(sector_), 0, 0, 0, 0,
                                              0, on_answer, answer);
                },
                deadline));
            done += part.size();
        }
        return flush(offset, bytes.size(), deadline);
    }

    Result<> flush(uint64_t offset, uint64_t size, Deadline deadline) {
        const auto flushed = session_->command(
            fmt::format("flushing {}", name()),
            [&](iscsi_context* context, Answer* answer) {
                return iscsi_synchronizecache16_task(context, lun(), offset / sector_,
                                                     static_cast<uint32_t>(size / sector_), 0, 0, on_answer, answer);
            },
            deadline);
        if (flushed) return {};
        // A LUN that does not know the command has no cache that could lose anything.
        const bool unknown = session_->alive() && session_->sense.key == SCSI_SENSE_ILLEGAL_REQUEST &&
                             session_->sense.ascq == SCSI_SENSE_ASCQ_INVALID_OPERATION_CODE;
        if (unknown) return {};
        return Failure(flushed.error());
    }

    // Reads and writes may be repeated: whatever of them was done before the session broke, is done once more.
    template <typename T, typename Work>
    Result<T> in_session(Work work) {
        const Deadline deadline = Deadline::after(call_limit_);
        const bool fresh = !session_ || !session_->alive();
        if (fresh) TRY(connect(deadline));
        Result<T> done = work(deadline);
        if (done || session_->alive() || fresh || deadline.passed()) return done;
        TRY(connect(deadline));
        return work(deadline);
    }

    config::Iscsi iscsi_;
    std::string initiator_;
    Milliseconds call_limit_;
    std::optional<Session> session_;
    std::string portal_;
    uint64_t size_ = 0;
    uint64_t sector_ = 512;  // bytes
};

}  // namespace

Result<std::unique_ptr<Store>> open_iscsi_lun(const config::Iscsi& iscsi, const std::string& initiator,
                                              Deadline deadline, Milliseconds call_limit) {
    auto store = std::make_unique<IscsiStore>(iscsi, initiator, call_limit);
    TRY(store->connect(deadline));
    return std::unique_ptr<Store>(std::move(store));
}

Result<std::unique_ptr<Store>> open_iscsi_store(const config::Iscsi& iscsi, const std::string& initiator,
                                                Deadline deadline, Milliseconds call_limit) {
    return rootfs::open_partition(TRY(open_iscsi_lun(iscsi, initiator, deadline, call_limit)),
                                  rootfs::partition_bundle);
}

}  // namespace pando::initrd
