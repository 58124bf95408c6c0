# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node boots without its watchdog card, and without a BMC that could stand in for it
# Expected: by watchdog.mode: if-present it joins, and its console and status say what that means
# Bound: 300 s, emulated
# System: whole
on n3 systemctl poweroff || true
claim "n3 is switched off in order" wait_off n3 150
start=$(lab_state)/$LAB/etc/n3.start
cp -p "$start" "$STATE_DIRECTORY/n3.start"
sed -i 's/ -device i6300esb / /; s/ -device isa-ipmi-kcs,bmc=bmc0 / /' "$start"
claim "its card is taken out" differ "$(cat "$start")" "$(cat "$STATE_DIRECTORY/n3.start")"
mark=$(console_mark n3)
"$PANDO" lab power --name "$LAB" n3 on
claim "n3 is up without it" wait_up n3 300
claim "its console says what that means" until_true 60 console_times n3 "$mark" 1 \
    'WARNING watchdog: there is none; a kernel that hangs is not reset by this machine, only fenced by the others'
claim "and status tells it" on n3 sh -c "pando status --here | grep -E '^watchdog .*there is none'"
on n3 systemctl poweroff || true
claim "it stops in order" wait_off n3 200
cp -p "$STATE_DIRECTORY/n3.start" "$start"
