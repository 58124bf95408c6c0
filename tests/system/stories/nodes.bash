# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Machines and nodes come and go: what PXE serves holds no secret; a node is removed from the live cluster; its blade, a
# stranger now, waits as pending; a switched-off blade's node moves to it by one command, without a power cycle; the old
# blade cannot come back as that node, and two machines cannot be one; the old binding is restored; a node is added to
# the live cluster; the LUN loses the newest description, and no older one takes its place. Nobody is fenced for any of
# it, corosync and dlm are never restarted. Sourced by tests/system/three_nodes, when three nodes are up.

# --- what PXE serves --------------------------------------------------------------------------------------------------
# Every string by which a reader could join or name somebody: key, passwords, UUIDs, serials, MACs, names of devices.
secrets() {
    python3 -c '
import json, subprocess, sys
cluster = json.load(sys.stdin)
key = open(sys.argv[1], "rb").read()
print(key[:24].hex())
for node in cluster["nodes"]:
    machine = node.get("machine", {})
    words = [machine.get(key) for key in ("uuid", "serial", "asset")]
    words += [nic.get("mac") for nic in node["nics"]] + [nic.get("address", "").split("/")[0] for nic in node["nics"]]
    for device in node["fence"]:
        words += [device["name"], device["options"].get("password"), device["options"].get("ip")]
    for word in words:
        if word: print(word.encode().hex())
' "$STATE_DIRECTORY/authkey" < <("$PANDO" config show "$CLUSTER" --json)
}
serves_no_secret() {
    local tree=$STATE_DIRECTORY/served
    mkdir -p "$tree/image"
    cp -L "$NETBOOT"/{boot.ipxe,pando.img} "$tree/"
    (cd "$tree/image" && zstd -dcq ../pando.img | cpio -idm --quiet)
    secrets >"$STATE_DIRECTORY/secrets"
    # It must be able to find: a file with one of them in it is found.
    head -n 1 "$STATE_DIRECTORY/secrets" | xxd -r -p >"$tree/planted"
    python3 - "$tree" "$STATE_DIRECTORY/secrets" <<'END'
import pathlib, sys
words = [bytes.fromhex(line) for line in open(sys.argv[2]).read().split()]
found, files = [], 0
for path in pathlib.Path(sys.argv[1]).rglob("*"):
    if path.is_symlink() or not path.is_file(): continue
    data = path.read_bytes()
    files += 1
    found += [(path.name, word) for word in words if word in data]
assert [name for name, _ in found] == ["planted"], found
assert len(words) > 12, words
assert files > 200, f"only {files} files: was the image unpacked?"
END
}
claim "what PXE serves names no node and holds no secret, whether packed or unpacked" serves_no_secret

# --- a node goes ------------------------------------------------------------------------------------------------------
node_states() { on "$1" pando node list --json | json '" ".join("%s=%s" % (n["name"], n["state"]) for n in d["nodes"])'; }
states_are() { same "$(node_states "$1")" "$2"; }
daemons_of() { on "$1" sh -c 'pgrep -f "^@(corosync|dlm_controld)" | xargs'; }
refuses() { # REGEX NODE COMMAND…: not done, and says why
    local regex=$1 said
    shift
    if said=$(on_for 120 "$@" 2>&1); then
        say "it was done: $said"
        return 1
    fi
    grep -qE -- "$regex" <<<"$said" || { say "$said"; return 1; }
}
serial=PANDO-$LAB-n3
before=$(fence_events n1) || before='?'
daemons=$(daemons_of n1) || daemons='?'
claim "pando node list shows three up" until_true 30 states_are n1 "n1=up n2=up n3=up"
on n2 sh -c 'echo "written by the old blade" > /var/log/story && sync /var/log/story' || true
claim "a node that is up is not removed" refuses 'n3.*(up|member|alive|runs)' n1 pando node remove n3 --yes
on n3 systemctl poweroff || true
claim "n3 is switched off in order" wait_off n3 150
claim "n3 is removed, from n1" on_for 180 n1 pando node remove n3 --yes
claim "pando node list has two" until_true 30 states_are n1 "n1=up n2=up"
claim "corosync on n1 knows two nodes" until_true 30 corosync_knows n1 "1 2"
claim "corosync on n2 knows two nodes" until_true 30 corosync_knows n2 "1 2"
claim "n3's tree is kept aside, and not under the nodes" on n1 sh -c 'find /.pando/kept -maxdepth 2 | grep -q n3 && ! test -e /.pando/nodes/n3'

# --- a stranger -------------------------------------------------------------------------------------------------------
"$PANDO" lab power --name "$LAB" n3 on
claim "the blade of n3 is a stranger now: it waits as pending" console_says n3 150 'identity: PENDING'
sees_pending() { on n1 pando node pending | grep -E "$1"; }
claim "pando node pending on n1 shows serial and MAC" until_true 20 sees_pending "$serial.*52:54:00:77:00:03|52:54:00:77:00:03.*$serial"
machine=$(machine_of n3) || machine='?'

# --- a node moves -----------------------------------------------------------------------------------------------------
read -ra new_bmc <<<"$(bmc_options n3)"
claim "a node that is up is not replaced" refuses 'n2.*(up|member|alive|runs)' n1 pando node replace n2 --pending --yes "${new_bmc[@]}"
on n2 systemctl poweroff || true
claim "n2 is switched off in order" wait_off n2 150
generation() { on n1 pando node show n1 --json | json 'd["generation"]'; }
g0=$(generation) || g0='?'
claim "a dry run shows the lines that would change" on_for 60 n1 sh -c "pando node replace n2 --pending --dry-run ${new_bmc[*]} | grep -E '^[+].*$serial'"
claim "and changes nothing" same "$(generation)" "$g0"
claim "n2 moves to the blade that waits, by one command" on_for 180 n1 pando node replace n2 --pending --yes "${new_bmc[@]}"
claim "by the next generation of the description" same "$(generation)" "$((g0 + 1))"
# The lab goes on calling a blade by the node it was made for.
claim "the blade goes on booting by itself" console_says n3 60 'identity +ok .*n2 [(]node id 2[)]'
claim "and comes up as n2" console_says n3 300 'n2 of cluster grove is up'
claim "without a power cycle: its machine is the same process" same "$(machine_of n3)" "$machine"
claim "pando node list shows n2 up again" until_true 30 states_are n1 "n1=up n2=up"
claim "n2 has kept its name, address and content" same "$(on n2 sh -c 'hostname; cat /var/log/story')" "n2
written by the old blade"
claim "both are members" members_are n1 "[1, 2]"
claim "n2 is healthy" until_true 60 on n2 pando status --here

claim "its console says which parts are others than at the boot before" console_says n3 30 "hardware of n2: .*$serial"
claim "and pando hw diff says so on another node" on n1 sh -c "pando hw diff n2 | grep -F $serial"

# --- and is fenced by the new blade's BMC -----------------------------------------------------------------------------
claim "nobody was fenced so far" no_fencing_since n1 "$before"
mark=$(console_mark n3)
claim "n2 loses power on its new blade" power_cut n3
claim "its new blade is fenced, by its own BMC" until_true 150 another_machine n3 "$machine"
claim "which the agent's log on n1 says" until_true 20 on n1 grep -q 'n2-bmc: node id 2 is fenced' /run/initramfs/var/log/fence.log
claim "n2 comes up again on that blade" until_true 300 console_times n3 "$mark" 1 'n2 of cluster grove is up'
claim "both are members again" until_true 60 members_are n1 "[1, 2]"
before=$(fence_events n1) || before='?'

# --- the old blade comes back, and two machines are one node ----------------------------------------------------------
"$PANDO" lab power --name "$LAB" n2 on
claim "the old blade waits as pending" console_says n2 150 'identity: PENDING'
claim "while n2 is up its old binding is not restored" refuses 'n2.*(up|member|alive|runs)' n1 pando node restore n2 --yes
# As after a wrong edit: n2 is known by the MAC alone, and by that of the old blade.
edited() { # PYTHON: changes `text`, the whole of cluster.yaml
    on_for 120 n1 sh -c 'rm -rf /root/edit && pando bundle get --output /root/edit' &&
        on_for 120 n1 python3 -c '
import re, sys
path = "/root/edit/cluster.yaml"
text = open(path).read()
exec(sys.argv[1])
open(path, "w").write(text)' "$1" && on_for 120 n1 pando bundle write /root/edit
}
claim "an edit makes the old blade match n2 as well, by its MAC" edited '
head, node = text.split("  - name: n2\n", 1)
open("/root/before-edit.yaml", "w").write(text)
node = re.sub(r"    machine:\n(      .*\n)+", "", node, count=1).replace("52:54:00:77:00:03", "52:54:00:77:00:02", 1)
text = head + "  - name: n2\n" + node'
claim "the second machine is refused, and told where the first is" console_says n2 90 "ERROR node n2 runs on another machine: .*$serial"
claim "the first is not disturbed" members_are n1 "[1, 2]"
"$PANDO" lab power --name "$LAB" n2 off
claim "the edit is taken back" edited 'text = open("/root/before-edit.yaml").read()'

# --- the old binding again --------------------------------------------------------------------------------------------
on n2 systemctl poweroff || true
claim "n2 is switched off on its new blade" wait_off n3 150
claim "its old binding is restored by one command" on_for 180 n1 pando node restore n2 --yes
"$PANDO" lab power --name "$LAB" n2 on
claim "the old blade is n2 again" wait_up n2 300

# --- a node comes -----------------------------------------------------------------------------------------------------
"$PANDO" lab power --name "$LAB" n3 on
claim "the new blade is a stranger again" console_says n3 150 'identity: PENDING'
claim "pending machines are watched for" on n1 sh -c 'timeout -s INT 4 pando node pending --watch 1 | grep -c "52:54:00:77:00:03" | grep -qx "[2-9]"'
claim "a trial of its addition shows the change" on_for 60 n1 sh -c 'pando node add n3 --profile blade --pending --dry-run "$@" | grep -E "^[+].*name: n3"' - "${new_bmc[@]}"
claim "a node is added for it, on the live cluster" on_for 240 n1 pando node add n3 --profile blade --pending --yes "${new_bmc[@]}"
claim "the blade goes on, and comes up as n3" wait_up n3 300
claim "three are members" until_true 30 members_are n1 "[1, 2, 3]"
for node in n1 n2 n3; do claim "$node is healthy" until_true 60 on "$node" pando status --here; done

# --- templates of the site's own, on the live cluster -----------------------------------------------------------------
# hosts is rendered by every node for itself, and for its chroot; corosync is told to read its file anew.
template_written() { # NAME PYTHON: changes `text`, the template; the directory is as the bundle has it
    on_for 120 n1 sh -c 'rm -rf /root/site && pando bundle get --output /root/site && mkdir -p /root/site/templates' &&
        on_for 60 n1 sh -c 'cd /root/site && { test -e "templates/$1.in" || pando config render "${1%.conf}" --template >"templates/$1.in"; }' - "$1" &&
        on_for 60 n1 python3 -c '
import sys
path = f"/root/site/templates/{sys.argv[1]}.in"
text = open(path).read()
exec(sys.argv[2])
open(path, "w").write(text)' "$@" && on_for 120 n1 pando bundle write /root/site
}
hosts_have() { # NODE TEXT: its own /etc/hosts, and its chroot's
    on "$1" sh -c 'grep -qF "$1" /etc/hosts && grep -qF "$1" /run/initramfs/etc/hosts' - "$2"
}
hosts_lack() { ! hosts_have "$@"; }
corosync_has() { # NODE KEY VALUE
    same "$(on "$1" corosync-cmapctl -g "$2" | sed 's/.* = //')" "$3"
}
refused_at_line() { # NAME PYTHON
    local said
    said=$(template_written "$@" 2>&1) && return 1
    grep -qE "$1.in:[0-9]+:[0-9]+" <<<"$said"
}
g0=$(generation) || g0='?'
claim "a template with an unknown variable is refused, with line and column" refused_at_line hosts 'text += "10.77.0.250 {{printer}}\n"'
claim "and nothing was written" same "$(generation)" "$g0"
claim "the site adds a line to the template of hosts" template_written hosts 'text += "10.77.0.250 printer\n"'
for node in n1 n2 n3; do claim "$node has it, and so has its chroot" until_true 30 hosts_have "$node" "10.77.0.250 printer"; done
claim "the site sets another time in the template of corosync.conf" template_written corosync.conf \
    'text = text.replace("    token: {{token}}\n", "    token: {{token}}\n    token_warning: 80\n")'
for node in n1 n2 n3; do claim "corosync on $node has read it" until_true 30 corosync_has "$node" runtime.config.totem.token_warning 80; done
claim "pando doctor on n2 finds corosync in order" until_true 30 on n2 sh -c 'pando doctor | grep -q "corosync goes by the description"'
claim "the templates are taken away again" on_for 240 n1 sh -c 'pando bundle get --output /root/site && rm -r /root/site/templates && pando bundle write /root/site'
for node in n1 n2 n3; do claim "$node has the built-in hosts again" until_true 30 hosts_lack "$node" "10.77.0.250 printer"; done

# --- more nodes than the root has journals, from a table --------------------------------------------------------------
table() { # LINE…: on n1, in /root/rack.csv
    on n1 sh -c 'printf "%s\n" "$@" >/root/rack.csv' - name,profile,serial,mac,fence.ip,fence.password "$@"
}
journals() { on n1 gfs2_edit -p journals /dev/mapper/pando-root | grep -c '^journal[0-9]'; }
g0=$(generation) || g0='?'
claim "the root has four journals" same "$(journals)" 4
table n4,blade,SPARE-4,52:54:00:77:00:04,10.77.0.104,secret-4 n5,blade,SPARE-5,52:54:00:77:00:04,10.77.0.105,secret-5
claim "a table with a bad row is refused, and the row is named" refuses 'rack.csv:3: node n5: the MAC .* is already that of n4' n1 \
    pando node add --from /root/rack.csv --untested-fence --yes
claim "and nothing of it is done" same "$(generation)" "$g0"
table n4,blade,SPARE-4,52:54:00:77:00:04,10.77.0.104,secret-4 n5,blade,SPARE-5,52:54:00:77:00:05,10.77.0.105,secret-5
claim "two nodes are added from a table" on_for 240 n1 pando node add --from /root/rack.csv --untested-fence --yes
claim "the mounted root has got the fifth journal" same "$(journals)" 5
for node in n1 n2 n3; do claim "corosync on $node knows five nodes" until_true 30 corosync_knows "$node" "1 2 3 4 5"; done
claim "they were never there: removed again, by a range, on an operator's word" on_for 180 n1 \
    pando node remove 'n[4-5]' --confirm-off "never racked" --yes
claim "corosync on n2 knows three nodes" until_true 30 corosync_knows n2 "1 2 3"

# --- another name -----------------------------------------------------------------------------------------------------
on n3 sh -c 'echo "written as n3" > /var/log/story && sync /var/log/story' || true
on n3 systemctl poweroff || true
claim "n3 is switched off in order once more" wait_off n3 150
claim "it gets another name" on_for 180 n1 pando node rename n3 db1 --yes

# --- the LUN loses the newest description while nodes go by it --------------------------------------------------------
# The older copy is whole, and by it the blade is still n3.
slot_field() { "$PANDO" bundle show --lun "$LUN" --json | json "[s['$2'] for s in d if s['slot'] == $1][0]"; } # SLOT FIELD
newest_slot() { "$PANDO" bundle show --lun "$LUN" --json | json 'next(s["slot"] for s in d if s.get("newest"))'; }
damage() { # SLOT: one byte of that copy, which is no text then
    local begin
    begin=$(sfdisk --json "$LUN" | json 'next(p["start"] for p in d["partitiontable"]["partitions"] if p.get("name") == "pando-bundle") * d["partitiontable"]["sectorsize"]')
    printf '\377' | dd of="$LUN" bs=1 seek=$((begin + $1 * 4194304 + 300)) conv=notrunc status=none
}
doctor_says() { on "$1" sh -c 'pando doctor | grep -E -- "$1"' - "$2"; } # NODE REGEX
g0=$(generation) || g0=0
newest=$(newest_slot) || newest=0
claim "the newest copy of the description is damaged from outside" damage "$newest"
claim "it is torn" same "$(slot_field "$newest" state)" torn
claim "the other one is older" same "$(newest_slot) $(slot_field "$((1 - newest))" generation)" "$((1 - newest)) $((g0 - 1))"
mark=$(console_mark n3)
"$PANDO" lab power --name "$LAB" n3 on
lost="is generation $((g0 - 1)), and n1, n2 go by generation $g0: the newest copy is lost"
claim "pando doctor calls it a fault, with both generations" doctor_says n1 "FAULT +description .*$lost"
claim "and says what mends it" doctor_says n1 '-> on n1 or n2: pando bundle write --rescue'
claim "a dry run of a change is refused" refuses "$lost" n1 pando node rename db1 db2 --dry-run
claim "and so is a write, from the other node" refuses "$lost" n2 \
    sh -c 'pando bundle get --output /root/lost && pando bundle write /root/lost'
claim "nothing was written" same "$(slot_field "$newest" state)" torn
claim "a blade that boots by the older copy is refused at preflight" until_true 200 console_times n3 "$mark" 1 'preflight FAILED'
claim "with cause and advice" until_true 10 console_in_order n3 "$mark" 'preflight FAILED' "ERROR .*$lost" \
    '-> on n1 or n2: pando bundle write --rescue.*boot this machine again'
"$PANDO" lab power --name "$LAB" n3 off
claim "n1 writes it again" on_for 180 n1 pando bundle write --rescue
claim "into the slot that was damaged, as the next generation" same "$(newest_slot) $(slot_field "$newest" generation)" "$newest $((g0 + 1))"
claim "pando doctor finds the description in order, and all nodes go by it" until_true 30 doctor_says n1 \
    "ok +description +generation $((g0 + 1)), both copies on the LUN are good"
claim "what is not lost is not written again" refuses "is not lost: slot $newest holds generation $((g0 + 1))" n2 pando bundle write --rescue
claim "the description can be changed again" on_for 240 n2 sh -c \
    'pando bundle get --output /root/lost && echo "# was lost once" >>/root/lost/cluster.yaml && pando bundle write /root/lost'
claim "by the generation after that" same "$(generation)" "$((g0 + 2))"

mark=$(console_mark n3)
"$PANDO" lab power --name "$LAB" n3 on
claim "its blade comes up as db1" until_true 300 console_times n3 "$mark" 1 'db1 of cluster grove is up'
claim "with that host name, and what n3 had" same "$(on n3 sh -c 'cat /etc/hostname /var/log/story')" "db1
written as n3"
claim "pando node list shows it" until_true 30 states_are n1 "n1=up n2=up db1=up"

claim "nobody was fenced for any of this" no_fencing_since n1 "$before"
claim "corosync and dlm_controld of n1 are the same processes as before" same "$(daemons_of n1)" "$daemons"

# --- and one is removed as it runs ------------------------------------------------------------------------------------
# By its power: the others fence who is gone, and a fencing ends with the power on.
others=$(fence_events n1 | grep -c 'fence result [12] .*result 0') || true
claim "a node that is up is removed with --stop" on_for 300 n1 pando node remove db1 --stop --yes
claim "pando node list has two" until_true 30 states_are n1 "n1=up n2=up"
claim "both are members" members_are n1 "[1, 2]"
claim "its machine is off in the end" wait_off n3 60
claim "nobody else was fenced" same "$(fence_events n1 | grep -c 'fence result [12] .*result 0')" "$others"

# --- a node that was described before its machine was there -----------------------------------------------------------
described() { # on n1, in /root/rack.csv: no machine yet, but its BMC
    local password=
    password=$(printf '%s\n' "${new_bmc[@]}" | sed -n 's/^password=//p')
    on n1 sh -c 'printf "%s\n" "$@" >/root/rack.csv' - name,profile,mac,fence.ip,fence.password "n8,blade,52:54:00:77:00:88,10.77.0.103,$password"
}
claim "n8 is described, and has no machine yet" described
claim "it is added" on_for 240 n1 pando node add --from /root/rack.csv --yes
mark=$(console_mark n3)
"$PANDO" lab power --name "$LAB" n3 on
claim "a blade waits as pending" until_true 150 console_times n3 "$mark" 1 'identity: PENDING'
claim "it becomes n8 by one command" on_for 180 n1 pando node approve n8 --yes
claim "it comes up as that" until_true 300 console_times n3 "$mark" 1 'n8 of cluster grove is up'
claim "and is a member" until_true 30 states_are n1 "n1=up n2=up n8=up"
