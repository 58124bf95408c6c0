# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node dies while it creates, renames and removes files as fast as it can
# Expected: another one replays its journal; every file is whole, at its old or its new name
# Bound: token + consensus + the agent's time + 3 s, and 5 s for the journal
# Short: yes
limit=$(awk -v l="$(recovery_limit)" 'BEGIN { print l + 5 }')
machine=$(machine_of n3) || machine='?'
(
    exec 7>&-
    on_for 120 n3 python3 -c '
import os, time
os.makedirs("/srv/faults/storm", exist_ok=True)
os.chdir("/srv/faults/storm")
end = time.monotonic() + 100
number = 0
while time.monotonic() < end:
    number += 1
    name = f"f{number % 500}"
    with open(name + ".new", "w") as file: file.write(name)
    os.rename(name + ".new", name)
    if number % 3 == 0: os.unlink(name)
' || true
) &
storm=$!
has_files() { (($(on n1 ls /srv/faults/storm | wc -l) > 100)); }
claim "n3 makes and removes files" until_true 60 has_files
cut=$EPOCHREALTIME
claim "n3 loses power" power_cut n3
recovers n1 "$cut" "$limit"
end_tree "$storm"
claim "every file that was renamed holds what it was given, or is empty as it was never flushed" on n1 python3 -c '
import os
os.chdir("/srv/faults/storm")
for name in os.listdir("."):
    text = open(name).read()
    assert text in ("", name.removesuffix(".new")), (name, text)'
fenced_and_back n3 "$machine"
