# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: all nodes lose power at once, and come back at once
# Expected: nobody is fenced; who mounts first replays all journals; all are up
# Bound: 300 s, emulated
for node in n1 n2 n3; do claim "$node loses power" power_cut "$node"; done
writers_stop
for node in n1 n2 n3; do claim "the BMC of $node says off" wait_off "$node" 20; done # before that it takes an "on" for done
began=$EPOCHREALTIME
for node in n1 n2 n3; do "$PANDO" lab power --name "$LAB" "$node" on; done
for node in n1 n2 n3; do claim "$node is up" wait_up "$node" 400; done
figure "from power to three nodes up" "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" 300
for node in n1 n2 n3; do claim "$node has fenced nobody" same "$(fence_events "$node" | grep -c 'fence request')" 0; done
