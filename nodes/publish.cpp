// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/publish.h"

#include "base/fd.h"
#include "base/log.h"
#include "config/register.h"
#include "config/render.h"
#include "config/slots.h"
#include "initrd/corosync_reload.h"
#include "initrd/late.h"
#include "initrd/quorum.h"
#include "nodes/bundle_partition.h"
#include "nodes/lost_newest.h"
#include "nodes/running.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <poll.h>

namespace pando::nodes {
namespace {

constexpr Milliseconds look_interval{200};  // between two looks at the claims
constexpr Milliseconds reload_limit{20000};

Result<initrd::Quorum> require_quorum() {
    auto quorum = TRY(initrd::read_quorum());
    if (!quorum.quorate)
        return fail("this partition of the cluster has no quorum: {} of {} votes, {} needed", quorum.votes,
                    quorum.expected, quorum.needed)
            .advise("the description is changed where the majority is: pando status on the other nodes");
    return quorum;
}

// What corosync was not told of, because whoever changed the description died before it came to that.
Result<> complete_reload(const config::Cluster& cluster, Deadline deadline) {
    const Deadline limit = deadline.capped(reload_limit);
    if (TRY(initrd::corosync_goes_by(cluster, limit))) return {};
    // What is to be changed now may be just what makes them enough.
    if (const auto enough = initrd::check_votes(cluster, TRY(initrd::read_quorum())); !enough) {
        log::warning("{}", enough.error().what);
        return {};
    }
    log::info("corosync does not go by the newest description yet: telling it");
    return initrd::reload_corosync(cluster, limit);
}

// Do the daemons have to read anything anew?
bool concerns_corosync(const config::Bundle& before, const config::Cluster& old_one, const config::Bundle& next,
                       const config::Cluster& new_one) {
    return config::corosync_conf(old_one) != config::corosync_conf(new_one) ||
           before.files.at("authkey") != next.files.at("authkey");
}

// Who is late when the deadline is over, or when nobody that is up is.
Result<initrd::Late> wait_for_claims(Store& store, const config::Cluster& cluster, uint64_t generation,
                                     Deadline deadline) {
    for (;;) {
        auto late = TRY(initrd::look_who_is_late(store, cluster, generation));
        if (late.up.empty() || deadline.passed()) return late;
        (void)poll(nullptr, 0, deadline.capped(look_interval).poll_timeout());
    }
}

}  // namespace

Result<BundleChange> BundleChange::begin(const std::string& command, Deadline deadline) {
    BundleChange change;
    const auto live = TRY(config::read_live_bundle());
    const UniqueFd root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) return fail_errno(errno, "opening /");
    // Without quorum the root is frozen, and with it the lock.
    (void)TRY(require_quorum());
    change.lock_ = TRY(cdsl::ChangeLock::take(root.get(), {.node = {}, .command = command}, deadline));
    (void)TRY(require_quorum());
    change.store_ = TRY(open_bundle_partition());
    change.before_ = TRY(read_to_build_upon(*change.store_, live, name_of_this_node()));
    const auto cluster = TRY(change.before_.description());
    // Nobody can have taken it over whose daemon would not go by it: what is late catches up by itself.
    const auto late = TRY(initrd::look_who_is_late(*change.store_, cluster, change.before_.generation));
    if (late.up.empty()) TRY(complete_reload(cluster, deadline));
    return change;
}

Result<Published> BundleChange::publish(config::Bundle next, Deadline deadline) {
    const auto old_one = TRY(before_.description());
    next.generation = before_.generation + 1;
    const auto new_one = TRY(config::check_bundle(next));
    if (next.cluster != before_.cluster)
        return bad_input("this is cluster {}, the description is of {}", before_.cluster, next.cluster)
            .advise("a cluster's name cannot be changed: it is in the root's lock table");
    TRY(refuse_change_of_sbd(old_one, new_one));
    (void)TRY(require_quorum());
    TRY(config::write_slot(*store_, next));
    const config::Bundle before = std::exchange(before_, next);

    // From here on the change is made. What goes wrong now is completed by whoever changes something next.
    Published published{next.generation, {}};
    // A removed node still reads its claim's generation, and one that was added has none.
    auto late = TRY(wait_for_claims(*store_, new_one, next.generation, deadline));
    if (concerns_corosync(before, old_one, next, new_one)) {
        if (late.up.empty())
            TRY(initrd::reload_corosync(new_one, Deadline::after(reload_limit)));
        else
            log::warning("corosync goes by the description before until {} {} by the newest: then it is told by itself",
                         fmt::join(late.up, ", "), late.up.size() == 1 ? "goes" : "go");
    }
    published.behind = std::move(late.up);
    published.behind.insert(published.behind.end(), late.booting.begin(), late.booting.end());
    return published;
}

}  // namespace pando::nodes
