# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node boots while the fencing of another one goes on and the root is frozen
# Expected: it waits for the end of the fencing, mounts, and is up; nobody writes before that
# Bound: 200 s from the end of the fencing, emulated
stop_in_order n3 poweroff || true
claim "n3 is switched off in order" wait_off n3 150
machine=$(machine_of n2) || machine='?'
mark=$(console_mark n3)
before=$(agents_said 'asked to fence' n1)
"$PANDO" lab power --name "$LAB" n3 on
# Behind its preflight, which a silent BMC alone fails; and not before it was seen: with n1 alone there would be no
# quorum, and corosync's wait_for_all would then wait for the dead one.
claim "n3 boots" until_true 200 console_times n3 "$mark" 1 'preflight +ok'
lose_bmc n2
claim "n3 has joined" until_true 120 members_are n1 "[1, 2, 3]"
claim "n2 loses power, and its BMC is silent" power_cut n2
claim "its fencing is tried more than once" until_true 240 agents_said_more $((before + 1)) 'asked to fence' n1
lines=$(wc -l <"$acknowledged/n1")
claim "and once more" until_true 240 agents_said_more $((before + 2)) 'asked to fence' n1
claim "meanwhile the root is frozen: nobody writes" same "$(wc -l <"$acknowledged/n1")" "$lines"
claim "and n3 is not up" eval '! console_times n3 "$mark" 1 "n3 of cluster grove is up"'
heal
claim "n2 is fenced when its BMC answers" until_true 240 another_machine n2 "$machine"
claim "then n3 is up" wait_up n3 200
