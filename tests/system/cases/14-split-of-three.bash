# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the cluster link of one node is cut both ways; it still reaches the storage
# Expected: the two others fence it and go on; it cannot write any more, and comes back when the link is back
# Bound: token + consensus + the agent's time + 3 s
limit=$(recovery_limit)
machine=$(machine_of n3) || machine='?'
cut=$EPOCHREALTIME
mute n3 both
recovers n1 "$cut" "$limit"
claim "n3 is fenced by its BMC" until_true 120 another_machine n3 "$machine"
heal
claim "n3 comes back" wait_up n3 300
claim "nobody else was fenced" same "$(fence_events n1 | grep -c 'fence result [12] .*result 0')" 0
