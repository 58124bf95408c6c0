# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A system that is only what the workload needs (lib/minimal_init), for cases in which systemd is not the matter: from the
# handover on its boot takes seconds.
#
#   boot_into minimal           or whole, what they begin with; nothing is done when they run it
#   stop_in_order NODE reboot   or poweroff; whichever system it runs

system=whole
boot_into() { # minimal|whole: all nodes, now and from now on
    local node arguments=
    [[ $1 != "$system" ]] || return 0
    system=$1
    if [[ $1 == minimal ]]; then
        arguments=init=/srv/faults/init
        # shellcheck disable=SC2016  # expanded on the node
        claim "a minimal system is on the root" on n1 sh -c \
            'mkdir -p /srv/faults && printf "%s\n" "$1" >/srv/faults/init && chmod 755 /srv/faults/init && sync /srv/faults/init' - \
            "$(cat "$top/tests/system/lib/minimal_init")"
    fi
    local -A boots=()
    for node in n1 n2 n3; do
        "$PANDO" lab power --name "$LAB" "$node" on --kernel-arguments "$arguments"
        boots[$node]=$(boot_id "$node") || boots[$node]='?'
    done
    for node in n1 n2 n3; do stop_in_order "$node" reboot || true; done
    for node in n1 n2 n3; do claim "$node has booted its $1 system" came_back "$node" "${boots[$node]}" 400; done
    make_whole
}
stop_in_order() { # NODE reboot|poweroff
    # shellcheck disable=SC2016  # expanded on the node
    on "$1" sh -c 'if grep -qx systemd /proc/1/comm; then exec systemctl "$1"; fi
        if test "$1" = reboot; then kill -INT 1; else kill -TERM 1; fi' - "$2"
}
