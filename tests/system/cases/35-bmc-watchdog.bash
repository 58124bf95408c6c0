# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node has no watchdog card but that of its BMC, whose driver no device asks for; then its watch stands still
# Expected: the boot loads the driver, which resets nothing by that; the BMC resets the node that nobody feeds, and no orderly stop
# Bound: 300 s, emulated
# System: whole
on n3 systemctl poweroff || true
claim "n3 is switched off in order" wait_off n3 150
start=$(lab_state)/$LAB/etc/n3.start
cp -p "$start" "$STATE_DIRECTORY/n3.start"
sed -i 's/ -device i6300esb / /' "$start"
claim "its card is taken out" differ "$(cat "$start")" "$(cat "$STATE_DIRECTORY/n3.start")"
mark=$(console_mark n3)
"$PANDO" lab power --name "$LAB" n3 on
claim "n3 is up without it" wait_up n3 300
claim "its boot has loaded the driver" console_times n3 "$mark" 1 "driver: ipmi_watchdog for the BMC's watchdog"
claim "its watch feeds the BMC's watchdog" on n3 sh -c "pando status --here | grep -E '^watchdog .*IPMI'"
claim "and nothing was reset by that" same "$(console_since n3 "$mark" | grep -cE "$firmware_banner" || true)" 1
mark=$(console_mark n3)
claim "its watch is stopped" on n3 pkill -STOP -f '^@pando-watch'
claim "its watch stands still: the BMC resets it" until_true 90 console_times n3 "$mark" 1 "$firmware_banner"
claim "and it comes back" wait_up n3 300
claim "with its watchdog" on n3 sh -c "pando status --here | grep -E '^watchdog .*IPMI'"
mark=$(console_mark n3)
on n3 systemctl poweroff || true
claim "it stops in order" wait_off n3 200
claim "without a reset" eval '! console_times n3 "$mark" 1 "$firmware_banner" >/dev/null'
cp -p "$STATE_DIRECTORY/n3.start" "$start"
