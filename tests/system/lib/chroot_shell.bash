# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A person's shell in a node's chroot, opened while all is well: it answers while the root is frozen, when nobody can log
# in any more. Sourced after lab/story.bash.
#
#   open_chroot n1                          not by `claim`, whose shell would take the connection with it
#   in_chroot 20 pando-survival status      prints what it says, and ends as it ends
#   close_chroot

chroot_to='' chroot_from='' chroot_pid=''
open_chroot() { # NODE
    local way=$STATE_DIRECTORY/chroot-shell
    rm -rf "$way"
    mkdir "$way"
    mkfifo "$way/to" "$way/from"
    (
        exec 7>&-
        exec "$PANDO" lab ssh --name "$LAB" "$1" sh -c '. /run/pando/enter' <"$way/to" >"$way/from" 2>&1
    ) &
    chroot_pid=$!
    exec {chroot_to}>"$way/to" {chroot_from}<"$way/from"
    in_chroot 30 true
}
in_chroot() { # SECONDS COMMAND…
    local seconds=$1 line
    shift
    printf '%q ' "$@" >&"$chroot_to"
    # shellcheck disable=SC2016 # the shell there expands it
    printf '</dev/null; echo "=== ended with $?"\n' >&"$chroot_to"
    while read -r -t "$seconds" line <&"$chroot_from"; do
        if [[ $line == '=== ended with '* ]]; then return "${line##* }"; fi
        say "$line"
    done
    say "no answer from the chroot within $seconds s: $*"
    return 1
}
close_chroot() {
    [[ -n $chroot_to ]] || return 0
    exec {chroot_to}>&- {chroot_from}<&-
    end_tree "$chroot_pid"
}

# --- what it is asked for while the root is frozen --------------------------------------------------------------------
waits_for_fencing() { # NODE
    local said
    said=$(in_chroot 15 pando-survival status) || true # a fault is told by the status as well
    grep -F "node $1 waits to be fenced" <<<"$said" || { say "$said"; return 1; }
}
has_no_quorum() { # VOTES OF
    local said
    said=$(in_chroot 15 pando-survival status) || true
    grep -E "quorum +NO, $1 of $2 votes" <<<"$said" || { say "$said"; return 1; }
}
# systemd's SIGRTMIN+4 is the order to power off, and nobody has to log in or to start a program for it.
order_poweroff_from_chroot() { in_chroot 20 kill -38 1; }
