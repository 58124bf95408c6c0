# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: all nodes are switched off in order at the same time
# Expected: each is off within a bound, nobody is fenced, the root's journals are clean
# Bound: 200 s
# System: whole
writers_stop
marks=()
for node in n1 n2 n3; do marks+=("$(console_mark "$node")"); done
began=$EPOCHREALTIME
for node in n1 n2 n3; do on "$node" systemctl poweroff || true; done
for node in n1 n2 n3; do claim "$node powered itself off" wait_off "$node" 200; done
figure "from the order to three nodes off" "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" 200
for node in n1 n2 n3; do claim "$node had unmounted the root" console_has "$node" "${marks[${node#n} - 1]}" 'exit: unmount the shared root ok'; done
claim "the root's journals are clean" clean_journals
