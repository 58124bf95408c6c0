# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node boots while the fencing of another one goes on and the root is frozen
# Expected: it waits for the end of the fencing, mounts, and is up; the root is never mounted before that
# Bound: 200 s from the end of the fencing, emulated
on n3 systemctl poweroff || true
claim "n3 is switched off in order" wait_off n3 150
machine=$(machine_of n2) || machine='?'
mark=$(console_mark n3)
"$PANDO" lab power --name "$LAB" n3 on
# Behind its preflight: before that a silent BMC alone would keep it out.
claim "n3 boots" until_true 200 console_times n3 "$mark" 1 'preflight +ok'
lose_bmc n2
claim "n2 loses power, and its BMC is silent" power_cut n2
claim "n3 comes to its mount" until_true 200 console_times n3 "$mark" 1 'join +ok'
claim "and does not mount while n2 is not fenced" eval '! console_times n3 "$mark" 1 "root +ok"'
heal
claim "n2 is fenced when its BMC answers" until_true 240 another_machine n2 "$machine"
claim "then n3 is up" wait_up n3 200
