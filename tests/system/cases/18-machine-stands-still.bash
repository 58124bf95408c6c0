# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a machine stands still for longer than the others wait, as in the hands of its firmware
# Expected: it is fenced before it could write again
# Bound: token + consensus + the agent's time + 3 s
limit=$(recovery_limit)
machine=$(machine_of n3) || machine='?'
cut=$EPOCHREALTIME
claim "n3 stands still" stand_still n3
recovers n1 "$cut" "$limit"
fenced_and_back n3 "$machine"
