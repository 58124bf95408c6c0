# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Who is where, seen from a node and from the boot server, while a node dies and cannot be fenced, boots, stops in order,
# and cannot boot; and what strangers send is dropped.
say "=== the reports of nodes and of blades that boot"
source "$top/tests/system/lib/obstacles.bash"

collected=$STATE_DIRECTORY/collected/reports.json
(
    exec 7>&-
    in_network "$PANDO" collect "$CLUSTER" --output "$collected"
) >"$STATE_DIRECTORY/collect.said" 2>&1 &

# What is unhealthy has status 1; the text counts here. That of a node whose root is frozen: only the server is asked.
told_by() { # server|NODE [OPTION…]
    local who=$1
    shift
    if [[ $who == server ]]; then "$PANDO" status --from "$collected" "$@" || true; else on_for 20 "$who" pando status "$@" || true; fi
}
shows() { # server|NODE NODE STATE… [-- REGEX…]: the node is in one of these states, with remarks like these
    told_by "$1" --json >"$STATE_DIRECTORY/told.json"
    python3 - "$STATE_DIRECTORY/told.json" "${@:2}" <<'END'
import json, re, sys
file, node, *rest = sys.argv[1:]
at = rest.index("--") if "--" in rest else len(rest)
states, wanted = rest[:at], rest[at + 1:]
told = json.load(open(file))
if node == "?": lines = told["unverified"]
else: lines = [n for n in told["nodes"] if n["node"] == node]
for line in lines:
    text = "\n".join(line["remarks"])
    if line["state"] in states and all(re.search(w, text) for w in wanted): sys.exit(0)
sys.exit(f"{node}: {[(l['state'], l['says'], l['remarks']) for l in lines]}")
END
}
all_is_well() { if [[ $1 == server ]]; then "$PANDO" status --from "$collected"; else on "$1" pando status; fi; } # WHO
dropped() { told_by "$1" --json | json 'd["dropped"].get("'"$2"'", 0)'; }                                        # WHO WORD
dropped_at_least() { (($(dropped "$1" "$2") >= $3)); }

for who in n1 n2 n3 server; do claim "$who shows three nodes that are up and well" until_true 90 all_is_well "$who"; done
claim "nothing was dropped on the way" same "$(told_by server --json | json 'd["dropped"]')" "{}"

watches() { # on a terminal, until Ctrl-C, which leaves the terminal as it was
    local said
    said=$(on n1 script -qec 'stty cols 80 rows 24; before=$(stty -g); timeout -s INT 3 pando status --watch; echo "ended with $?"; test "$(stty -g)" = "$before" && echo as before' /dev/null)
    (($(grep -c ' n2 \|^n2 ' <<<"$said") >= 2)) && grep -q 'as before' <<<"$said" || { say "$said"; return 1; }
}
claim "it is shown again each second, until Ctrl-C" watches

say "n3 loses power, and its BMC does not answer"
machine=$(machine_of n3) || machine='?'
lose_bmc n3
claim "n3 loses power" power_cut n3
claim "the server shows that n3 is waited for" until_true 90 shows server n3 fencing
claim "that n1 is frozen, and for whom" until_true 60 shows server n1 frozen -- 'its root waits for .*n3'
claim "and n2" until_true 60 shows server n2 frozen
told_by server
heal
claim "n3 is fenced when its BMC answers" until_true 120 another_machine n3 "$machine"
claim "n1 is up again" until_true 90 shows server n1 booted
claim "and shows how n3 boots" until_true 200 shows n1 n3 booting -- 'stage [a-z]+ may take'
told_by n1
claim "n3 is back" wait_up n3 400
for who in n1 n3 server; do claim "$who shows three nodes that are up and well" until_true 90 all_is_well "$who"; done

say "n3 stops in order, and what it needs to boot is missing"
on n3 systemctl poweroff || true
claim "n3 powered itself off" wait_off n3 200
claim "n1 shows that it is off" until_true 20 shows n1 n3 off
claim "and so does the server" shows server n3 off
# By its hardware's address: it has another one before it knows which node it is.
drop arrive ether saddr 52:54:00:77:00:03 tcp dport 3260
"$PANDO" lab power --name "$LAB" n3 on
claim "the server shows a blade without a key, which does not reach the storage" until_true 240 shows server '?' booting failed -- \
    '52:54:00:77:00:03' '10.77.0.1'
told_by server
heal
lose_storage n3
claim "it goes on, knows which node it is, and loses the storage: n1 shows why" until_true 200 shows n1 n3 failed -- \
    'no iSCSI session .*10.77.0.1:3260' '-> no portal answers'
told_by n1
heal
lose_bmc n2
claim "n3 goes on, to a fence device that does not answer: n1 shows whose" until_true 300 shows n1 n3 booting failed -- 'n2'
told_by n1
heal
claim "n3 is back" wait_up n3 400
for who in n1 n3 server; do claim "$who shows three nodes that are up and well" until_true 90 all_is_well "$who"; done

say "what strangers send"
throw() { # ADDRESS: a thousand packets of everything from nothing to the longest
    in_network python3 - "$1" <<'END'
import os, random, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(1000): s.sendto(os.urandom(random.randrange(1, 1400)), (sys.argv[1], 5490))
END
}
claim "a thousand packets of garbage to n1 at once" throw 10.77.0.11
claim "and to the server" throw 10.77.0.1
claim "n1 drops and counts them" until_true 30 dropped_at_least n1 garbage 100
claim "and the server" until_true 30 dropped_at_least server garbage 100
claim "and all is well" until_true 30 all_is_well n1
