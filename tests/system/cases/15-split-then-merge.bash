# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the cluster link of a node is cut until the others wait for its fencing, which its BMC does not do; then link and BMC come back at the same moment
# Expected: the node ends its old membership, by a reset of its own or by its fencing, once at most; the others were never in danger, and go on
# Bound: 180 s from the merge until the others write, emulated
open_chroot n1 || true
claim "a shell is open in the chroot of n1" in_chroot 20 true
fencings_of_n3() { agents_said 'node id 3 is fenced' n1 n2; }
before=$(fencings_of_n3)
id=$(boot_id n3) || id=
of_n1=$(boot_id n1) || of_n1=
of_n2=$(boot_id n2) || of_n2=
lose_bmc n3
mute n3 both
claim "the others wait for the fencing of n3" until_true 120 waits_for_fencing n3
claim "nobody writes meanwhile" stays_silent n1 5
heal
claim "n1 goes on" writes_on n1 180
claim "and n2" writes_on n2 60
claim "n3 begins anew" until_true 240 booted_anew n3 "$id"
claim "and is up" wait_up n3 300
for node in n1 n2 n3; do claim "$node sees three members" until_true 60 members_are "$node" "[1, 2, 3]"; done
claim "n3 was fenced once at most" at_most "$(($(fencings_of_n3) - before))" 1
claim "n1 is the same boot" same "$(boot_id n1)" "$of_n1"
claim "n2 is the same boot" same "$(boot_id n2)" "$of_n2"
close_chroot
