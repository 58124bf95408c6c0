# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: every read and write of the LUN fails on one node
# Expected: it says why and resets itself, as its GFS2 withdraws, or as a daemon has lost what it keeps on the LUN; the others go on; its next boot tells why the last one ended
# Bound: 60 s until it says so; from there token + consensus + the agent's time + 3 s
limit=$(awk -v l="$(recovery_limit)" 'BEGIN { print l + 60 }')
id=$(boot_id n3) || id=
mark=$(console_mark n3)
cut=$EPOCHREALTIME
# shellcheck disable=SC2016 # the node's shell expands it
on_for 15 n3 sh -c 'for state in /sys/block/sd*/device/state; do echo offline >$state; done' >/dev/null 2>&1 || true
claim "n3 says why it resets itself" until_true 75 console_times n3 "$mark" 1 'ERROR this machine resets itself now: .+'
recovers n1 "$cut" "$limit"
claim "n3 comes back by itself" came_back n3 "$id" 400
claim "its next boot tells how the last one ended" console_in_order n3 "$mark" 'ERROR this machine resets itself now: ' \
    'WARNING the last end of this machine: this machine reset itself: '
claim "all are members" until_true 60 members_are n1 "[1, 2, 3]"
