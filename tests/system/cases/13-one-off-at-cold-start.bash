# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a cluster starts anew, and one node stays off
# Expected: those that boot wait for it and say so; nobody is shot; when it comes, all go on
# Bound: 60 s of watching
# Writers: own
for node in n1 n2 n3; do "$PANDO" lab power --name "$LAB" "$node" off; done
mark=$(console_mark n1)
for node in n1 n2; do "$PANDO" lab power --name "$LAB" "$node" on; done
claim "n1 has two of three votes, and waits for the third" until_true 240 console_times n1 "$mark" 1 'wait_for_all'
stays_off() { local end=$((SECONDS + $2)); while same "$(bmc "$1")" off; do ((SECONDS < end)) || return 0; pause 1; done; return 1; }
claim "n3 is not touched for a minute" stays_off n3 60
mounted() { console_times "$1" "$mark" 1 'root +ok'; }
claim "and nobody has mounted" eval '! mounted n1'
"$PANDO" lab power --name "$LAB" n3 on
for node in n1 n2 n3; do claim "$node is up when n3 is there" wait_up "$node" 300; done
claim "nobody was fenced" same "$(fence_events n1)" ""
