# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node that holds locks loses power
# Expected: it is fenced, its journal is replayed, the others write again; it comes back by itself
# Bound: token + consensus + the agent's time + 3 s
limit=$(recovery_limit)
machine=$(machine_of n3) || machine='?'
cut=$EPOCHREALTIME
claim "n3 loses power" power_cut n3
recovers n1 "$cut" "$limit"
recovers n2 "$cut" "$limit"
fenced_and_back n3 "$machine"
claim "and n1 tells why it was away" story_has n1 n3 'n3: away for [0-9]+ s' \
    'why: nobody heard from it any more' 'corosync: .*Members left: 3' 'fence_pando: n3 was fenced by n3-bmc' 'Members joined: 3'
