# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node loses power, and its fence device answers only now and then
# Expected: it is fenced all the same, and the others go on
# Bound: token + consensus + twice the agent's time + 3 s
limit=$(awk -v l="$(recovery_limit)" -v a="$agent_patience" 'BEGIN { print l + a }')
machine=$(machine_of n3) || machine='?'
mapfile -t device < <(lab_processes 'ipmi_sim .*/n3[.]')
(
    exec 7>&-
    halting 2 0.5 80 "${device[@]}"
) &
slow=$!
cut=$EPOCHREALTIME
claim "n3 loses power (${#device[@]} device is slow)" power_cut n3
recovers n1 "$cut" "$limit"
claim "n3 is fenced by its BMC" until_true 120 another_machine n3 "$machine"
end_tree "$slow"
wait "$slow" 2>/dev/null || true
kill -CONT "${device[@]}" || true
fenced_and_back n3 "$machine"
