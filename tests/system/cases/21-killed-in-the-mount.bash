# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node loses power while it mounts the root
# Expected: it is fenced, the others go on, and its next boot mounts
# Bound: token + consensus + the agent's time + post_join_delay + 3 s
stop_in_order n3 poweroff || true
claim "n3 is switched off in order" wait_off n3 150
mark=$(console_mark n3)
limit=$(awk -v l="$(recovery_limit)" -v d="$post_join_delay" 'BEGIN { print l + d }')
"$PANDO" lab power --name "$LAB" n3 on
mounts() { console_times n3 "$mark" 1 '/12 root +…'; }
claim "n3 boots as far as the mount" until_true 240 mounts
machine=$(machine_of n3) || machine='?'
cut=$EPOCHREALTIME
claim "n3 loses power there" power_cut n3
claim "n3 is fenced by its BMC" until_true 120 another_machine n3 "$machine"
claim "n1 writes" writes_on n1 60
# Whether the others stand still at all hangs on how far the mount had come: into the root's locks, or not yet.
read -r silence _ < <(silence_of n1 "$cut")
figure "the longest silence of n1's writes" "$silence" "$limit"
claim "n3 comes back" wait_up n3 300
claim "and is a member" until_true 60 members_are n1 "[1, 2, 3]"
