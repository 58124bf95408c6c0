# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: two of three nodes lose power, and the third is told to power off while it has no quorum and its root is frozen
# Expected: it cannot stop in order, and says so; after a bound it is reset by force, and never hangs
# Bound: watchdog.shutdown, 90 s here, and 60 s for the reset
# System: whole
for node in n1 n2 n3; do claim "$node loses power" power_cut "$node"; done
writers_stop
for node in n1 n2 n3; do claim "the BMC of $node says off" wait_off "$node" 20; done
boot_with 's|^(root:)$|watchdog:\n  shutdown: 90s\n\n\1|' n1
for node in n2 n3; do "$PANDO" lab power --name "$LAB" "$node" on; done
for node in n1 n2 n3; do claim "$node is up by the changed description" wait_up "$node" 400; done
open_chroot n1 || true
claim "a shell is open in the chroot of n1" in_chroot 20 true
mark=$(console_mark n1)
for node in n2 n3; do claim "$node loses power" power_cut "$node"; done
claim "n1 says that it has no quorum" until_true 60 has_no_quorum 1 3
claim "n1 is told to power off" order_poweroff_from_chroot
ordered=$EPOCHREALTIME
claim "it says until when" until_true 60 console_times n1 "$mark" 1 'watch: this system stops; it is reset if that takes longer than 90 s'
# Where systemd comes to its end first, the exit's own bound is the nearer one.
claim "it says why it is reset" until_true 180 console_times n1 "$mark" 1 \
    'ERROR this machine resets itself now: the shutdown is not over after 9[0-9] s|exit: unmount the shared root FAILED'
claim "and is: its firmware is back" until_true 90 console_times n1 "$mark" 1 "$firmware_banner"
figure "from the order to the reset" "$(awk -v a="$ordered" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" 150
close_chroot
for node in n1 n2 n3; do "$PANDO" lab power --name "$LAB" "$node" off; done
claim "the description is as before" "$PANDO" bundle write --lun "$LUN" "$CLUSTER"
