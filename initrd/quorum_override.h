// SPDX-License-Identifier: GPL-2.0-or-later
// A cluster that starts anew has no quorum until every node was seen once (corosync's wait_for_all): who is missing may
// run, with the root mounted, behind a cut link. When one is really gone an operator says so, and this proves it:
//
//   pando-survival quorum                                        votes, who is missing, what its fence devices say
//   pando-survival quorum --without n2                           n2's fence devices say that it is off
//   pando-survival quorum --without n2 --fence --reason "…"      they switch it off now
//   pando-survival quorum --without n2 --is-off --reason "…"     none answers, and a person has seen it off
//
// expected_votes is never lowered: a majority is needed as before.
#pragma once

#include "base/result.h"
#include "fencing/ask.h"
#include "initrd/quorum.h"

#include <string>
#include <vector>

namespace pando::initrd {

struct QuorumWords {
    std::vector<std::string> without;
    bool fence = false;
    bool is_off = false;
    std::string reason;
};
Result<QuorumWords> parse_quorum_words(const std::vector<std::string>& words);

enum class Power { off, on, unknown };

// What a missing node's devices and its claim on the LUN come to. One that says "on" outweighs all others; storage that
// is cut off proves nothing at a boot, since a node has it given back when it joins.
Power judge_power(const std::vector<fencing::FenceAnswer>& answers, bool claim_beats);

// Whether this word can help: error, why not. `missing`: the names of those that corosync does not see.
Result<> judge_override(const Quorum& quorum, const std::vector<std::string>& missing,
                        const std::vector<std::string>& without);

int quorum_main(const std::vector<std::string>& words);

// pando-boot quorum: the same, from the initramfs.
int quorum_from_boot(const std::vector<std::string>& words);

}  // namespace pando::initrd
