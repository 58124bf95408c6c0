# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the LUN becomes read-only for everybody
# Expected: nobody goes on without its writes: each node withdraws and resets itself; when the LUN takes writes again all come back, and nothing is lost
# Bound: 120 s until each has reset itself; 400 s until all are up, emulated
marks=() ids=()
for node in n1 n2 n3; do
    id=$(boot_id "$node") || id='?'
    ids+=("$id") marks+=("$(console_mark "$node")")
done
cut=$EPOCHREALTIME
claim "the LUN takes no writes" lun_takes_writes no
for node in n1 n2 n3; do
    claim "$node says why it resets itself" until_true 120 console_times "$node" "${marks[${node#n} - 1]}" 1 'ERROR this machine resets itself now: '
done
figure "until all three have said so" "$(awk -v a="$cut" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" 120
claim "the LUN takes writes again" lun_takes_writes yes
for node in n1 n2 n3; do claim "$node comes back by itself" came_back "$node" "${ids[${node#n} - 1]}" 400; done
claim "all are members" until_true 60 members_are n1 "[1, 2, 3]"
