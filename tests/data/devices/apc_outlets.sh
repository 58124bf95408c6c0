#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The outlets of an APC rack PDU, for snmpd's `pass`: status and control of eight outlets, kept as files.
#   apc_outlets.sh DIRECTORY -g OID | -n OID | -s OID TYPE VALUE
directory=$1
request=$2
oid=$3
status=.1.3.6.1.4.1.318.1.1.12.3.5.1.1.4
control=.1.3.6.1.4.1.318.1.1.12.3.3.1.1.4
outlet=${oid##*.}
state() { cat "$directory/$outlet" 2>/dev/null || echo 1; }
case $request in
    -g)
        case ${oid%.*} in
            "$status" | "$control") printf '%s\ninteger\n%s\n' "$oid" "$(state)" ;;
        esac
        ;;
    -s)
        case ${oid%.*} in
            "$control") echo "$5" >"$directory/$outlet" ;;
            *) echo not-writable ;;
        esac
        ;;
esac
