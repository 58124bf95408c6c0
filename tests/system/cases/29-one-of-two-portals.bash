# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: of the LUN's two portals the first answers nobody while a node boots; then it is there, the node boots by it, and it goes away for ever
# Expected: the node boots by the portal that answers; when its own one goes away it waits its patience, says why and resets itself, and comes back by the other; the other nodes go on
# Bound: 75 s until it says so; from there token + consensus + the agent's time + 3 s
# System: whole
portals() { # new|delete: the second one
    TGT_IPC_SOCKET=$(lab_state)/$LAB/run/tgtd tgtadm -C 0 --lld iscsi --op "$1" --mode portal --param portal=10.77.0.2:3260
}
by_portal() { # ADDRESS
    console_times n3 "$mark" 1 "storage +ok .* holds grove:root by iSCSI at ${1//./[.]}:3260"
}
on n3 systemctl poweroff || true
claim "n3 is switched off in order" wait_off n3 150
mark=$(console_mark n3)
claim "the LUN gets a second portal" describe_live 's|^( *portals:) \[10[.]77[.]0[.]1:3260\]$|\1 [10.77.0.2:3260, 10.77.0.1:3260]|'
"$PANDO" lab power --name "$LAB" n3 on
claim "n3 boots while the first portal answers nobody" wait_up n3 400
claim "by the second" by_portal 10.77.0.1

ip -n "pando-$LAB" address add 10.77.0.2/24 dev br0
claim "the first portal is there" portals new
id=$(boot_id n3) || id=
mark=$(console_mark n3)
on n3 systemctl reboot || true
claim "n3 reboots in order" came_back n3 "$id" 400
claim "and has its LUN by it" by_portal 10.77.0.2
claim "n3 is settled" until_true 60 is_settled n3

limit=$(awk -v l="$(recovery_limit)" 'BEGIN { print l + 75 }')
id=$(boot_id n3) || id=
mark=$(console_mark n3)
cut=$EPOCHREALTIME
drop arrive ip daddr 10.77.0.2 tcp dport 3260
drop leave ip saddr 10.77.0.2 tcp sport 3260
claim "n3 says why it resets itself" until_true 90 console_times n3 "$mark" 1 \
    'ERROR this machine resets itself now: the LUN .* has answered nothing for 6[0-9] s'
recovers n1 "$cut" "$limit"
claim "n3 comes back by itself, while that portal is still away" came_back n3 "$id" 400
claim "by the other" by_portal 10.77.0.1
claim "all are members" until_true 60 members_are n1 "[1, 2, 3]"
heal
portals delete || true
ip -n "pando-$LAB" address delete 10.77.0.2/24 dev br0
claim "the description is as before" describe_as_before
