# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: somebody has opened the watchdog card of a node before its watch does
# Expected: with watchdog.mode: required the node does not join, and says who may have it; with if-present it joins, and its console and status say what that means
# Bound: 300 s, emulated
# System: whole
opens_shell() { # SECONDS: on n3. Enter is pressed again: what comes before the console is listened to is lost
    local end=$((SECONDS + $1)) said=
    until said=$(console_times n3 "$mark" 1 'pando# '); do
        ((SECONDS < end)) || { say "$said"; return 1; }
        type_on n3 ''
        until_true 5 console_times n3 "$mark" 1 'pando# ' >/dev/null || true
    done
}
# For two minutes, fed; then it is disarmed, or the machine would be reset by what was only a test.
hold_card() {
    type_on n3 "busybox setsid sh -c 'i=0; while [ \$i -lt 60 ]; do echo; sleep 2; i=\$((i + 1)); done; printf V' >/dev/watchdog0 & sleep 1; echo \"held: \$(cat /sys/class/watchdog/watchdog0/state)\""
    until_true 30 console_times n3 "$mark" 1 'held: active'
}
boots_with_a_busy_card() { # as far as stage join
    claim "n3 stops before stage join" until_true 240 console_times n3 "$mark" 1 'rd[.]pando[.]break=join: before stage join'
    claim "a shell opens" opens_shell 60
    claim "its card is there, and somebody opens it" hold_card
    type_on n3 exit
}
on n3 systemctl poweroff || true
claim "n3 is switched off in order" wait_off n3 150
mark=$(console_mark n3)
claim "cards are required" describe_live 's|^(storage:)$|watchdog:\n  mode: required\n\n\1|'
"$PANDO" lab power --name "$LAB" n3 on --kernel-arguments rd.pando.break=join
boots_with_a_busy_card
claim "with mode required it does not join, and names the card and the cause" until_true 90 console_in_order n3 "$mark" \
    'held: active' 'join +FAILED' 'opening /dev/watchdog0: Device or resource busy'
claim "and who may have it" console_times n3 "$mark" 1 'somebody else feeds it: sbd, or systemd'
claim "it is no member" members_are n1 "[1, 2]"
"$PANDO" lab power --name "$LAB" n3 off
claim "the description is as before" describe_as_before

mark=$(console_mark n3)
"$PANDO" lab power --name "$LAB" n3 on --kernel-arguments rd.pando.break=join
boots_with_a_busy_card
claim "with mode if-present it is up all the same" wait_up n3 300
claim "its console says what that means" console_in_order n3 "$mark" 'held: active' \
    'WARNING watchdog: opening /dev/watchdog0: Device or resource busy; a kernel that hangs is not reset by this machine'
claim "and status tells it" on n3 sh -c "pando status --here | grep -E '^watchdog .*opening /dev/watchdog0: Device or resource busy'"
claim "who had the card lets go of it" until_true 150 on n3 grep -qx inactive /sys/class/watchdog/watchdog0/state
on n3 systemctl poweroff || true
claim "n3 stops in order" wait_off n3 200
claim "without a reset" eval '! console_times n3 "$mark" 2 "$firmware_banner" >/dev/null'
"$PANDO" lab power --name "$LAB" n3 on --kernel-arguments ''
