# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node is heard by nobody, and hears all
# Expected: it is fenced, the others go on; nobody else is
# Bound: token + consensus + the agent's time + 3 s, and once more token + consensus: corosync tries to agree meanwhile
limit=$(awk -v l="$(recovery_limit)" -v d="$(detection n1)" 'BEGIN { print l + d }')
machine=$(machine_of n3) || machine='?'
cut=$EPOCHREALTIME
mute n3 out
recovers n1 "$cut" "$limit"
claim "n3 is fenced by its BMC" until_true 120 another_machine n3 "$machine"
heal
claim "n3 comes back" wait_up n3 300
claim "nobody else was fenced" same "$(fence_events n1 | grep -c 'fence result [12] .*result 0')" 0
