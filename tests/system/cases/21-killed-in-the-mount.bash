# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node loses power while it mounts the root
# Expected: it is fenced, the others go on, and its next boot mounts
# Bound: token + consensus + the agent's time + post_join_delay + 3 s
on n3 systemctl poweroff || true
claim "n3 is switched off in order" wait_off n3 150
mark=$(console_mark n3)
limit=$(awk -v l="$(recovery_limit)" -v d="$post_join_delay" 'BEGIN { print l + d }')
"$PANDO" lab power --name "$LAB" n3 on
joined() { console_times n3 "$mark" 1 'join +ok'; }
claim "n3 boots as far as the join" until_true 240 joined
machine=$(machine_of n3) || machine='?'
cut=$EPOCHREALTIME
claim "n3 loses power there" power_cut n3
recovers n1 "$cut" "$limit"
fenced_and_back n3 "$machine"
