# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a cluster starts anew, and one node of three comes alone
# Expected: it says the votes and who is missing, waits to its deadline, and starts over by its policy; it never lowers the votes it needs, and mounts nothing
# Bound: the stage's deadline, 60 s here
# System: whole
for node in n1 n2 n3; do claim "$node loses power" power_cut "$node"; done
writers_stop
for node in n1 n2 n3; do claim "the BMC of $node says off" wait_off "$node" 20; done
mark=$(console_mark n1)
boot_with 's|^(boot:)$|\1\n  stages: {join: {deadline: 60s}}|' n1
claim "n1 says how many votes there are, and who is missing" until_true 240 console_times n1 "$mark" 1 'join: 1 of 3 votes, 2 needed; here: n1; missing: n2 n3'
claim "it waits to its deadline" until_true 120 console_times n1 "$mark" 1 'join +FAILED after (59|6[0-9])[.]'
claim "and starts over: its firmware is back" until_true 60 console_times n1 "$mark" 2 "$firmware_banner"
claim "the failure repeats the votes" console_in_order n1 "$mark" 'join +FAILED' 'ERROR .*no quorum: 1 of 3 votes present, 2 needed'
claim "nothing was mounted" eval '! console_times n1 "$mark" 1 " root +(…|ok)"'
"$PANDO" lab power --name "$LAB" n1 off
claim "the description is as before" "$PANDO" bundle write --lun "$LUN" "$CLUSTER"
