# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the storage of all nodes is slow for half a minute, and then answers nobody for 5 s and for 30 s
# Expected: all wait, all go on; nobody is fenced, nobody resets itself
# Bound: 60 s from its answer
before=$(fence_events n1) || before='?'
ids=()
for node in n1 n2 n3; do
    id=$(boot_id "$node") || id='?'
    ids+=("$id")
done
mapfile -t target < <(lab_processes 'tgtd ')
claim "the storage answers now and then, for half a minute (${#target[@]} processes)" halting 1 0.3 24 "${target[@]}"
for node in n1 n2 n3; do claim "$node writes on" writes_on "$node" 60; done
for away in 5 30; do
    claim "the storage answers nobody for $away s" halting "$away" 0 1 "${target[@]}"
    answered=$EPOCHREALTIME
    for node in n1 n2 n3; do claim "$node writes again" writes_on "$node" 60; done
    figure "from the answer after $away s to writes of all" "$(awk -v a="$answered" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" 60
done
claim "nobody was fenced" no_fencing_since n1 "$before"
for node in n1 n2 n3; do claim "$node is the same boot" same "$(boot_id "$node")" "${ids[${node#n} - 1]}"; done
