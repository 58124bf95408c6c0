# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node dies within dlm's post_join_delay of another one's join
# Expected: as ever, but that time is waited out first
# Bound: token + consensus + post_join_delay + the agent's time + 3 s
id=$(boot_id n3) || id=
machine=$(machine_of n2) || machine='?'
stop_in_order n3 reboot || true
mark=$(console_mark n3)
claim "n3 reboots" until_true 200 booted_anew n3 "$id"
limit=$(awk -v l="$(recovery_limit)" -v d="$post_join_delay" 'BEGIN { print l + d }')
cut=$EPOCHREALTIME
claim "n2 loses power" power_cut n2
recovers n1 "$cut" "$limit"
fenced_and_back n2 "$machine"
