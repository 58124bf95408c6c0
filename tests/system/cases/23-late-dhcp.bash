# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the boot server's DHCP answers a blade's firmware late, which has asked several times by then
# Expected: the blade takes the answer and boots; its address is the node's own afterwards
# Bound: 300 s from the answer, emulated
stop_in_order n3 poweroff || true
claim "n3 is switched off in order" wait_off n3 150
mapfile -t server < <(lab_processes '(/usr/sbin/)?dnsmasq ')
claim "DHCP stands still (${#server[@]} servers)" kill -STOP "${server[@]}"
mark=$(console_mark n3)
"$PANDO" lab power --name "$LAB" n3 on
claim "the firmware of n3 asks" until_true 120 console_times n3 "$mark" 1 'Configuring [(]net0 '
pause 5 # it gives up after a quarter of a minute, and then stands still until somebody switches it on again
claim "and has no answer" eval '! console_times n3 "$mark" 1 "^net0: 10[.]77[.]0[.]"'
kill -CONT "${server[@]}"
answered=$EPOCHREALTIME
claim "n3 is up" wait_up n3 300
figure "from the answer to a node that is up" "$(awk -v a="$answered" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" 300
claim "by the address that is the node's" on n3 sh -c "ip -o -4 address show | grep -F ' $(address_of n3)/24 '"
