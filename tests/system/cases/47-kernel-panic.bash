# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the kernel of a node panics
# Expected: it is fenced, the others write again, it comes back by itself
# Bound: token + consensus + the agent's time + 3 s
limit=$(recovery_limit)
machine=$(machine_of n3) || machine='?'
cut=$EPOCHREALTIME
on_for 5 n3 sh -c 'sysctl -q kernel.panic=0; echo c >/proc/sysrq-trigger' || true
recovers n1 "$cut" "$limit"
fenced_and_back n3 "$machine"
claim "and n1 tells why it was away" story_has n1 n3 'n3: away for [0-9]+ s' 'fence_pando: n3 was fenced'
