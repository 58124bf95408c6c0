# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What can go wrong between machines, and how it is put right again: packets that are dropped in the lab's own network,
# and machines that stand still. Sourced after lab/story.bash.

address_of() { printf '10.77.0.%s' "$((10 + ${1#n}))"; }
bmc_address_of() { printf '10.77.0.%s' "$((100 + ${1#n}))"; }
in_network() { ip netns exec "pando-$LAB" "$@"; }

# drop_between CHAIN RULE…: until heal. Blades to blades go through the bridge (forward); blades to the storage and the
# BMCs arrive at the lab's own addresses (arrive, leave).
drop() {
    local chain=$1
    shift
    in_network nft -f - <<END
table bridge pando { chain forward { type filter hook forward priority 0; }; }
table inet pando {
    chain arrive { type filter hook input priority 0; }
    chain leave { type filter hook output priority 0; }
}
END
    if [[ $chain == forward ]]; then
        in_network nft add rule bridge pando forward "$@" drop
    else
        in_network nft add rule inet pando "$chain" "$@" drop
    fi
}
heal() { in_network nft flush ruleset; }

# corosync's packets from NODE (out), to it (in), or both; the storage is reached as before.
mute() { # NODE in|out|both
    if [[ $2 != in ]]; then drop forward ip saddr "$(address_of "$1")" udp dport 5405; fi
    if [[ $2 != out ]]; then drop forward ip daddr "$(address_of "$1")" udp dport 5405; fi
}
lose_storage() { # NODE
    drop arrive ip saddr "$(address_of "$1")" tcp dport 3260
    drop leave ip daddr "$(address_of "$1")" tcp sport 3260
}
lose_bmc() { drop arrive ip daddr "$(bmc_address_of "$1")" udp dport 623; } # NODE: it answers nobody

# qmp NODE COMMAND: QEMU's own control socket; what it answers is looked at.
qmp() {
    python3 - "$(lab_state)/$LAB/run/$1.qmp" "$2" <<'END'
import json, socket, sys
path, wanted = sys.argv[1:]
control = socket.socket(socket.AF_UNIX)
control.settimeout(10)
control.connect(path)
lines = control.makefile("rw")
lines.readline()
for command in "qmp_capabilities", wanted:
    lines.write(json.dumps({"execute": command}) + "\n")
    lines.flush()
    answer = {}
    while not {"return", "error"} & answer.keys():
        answer = json.loads(lines.readline())
    assert "return" in answer, answer
END
}
stand_still() { qmp "$1" stop; } # NODE: all its processors, as a machine in the hands of its firmware

# Programs of the lab by how their command line begins, a process id a line: servers, BMCs (ipmi_sim), machines.
lab_processes() { # REGEX
    local pid words
    for pid in $(ip netns pids "pando-$LAB"); do
        words=$({ tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null) || continue # it has ended meanwhile
        if [[ $words =~ ^$1 ]]; then say "$pid"; fi
    done
}
# halting SECONDS_STILL SECONDS_RUNNING TIMES PID…: a server that is slow; it runs afterwards, as ever.
halting() {
    local still=$1 running=$2 times=$3 round
    shift 3
    (($# > 0)) || { say "there is no such server"; return 1; }
    for ((round = 0; round < times; round++)); do
        kill -STOP "$@"
        pause "$still"
        kill -CONT "$@"
        pause "$running"
    done
}
# The LUN as the target offers it to everybody: read-only or not.
lun_takes_writes() { # yes|no
    local readonly=1
    if [[ $1 == yes ]]; then readonly=0; fi
    TGT_IPC_SOCKET=$(lab_state)/$LAB/run/tgtd tgtadm -C 0 --lld iscsi --op update --mode logicalunit --tid 1 --lun 1 --params readonly=$readonly
}
# The network of the lab is gone: blades reach neither each other nor storage, boot server and BMCs. Until heal.
lose_network() {
    drop forward ip saddr 10.77.0.0/24
    drop arrive ip saddr 10.77.0.0/24
    drop leave ip daddr 10.77.0.0/24
}
# How many lines of the agents' logs on these nodes hold the text. A node that has never fenced has no such log.
agents_said() { # TEXT NODE…
    local text=$1 node count sum=0
    shift
    for node in "$@"; do
        count=$(on_for 20 "$node" grep -cF -- "$text" /run/initramfs/var/log/fence.log 2>/dev/null) || true
        sum=$((sum + ${count:-0}))
    done
    say "$sum"
}
agents_said_more() { # THAN TEXT NODE…
    local now
    now=$(agents_said "${@:2}")
    ((now > $1)) || { say "the agents said so $now times: $2"; return 1; }
}
