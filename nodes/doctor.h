// SPDX-License-Identifier: GPL-2.0-or-later
// What would keep the cluster from surviving its next death, looked for while nobody has died: fencing above all.
//
//   const CheckUp facts = TRY(look_at_this_cluster(means, deadline));
//   for (const Finding& finding : examine(facts)) …
#pragma once

#include "fencing/ask.h"
#include "nodes/change.h"
#include "nodes/now.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::nodes {

enum class Grade {
    good,
    warning,  // it holds today
    fault,    // the next death may freeze the cluster, or a node would not come back
};

struct Finding {
    Grade grade = Grade::good;
    std::string subject;  // fencing, watchdog, quorum, description, journals, node
    std::string says;     // one line
    std::string advice;   // of what is not good
};

// The facts, read once; what could not be read is an error that is a finding too.
struct CheckUp {
    config::Cluster cluster;
    std::vector<fencing::FenceAnswer> fence;  // of every device of every node
    // Of a cluster that runs, as this node sees it; nothing when only a description is looked at.
    struct Live {
        Now now;
        std::string here;                 // this node
        std::vector<std::string> slots;   // what is wrong with a slot of the description, a line each
        Result<> newest;                  // error: nodes go by a newer description than the slots hold
        Result<std::string> cmap;         // corosync's, as corosync-cmapctl shows it
        Result<std::string> corosync;     // its corosync.conf in the chroot
        Result<std::string> authkey;      // corosync's in the chroot
        Result<uint32_t> journals;        // of the root
        Result<std::string> lock_table;   // of the root's superblock
        std::vector<std::string> link;    // members that packets of full size do not reach, a line each
        std::vector<std::string> bonds;   // ports of this node's bonds that carry nothing, a line each
        int64_t time = 0;                 // this machine's clock when `now` was read, seconds since 1970
        std::vector<std::string> faults;  // of this node: pando status
    };
    std::optional<Live> live;
};

// On a node that is up. What the cluster itself cannot answer is an error here; what is wrong with it is none.
Result<CheckUp> look_at_this_cluster(const Means& means, Deadline deadline);

std::vector<Finding> examine(const CheckUp& facts);

std::string_view name_of(Grade grade);  // "ok", "warning", "FAULT"
std::string to_text(const std::vector<Finding>& findings);
nlohmann::ordered_json to_json(const std::vector<Finding>& findings);

}  // namespace pando::nodes
