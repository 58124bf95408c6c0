# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the clock of a node jumps by a year, there and back, and another node dies meanwhile
# Expected: nothing changes but the dates
# Bound: token + consensus + the agent's time + 3 s
# System: whole
before=$(fence_events n1) || before='?'
limit=$(recovery_limit)
claim "the clock of n1 jumps ahead by a year" on n1 date -s '+1 year'
claim "n1 writes on" writes_on n1
claim "n1 is healthy" until_true 60 on n1 pando status --here
claim "nobody is fenced for it" no_fencing_since n1 "$before"
machine=$(machine_of n3) || machine='?'
cut=$EPOCHREALTIME
claim "n3 loses power" power_cut n3
recovers n1 "$cut" "$limit"
claim "the clock jumps back" on n1 date -s '-1 year'
claim "n1 writes on as before" writes_on n1
fenced_and_back n3 "$machine"
