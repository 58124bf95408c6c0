# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: process 1 of two of three nodes ends, with which their kernels panic
# Expected: the third stands still without quorum; the two restart by themselves, and all go on without any help
# Bound: 300 s until the third writes again, emulated
open_chroot n1 || true
claim "a shell is open in the chroot of n1" in_chroot 20 true
id2=$(boot_id n2) || id2=
id3=$(boot_id n3) || id3=
of_n1=$(boot_id n1) || of_n1=
crashes=()
cut=$EPOCHREALTIME
for node in n2 n3; do
    (
        exec 7>&-
        on_for 5 "$node" sh -c 'echo c >/proc/sysrq-trigger' || true
    ) >/dev/null 2>&1 &
    crashes+=("$!")
done
wait "${crashes[@]}" || true
claim "n1 says that it has no quorum" until_true 60 has_no_quorum 1 3
claim "it writes nothing" stays_silent n1 5
claim "n1 writes again, and nobody had to help" writes_on n1 400
figure "from the crash to n1 that writes" "$(awk -v a="$cut" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" 300
claim "n2 comes back by itself" came_back n2 "$id2" 400
claim "and n3" came_back n3 "$id3" 400
claim "all are members" until_true 60 members_are n1 "[1, 2, 3]"
claim "n1 is the same boot" same "$(boot_id n1)" "$of_n1"
close_chroot
