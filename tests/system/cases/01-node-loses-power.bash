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
