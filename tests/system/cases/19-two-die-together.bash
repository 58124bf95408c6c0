# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: two of three nodes lose power together
# Expected: the third has no quorum: it stands still, says so, and fences nobody; one of them that is switched on again waits with it for the other (wait_for_all) and says so; when that one is on as well, all go on
# Bound: 300 s from the last one's power to the next write, emulated
open_chroot n1 || true
claim "a shell is open in the chroot of n1" in_chroot 20 true
of_n1=$(boot_id n1) || of_n1=
for node in n2 n3; do claim "$node loses power" power_cut "$node"; done
claim "n1 says that it has no quorum" until_true 60 has_no_quorum 1 3
claim "it writes nothing" stays_silent n1 15
claim "and has fenced nobody" same "$(bmc n2) $(bmc n3)" "off off"
mark=$(console_mark n2)
claim "n2 is switched on" "$PANDO" lab power --name "$LAB" n2 on
claim "it waits for n3, and says so" until_true 240 console_times n2 "$mark" 1 \
    'waiting for quorum: 2 of 3 votes, 2 needed; missing: n3'
claim "n1 still writes nothing: n3 may live behind a cut link" stays_silent n1 10
claim "n3 is switched on" "$PANDO" lab power --name "$LAB" n3 on
began=$EPOCHREALTIME
claim "n1 writes again" writes_on n1 400
figure "from the last one's power to n1 that writes" "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" 300
for node in n2 n3; do claim "$node is up" wait_up "$node" 300; done
claim "all are members" until_true 60 members_are n1 "[1, 2, 3]"
claim "n1 is the same boot" same "$(boot_id n1)" "$of_n1"
close_chroot
