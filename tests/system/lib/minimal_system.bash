# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A system that is only what the workload needs (lib/minimal_init), for cases in which systemd is not the matter: from the
# handover on its boot takes seconds.
#
#   minimal_system              all nodes boot it from now on
#   stop_in_order NODE reboot   or poweroff; whichever system it runs

minimal_system() {
    local node
    # shellcheck disable=SC2016  # expanded on the node
    on n1 sh -c 'mkdir -p /srv/faults && printf "%s\n" "$1" >/srv/faults/init && chmod 755 /srv/faults/init && sync /srv/faults/init' - \
        "$(cat "$top/tests/system/lib/minimal_init")" || return 1
    for node in n1 n2 n3; do "$PANDO" lab power --name "$LAB" "$node" on --kernel-arguments init=/srv/faults/init || return 1; done
}
stop_in_order() { # NODE reboot|poweroff
    # shellcheck disable=SC2016  # expanded on the node
    on "$1" sh -c 'if grep -qx systemd /proc/1/comm; then exec systemctl "$1"; fi
        if test "$1" = reboot; then kill -INT 1; else kill -TERM 1; fi' - "$2"
}
