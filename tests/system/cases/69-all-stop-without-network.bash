# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: all nodes are told to power off, and by then the network is gone: no peer, no storage, no fence device
# Expected: none hangs: each says why and resets itself, as its root cannot be left in order; when the network is back all come up
# Bound: 120 s from the loss: storage.patience, the panic, and what emulation takes
# System: whole
marks=() ids=()
for node in n1 n2 n3; do
    id=$(boot_id "$node") || id='?'
    ids+=("$id") marks+=("$(console_mark "$node")")
    # A shell that is there already gives the order, by a signal: SIGRTMIN+4. The network is gone before that.
    claim "$node will power off in 40 s" on "$node" sh -c \
        'setsid sh -c "timeout 40 tail -f /dev/null; kill -38 1" >/dev/null 2>&1 </dev/null &'
done
# All that it takes has been read from the root.
for node in n1 n2 n3; do claim "$node counts" until_true 20 on "$node" pgrep -f '^tail -f /dev/null'; done
lose_network
cut=$EPOCHREALTIME
for node in n1 n2 n3; do
    claim "$node says why it resets itself" until_true 150 console_times "$node" "${marks[${node#n} - 1]}" 1 \
        'ERROR this machine resets itself now: |exit: unmount the shared root FAILED'
done
figure "until all three have said so" "$(awk -v a="$cut" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" 120
heal
for node in n1 n2 n3; do claim "$node had been told to stop" console_times "$node" "${marks[${node#n} - 1]}" 1 'watch: this system stops'; done
for node in n1 n2 n3; do claim "$node comes back by itself" came_back "$node" "${ids[${node#n} - 1]}" 400; done
