# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node dies, and its fence device does not answer
# Expected: the root stays frozen, the agent is tried again and again, every node says so; once the device answers, all goes on
# Bound: from the device's answer: the agent's time, and what is left of its waiting for the dead device
# Short: yes
dead=$(machine_of n3) || dead='?'
before=$(agents_said 'asked to fence' n1 n2)
lose_bmc n3
claim "n3 loses power" power_cut n3
claim "its fencing is tried more than once" until_true 240 agents_said_more $((before + 1)) 'asked to fence' n1 n2
lines=$(wc -l <"$acknowledged/n1")
claim "and once more" until_true 240 agents_said_more $((before + 2)) 'asked to fence' n1 n2
claim "meanwhile the root is frozen: nobody writes" same "$(wc -l <"$acknowledged/n1")" "$lines"
heal
claim "its device answers again: n1 goes on" writes_on n1 240
claim "and n2" writes_on n2 60
fenced_and_back n3 "$dead"
