# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node is told to power off while the fencing of another one goes on and the root is frozen
# Expected: it waits for the end of the fencing and then leaves in order; it is not fenced itself; with it the quorum is gone, and the one that boots says whom it waits for
# Bound: 300 s from the end of the fencing, emulated
# System: whole
open_chroot n3 || true
claim "a shell is open in the chroot of n3" in_chroot 20 true
machine=$(machine_of n2) || machine='?'
fenced_n3() { local events; events=$(fence_events n1) && grep -cE 'fence result 3 .*result 0' <<<"$events" || true; }
before=$(fenced_n3)
mark=$(console_mark n3) mark_n2=$(console_mark n2)
lose_bmc n2
claim "n2 loses power, and its BMC is silent" power_cut n2
claim "n3 waits for the fencing of n2" until_true 120 waits_for_fencing n2
claim "n3 is told to power off" order_poweroff_from_chroot
claim "it begins to stop" until_true 60 console_times n3 "$mark" 1 'watch: this system stops'
claim "and has not left while n2 is not fenced" eval '! console_times n3 "$mark" 1 "exit: leave the cluster ok"'
heal
claim "n2 is fenced when its BMC answers" until_true 240 another_machine n2 "$machine"
claim "n3 powers itself off" wait_off n3 300
claim "it had left in order" console_has n3 "$mark" "${left_in_order[@]}"
close_chroot
# With n3 the quorum went, and it is there again only when all three were seen.
claim "n2 says that it waits for n3" until_true 200 console_times n2 "$mark_n2" 1 'join: 2 of 3 votes, 2 needed; here: n1 n2; missing: n3'
"$PANDO" lab power --name "$LAB" n3 on
for node in n2 n3; do claim "$node is up" wait_up "$node" 300; done
claim "n1 goes on" writes_on n1 120
claim "n3 was not fenced" same "$(fenced_n3)" "$before"
