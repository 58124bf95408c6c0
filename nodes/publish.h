// SPDX-License-Identifier: GPL-2.0-or-later
// Changing the cluster's description on the live cluster: the lock, quorum, the bundle's next generation on the LUN,
// every live node going by it, and corosync told to read its node list anew.
//
//   auto change = TRY(BundleChange::begin("pando node add", Deadline::after(minutes(2))));
//   config::Bundle next = change.before();
//   next.files["cluster.yaml"] = edited;
//   const Published published = TRY(change.publish(next, Deadline::after(minutes(1))));
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/store.h"
#include "cdsl/lock.h"
#include "config/bundle.h"

#include <memory>
#include <string>
#include <vector>

namespace pando::nodes {

struct Published {
    uint64_t generation = 0;
    std::vector<std::string> behind;  // live nodes that did not go by it in time; the rest does. They go on trying.
};

class BundleChange {
public:
    // Takes the cluster-wide lock (the error or an info line names its holder), requires quorum, and reads the newest
    // bundle from the LUN. Refused when a node that lives goes by a newer one. Must run on a node.
    static Result<BundleChange> begin(const std::string& command, Deadline deadline);

    const config::Bundle& before() const { return before_; }
    Store& store() { return *store_; }

    // Checks the new description as a whole, asks for quorum once more, writes the next generation (whatever
    // next.generation says), and waits until every live node's claim names it. Then corosync reads its node list anew,
    // when that changed; not while a node that is up is late: that one tells it when it goes by the newest. After the
    // write nothing is undone: what is late is in `behind`.
    Result<Published> publish(config::Bundle next, Deadline deadline);

private:
    BundleChange() = default;
    cdsl::ChangeLock lock_;
    std::unique_ptr<Store> store_;
    config::Bundle before_;
};

}  // namespace pando::nodes
