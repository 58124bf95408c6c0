# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the cluster link of a node comes and goes, each time for less than the token's time
# Expected: nobody is fenced, all write on
# Bound: no silence longer than token + consensus
before=$(fence_events n1) || before='?'
begin_flapping=$EPOCHREALTIME
for ((flap = 1; flap <= 12; flap++)); do
    mute n3 both
    pause 1
    heal
    pause 1
done
for node in n1 n2 n3; do claim "$node writes on" writes_on "$node"; done
read -r gap _ < <(silence_of n1 "$begin_flapping")
figure "longest silence of n1" "$gap" "$(detection n1)"
claim "nobody was fenced" no_fencing_since n1 "$before"
claim "all are members" members_are n1 "[1, 2, 3]"
