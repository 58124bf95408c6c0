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
