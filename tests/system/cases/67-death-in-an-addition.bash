# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node loses power while it adds another one: the description is written, and corosync is not told
# Expected: it is fenced, and the others go on by the list before, as by the longer one they would have no quorum; when it is up again all know the new node, and the command given again finds it done
# Bound: token + consensus + the agent's time + 3 s; 90 s from its return until all know
# System: whole
on_lun() { "$PANDO" bundle show --lun "$LUN" --json | json 'max(s.get("generation", 0) for s in d)'; }
written() { # GENERATION: on the LUN; looked at without a pause
    local end=$((SECONDS + 120))
    until [[ $(on_lun) == "$1" ]]; do ((SECONDS < end)) || return 1; done
}
limit=$(recovery_limit)
before=$(on_lun) || before=0
on n1 sh -c 'printf "%s\n" "$@" >/root/rack.csv' - name,profile,serial,mac,fence.ip,fence.password \
    n4,blade,SPARE-4,52:54:00:77:00:04,10.77.0.104,secret-4
add_n4=(pando node add --from /root/rack.csv --untested-fence --yes)
machine=$(machine_of n2) || machine='?'
(
    exec 7>&-
    on_for 240 n2 "${add_n4[@]}"
) >"$STATE_DIRECTORY/add" 2>&1 &
claim "n2 adds a node, and has written the description" written "$((before + 1))"
cut=$EPOCHREALTIME
claim "it loses power before corosync was told" power_cut n2
recovers n1 "$cut" "$limit"
for node in n1 n3; do claim "corosync on $node goes by three nodes" corosync_knows "$node" "1 2 3"; done
claim "n2 is fenced by its BMC" until_true 120 another_machine n2 "$machine"
claim "n2 comes back" wait_up n2 300 # pando status --here calls the silent device of the new node a fault meanwhile
returned=$EPOCHREALTIME
for node in n1 n2 n3; do claim "corosync on $node knows the new node" until_true 90 corosync_knows "$node" "1 2 3 4"; done
figure "from its return until all know the new node" "$(awk -v a="$returned" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" 90
claim "the same command given again finds it done" on_for 120 n1 "${add_n4[@]}"
claim "by the generation that n2 had written" same "$(on_lun)" "$((before + 1))"
claim "it was never there: removed again" on_for 180 n1 pando node remove n4 --confirm-off "never racked" --yes
for node in n1 n2 n3; do claim "corosync on $node knows three nodes again" until_true 30 corosync_knows "$node" "1 2 3"; done
