# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Writers on every node whose data can be judged afterwards: nothing that was acknowledged may be lost, and nothing torn.
# Sourced after lab/story.bash.
#
#   writers_start n1 n2 n3      each appends checksummed records to a file of its own on the root, flushes each, makes a
#                               name in a directory that all of them use, and then says its number, which the host
#                               stamps with its own clock. (Its own file alone it could go on writing by locks that it
#                               holds, while everything that needs one more stands still.)
#   writers_stop
#   claim "…" data_is_whole n1  read on n1: every record that was said is there, and intact

writers=() acknowledged=$STATE_DIRECTORY/acknowledged written=0
mkdir -p "$acknowledged"

# Which record it is can be told from its content alone: number, checksum, and bytes that only this record has.
record_of='
import hashlib
size = 4096
def record(series, node, number):
    body = hashlib.sha256(f"{series} {node} {number}".encode()).digest() * ((size - 128) // 32)
    head = b"%s %s %d %s\n" % (series.encode(), node.encode(), number, hashlib.sha256(body).hexdigest().encode())
    return head.ljust(128, b".") + body
'

writers_start() { # NODE…
    local node
    written=$((written + 1))
    on n1 mkdir -p /srv/faults/names || true
    for node in "$@"; do
        : >"$acknowledged/$node"
        (
            exec 7>&- # the lock on the lab is not for who stays in the background
            on_for 900 "$node" python3 -u -c "$record_of"'
import os, sys, time
series, node = sys.argv[1:]
end = time.monotonic() + 880
fd = os.open(f"/srv/faults/{series}.{node}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
names = "/srv/faults/names"
number = 0
while time.monotonic() < end:
    number += 1
    os.write(fd, record(series, node, number)); os.fsync(fd)
    name = f"{names}/{node}.{number % 10}"
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT))
    os.unlink(name)
    print(number)
' "series$written" "$node" 2>/dev/null |
                while read -r number; do printf '%s %s\n' "${EPOCHREALTIME/,/.}" "$number"; done >"$acknowledged/$node"
        ) &
        writers+=("$!")
    done
    for node in "$@"; do
        wait_for_lines "$acknowledged/$node" 5 90 || { say "not ok - the writer of $node does not begin"; broken=$((broken + 1)); }
    done
}

# Without its connection a writer ends at its next word.
end_tree() { # PID
    local child
    for child in $(pgrep -P "$1"); do end_tree "$child"; done
    kill -TERM "$1" 2>/dev/null || true
}
writers_stop() {
    local pid
    for pid in "${writers[@]}"; do end_tree "$pid"; done
    for pid in "${writers[@]}"; do wait "$pid" 2>/dev/null || true; done
    writers=()
}

# data_is_whole NODE: of all series so far, as NODE reads them.
data_is_whole() {
    local file
    for file in "$acknowledged"/*; do
        [[ -e $file ]] || { say "nothing was ever written"; return 1; }
        printf 'series%s %s %s\n' "$written" "${file##*/}" "$(awk 'END { print $2 + 0 }' "$file")"
    done >"$STATE_DIRECTORY/said"
    # shellcheck disable=SC2046 # words
    on_for 180 "$1" python3 -c "$record_of"'
import sys
words = sys.argv[1:]
for series, node, said in zip(words[0::3], words[1::3], words[2::3]):
    data = open(f"/srv/faults/{series}.{node}", "rb").read()
    whole = len(data) // size
    assert whole >= int(said), f"{node}: {said} records were acknowledged, {whole} are there"
    for number in range(1, whole + 1):
        assert data[(number - 1) * size:number * size] == record(series, node, number), f"{node}: record {number} is torn"
    # What was not acknowledged may be missing or cut, and nothing else.
    assert record(series, node, whole + 1).startswith(data[whole * size:]), f"{node}: behind the last record is something else"
    print(f"{node}: {whole} records, {said} of them acknowledged")
' $(cat "$STATE_DIRECTORY/said")
}

# So long was NODE's writer silent after TIME at most, and when it went on: "GAP SECONDS_FROM_TIME_TO_THE_FIRST_WRITE_AFTER".
silence_of() {
    local gap first
    read -r gap first < <(longest_gap "$acknowledged/$1" "$2")
    awk -v g="$gap" -v f="$first" -v t="$2" 'BEGIN { printf "%.1f %.1f\n", g, f - t }'
}
writes_on() { wait_for_lines "$acknowledged/$1" $(($(wc -l <"$acknowledged/$1") + 20)) "${2:-60}"; } # NODE [SECONDS]
stays_silent() { # NODE SECONDS: it writes nothing in all that time
    local end=$((SECONDS + $2)) lines
    lines=$(wc -l <"$acknowledged/$1")
    while ((SECONDS < end)); do
        same "$(wc -l <"$acknowledged/$1")" "$lines" || return 1
        pause 0.5
    done
}
