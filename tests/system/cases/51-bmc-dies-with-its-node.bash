# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node and its BMC lose power together
# Expected: the root stays frozen, and status says for whom and what to do, until a person says that the node is off
# Bound: 10 s from the person's word
open_chroot n1 || true
claim "a shell is open in the chroot of n1" in_chroot 20 true
machine=$(machine_of n3) || machine='?'
lose_bmc n3
cut=$EPOCHREALTIME
claim "n3 loses power" power_cut n3
tells_whom() {
    local said
    said=$(in_chroot 15 pando-survival status) || true
    grep -F 'node n3 waits to be fenced' <<<"$said" | grep -F 'pando fence confirm n3' || { say "$said"; return 1; }
}
claim "status in the chroot says who is waited for, and what a person does" until_true 120 tells_whom
refuses_word() { # REGEX WORD…: what it says
    local said regex=$1
    shift
    if said=$(in_chroot 30 pando-survival fence confirm "$@" 2>&1); then say "it was done"; return 1; fi
    grep -qiE -- "$regex" <<<"$said" || { say "$said"; return 1; }
}
claim "a node that is up is not called off" refuses_word 'nobody waits for n2' n2 --reason "a mistake" --is-off n2
lines=$(wc -l <"$acknowledged/n1")
claim "and the word of a person without a reason does not count" refuses_word 'reason' n3 --is-off n3
claim "the root is frozen all the while" same "$(wc -l <"$acknowledged/n1")" "$lines"
said=$EPOCHREALTIME
claim "a person says that n3 is off" in_chroot 60 pando-survival fence confirm n3 --reason "blade pulled from slot 3" --is-off n3
claim "n1 writes again" writes_on n1 60
claim "and n2" writes_on n2 60
read -r _ after < <(silence_of n1 "$cut")
figure "from the person's word to n1's next write" "$(awk -v a="$after" -v c="$cut" -v s="$said" 'BEGIN { printf "%.1f", a - (s - c) }')" 10
kept() { local history; history=$(on n1 pando fence history) && grep -F 'blade pulled from slot 3' <<<"$history"; }
claim "the history has it, with the reason" kept
close_chroot
heal
