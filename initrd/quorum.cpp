// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/quorum.h"

#include <corosync/cfg.h>
#include <corosync/quorum.h>
#include <corosync/votequorum.h>
#include <poll.h>
#include <optional>

namespace pando::initrd {
namespace {

const char* shown(cs_error_t error) { return cs_strerror(error); }

// libquorum hands the callback nothing but its handle, so the membership goes through the handle's context.
void on_change(quorum_handle_t handle, uint32_t quorate, uint64_t, uint32_t count, uint32_t* list) {
    const void* context = nullptr;
    if (quorum_context_get(handle, &context) != CS_OK || context == nullptr) return;
    auto* state = static_cast<Quorum*>(const_cast<void*>(context));
    state->quorate = quorate != 0;
    state->members.assign(list, list + count);
}

class QuorumConnection {
public:
    QuorumConnection() = default;
    QuorumConnection(const QuorumConnection&) = delete;
    QuorumConnection& operator=(const QuorumConnection&) = delete;
    ~QuorumConnection() {
        if (open_) quorum_finalize(handle_);
    }

    Result<> open(Quorum* state) {
        quorum_callbacks_t callbacks{};
        callbacks.quorum_notify_fn = on_change;
        uint32_t type = 0;
        if (auto e = quorum_initialize(&handle_, &callbacks, &type); e != CS_OK)
            return fail("corosync does not answer: {}", shown(e))
                .advise("is @corosync running? pando status --here tells");
        open_ = true;
        if (type != QUORUM_SET) return fail("corosync has no quorum provider").advise("corosync.conf lacks votequorum");
        if (auto e = quorum_context_set(handle_, state); e != CS_OK) return fail("quorum context: {}", shown(e));
        if (auto e = quorum_trackstart(handle_, CS_TRACK_CHANGES | CS_TRACK_CURRENT); e != CS_OK)
            return fail("following quorum: {}", shown(e));
        if (auto e = quorum_fd_get(handle_, &fd_); e != CS_OK) return fail("following quorum: {}", shown(e));
        return {};
    }
    int fd() const { return fd_; }
    Result<> dispatch() {
        if (auto e = quorum_dispatch(handle_, CS_DISPATCH_ALL); e != CS_OK && e != CS_ERR_TRY_AGAIN)
            return fail("lost the connection to corosync: {}", shown(e));
        return {};
    }

private:
    quorum_handle_t handle_ = 0;
    int fd_ = -1;
    bool open_ = false;
};

// votequorum wants a node id, and 0 means its quorum device: so ask corosync who we are.
std::optional<unsigned> own_node_id() {
    corosync_cfg_handle_t handle = 0;
    corosync_cfg_callbacks_t none{};
    if (corosync_cfg_initialize(&handle, &none) != CS_OK) return std::nullopt;
    unsigned id = 0;
    const bool known = corosync_cfg_local_get(handle, &id) == CS_OK;
    corosync_cfg_finalize(handle);
    return known ? std::optional(id) : std::nullopt;
}

void add_votes(Quorum& state) {
    const auto self = own_node_id();
    votequorum_handle_t handle = 0;
    votequorum_callbacks_t none{};
    if (!self || votequorum_initialize(&handle, &none) != CS_OK) return;
    votequorum_info info{};
    if (votequorum_getinfo(handle, *self, &info) == CS_OK) {
        state.votes = info.total_votes;
        state.needed = info.quorum;
        state.expected = info.node_expected_votes;
    }
    votequorum_finalize(handle);
}

}  // namespace

Result<Quorum> read_quorum() { return wait_for_quorum(Deadline::after(Milliseconds(0)), nullptr); }

Result<Quorum> wait_for_quorum(Deadline deadline, const std::function<void(const Quorum&)>& changed) {
    Quorum state;
    QuorumConnection connection;
    TRY(connection.open(&state));
    TRY(connection.dispatch());  // CS_TRACK_CURRENT: the state of now comes first
    add_votes(state);
    while (changed) {
        changed(state);
        if (state.quorate) return state;
        pollfd event{connection.fd(), POLLIN, 0};
        const int ready = poll(&event, 1, deadline.poll_timeout());
        if (ready < 0 && errno != EINTR) return fail_errno(errno, "waiting for quorum");
        if (ready == 0 && state.votes >= state.needed)
            return fail("no quorum: {} of {} votes would do, but corosync waits until every node was seen once",
                        state.votes, state.expected)
                .kind(ErrorKind::timeout)
                .advise("start the missing nodes; without one that is off: pando-boot quorum");
        if (ready == 0)
            return fail("no quorum: {} of {} votes present, {} needed", state.votes, state.expected, state.needed)
                .kind(ErrorKind::timeout);
        TRY(connection.dispatch());
        add_votes(state);
    }
    return state;
}

}  // namespace pando::initrd
