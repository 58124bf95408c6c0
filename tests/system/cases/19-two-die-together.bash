# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: two of three nodes lose power together
# Expected: the third has no quorum: it stands still, says so, and fences nobody; when one of them is switched on again they have quorum, fence the other one, and go on
# Bound: 300 s from the power of one of them to the next write, emulated
open_chroot n1 || true
claim "a shell is open in the chroot of n1" in_chroot 20 true
machine=$(machine_of n3) || machine='?'
of_n1=$(boot_id n1) || of_n1=
for node in n2 n3; do claim "$node loses power" power_cut "$node"; done
claim "n1 says that it has no quorum" until_true 60 has_no_quorum 1 3
claim "it writes nothing" stays_silent n1 15
claim "and has fenced nobody" same "$(bmc n2) $(bmc n3)" "off off"
claim "n2 is switched on" "$PANDO" lab power --name "$LAB" n2 on
began=$EPOCHREALTIME
claim "n1 writes again" writes_on n1 400
figure "from n2's power to n1 that writes" "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" 300
claim "n3 is fenced by its BMC" until_true 120 another_machine n3 "$machine"
for node in n2 n3; do claim "$node is up" wait_up "$node" 300; done
claim "all are members" until_true 60 members_are n1 "[1, 2, 3]"
claim "n1 is the same boot" same "$(boot_id n1)" "$of_n1"
close_chroot
