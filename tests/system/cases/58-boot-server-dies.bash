# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the boot server stands still as soon as a blade has its kernel and image
# Expected: the blade boots on: all else it needs is on the LUN
# Bound: 300 s, emulated
stop_in_order n3 poweroff || true
claim "n3 is switched off in order" wait_off n3 150
mark=$(console_mark n3)
"$PANDO" lab power --name "$LAB" n3 on
claim "n3 has its kernel and image" until_true 200 console_times n3 "$mark" 1 'pando: Pando '
mapfile -t servers < <(ip netns pids "pando-$LAB" | while read -r pid; do
    if grep -qaE '^(dnsmasq|lighttpd|/usr/sbin/(dnsmasq|lighttpd))' "/proc/$pid/cmdline"; then echo "$pid"; fi
done)
claim "DHCP, TFTP and HTTP stand still (${#servers[@]} servers)" kill -STOP "${servers[@]}"
claim "n3 comes up without them" wait_up n3 300
kill -CONT "${servers[@]}"
