# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A lab of three blades for faults: made, brought to three healthy members, and made whole again after each fault.
# Sourced by tests/system/faults and tests/system/chaos, with $top, $here; $current is the fault that is at work.
source "$top/lab/lib.bash"
source "$top/lab/story.bash"
LAB=$PANDO_TEST_LAB
hold_lab "$LAB"
STATE_DIRECTORY=$(mktemp -d /var/tmp/pando-faults.XXXXXX)
cleanup() {
    trap '' INT TERM HUP # what ends the rest must not cut this short
    jobs -p | xargs -r kill 2>/dev/null || true
    if clear_lab; then release_lab; fi
    rm -rf "$STATE_DIRECTORY"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
source "$here/lib/writers.bash"
source "$here/lib/obstacles.bash"
source "$here/lib/chroot_shell.bash"
source "$here/lib/minimal_system.bash"

build_pando
clear_lab
prepare_lab "$LAB" 3 "$STATE_DIRECTORY"
# A node that dies soon after a join is case 20; the others wait that time out.
post_join_delay=10
sed -i "s/^root:\$/dlm:\n  post_join_delay: ${post_join_delay}s\n\nroot:/" "$CLUSTER"
grep -q "post_join_delay: ${post_join_delay}s" "$CLUSTER" || fail "no root: in $CLUSTER" "does lab/description.cpp write it in another way by now?"
# With a message on the LUN behind each BMC, where sbd's timeout is given. The chroot carries sbd only then.
if [[ -n ${SBD_TIMEOUT:-} ]]; then
    sed -i "s/^storage:\$/watchdog:\n  timeout: ${SBD_TIMEOUT}s\n\nstorage:\n  sbd: true/" "$CLUSTER"
    grep -q '^  sbd: true$' "$CLUSTER" || fail "no storage: in $CLUSTER" "does lab/description.cpp write it in another way by now?"
    say "image: again, with sbd"
    "$PANDO" image build --root "$ROOT_TREE" --cluster "$CLUSTER" --output "$NETBOOT"
fi
"$PANDO" bundle write --lun "$LUN" "$CLUSTER"
"$PANDO" lab up --name "$LAB" --cluster "$CLUSTER" --netboot "$NETBOOT" --lun "$LUN" --no-power

# --- the bound that most cases have -----------------------------------------------------------------------------------
# From a death to the first write of a survivor: corosync notices, asks the others, and the agent switches off and on.
detection() { # NODE: token + consensus as they run there, seconds
    on "$1" sh -c 'corosync-cmapctl -g runtime.config.totem.token; corosync-cmapctl -g runtime.config.totem.consensus' |
        sed -nE 's/.*= *([0-9]+)$/\1/p' | awk '{ s += $1 / 1000 } END { print s }'
}
agent_patience=20 # seconds: power_timeout of the lab's devices; the agent's own time is less, see fence.log
recovery_limit() { awk -v d="$(detection "${1:-n1}")" -v a="$agent_patience" 'BEGIN { print d + a + 3 }'; }
recovers() { # NODE TIME LIMIT: its writes stop at most so long
    local gap after
    claim "$1 writes again" wait_for_recovery "$acknowledged/$1" "$2" "$(awk -v l="$3" 'BEGIN { print int(l) + 60 }')"
    read -r gap after < <(silence_of "$1" "$2")
    figure "from the fault to $1's next write" "$after" "$3"
}
fenced_and_back() { # NODE MACHINE [SEEN_BY]: as another machine process, and as a healthy member
    claim "$1 is fenced by its BMC" until_true 120 another_machine "$1" "$2"
    claim "$1 comes back" wait_up "$1" 300
    claim "and is a member" until_true 60 members_are "${3:-n1}" "[1, 2, 3]"
}
fenced_for_its_link() { # in|out|both LIMIT: n3 loses that part of its cluster link, and nothing else
    local machine cut
    machine=$(machine_of n3) || machine='?'
    cut=$EPOCHREALTIME
    mute n3 "$1"
    recovers n1 "$cut" "$2"
    claim "n3 is fenced by its BMC" until_true 120 another_machine n3 "$machine"
    heal
    claim "n3 comes back" wait_up n3 300
    claim "nobody else was fenced" same "$(fence_events n1 | grep -c 'fence result [12] .*result 0')" 0
}

# As boot_with, while the others run: the live cluster goes by the description as the sed script changes it, from n1.
describe_live() { # SED
    on_for 120 n1 sh -c 'rm -rf /root/edit && pando bundle get --output /root/edit && cd /root/edit &&
        cp cluster.yaml ../before.yaml && sed -E -i "$1" cluster.yaml && ! cmp -s cluster.yaml ../before.yaml &&
        pando bundle write /root/edit' - "$1"
}
describe_as_before() {
    on_for 120 n1 sh -c 'rm -rf /root/edit && pando bundle get --output /root/edit &&
        cp /root/before.yaml /root/edit/cluster.yaml && pando bundle write /root/edit'
}

# --- whole again ------------------------------------------------------------------------------------------------------
is_settled() { # NODE: has been a member for longer than post_join_delay
    on "$1" cat /proc/uptime /run/pando/boot.json >"$STATE_DIRECTORY/age" || return 1
    python3 - "$STATE_DIRECTORY/age" "$post_join_delay" <<'END'
import json, sys
uptime, boot = open(sys.argv[1]).read().split("\n", 1)
joined = next(s["end"] for s in json.loads(boot)["stages"] if s["name"] == "join" and s["result"] == "ok")
assert float(uptime.split()[0]) - joined > float(sys.argv[2]), "it has joined just now"
END
}
are_up() { # and what is off is switched on for that
    local node
    for node in n1 n2 n3; do
        if [[ $(bmc "$node") == off ]]; then "$PANDO" lab power --name "$LAB" "$node" on; fi
    done
    for node in n1 n2 n3; do wait_up "$node" 300 || return 1; done
}
are_members() { # each knows all three: no two of them are apart
    local node
    are_up || return 1
    for node in n1 n2 n3; do until_true 60 members_are "$node" "[1, 2, 3]" || return 1; done
}
are_whole() {
    local node
    are_up || return 1
    for node in n1 n2 n3; do
        until_true 60 members_are "$node" "[1, 2, 3]" || return 1
        until_true 120 on "$node" pando status --here || return 1 # a device that was silent is asked again after 60 s
        until_true 60 is_settled "$node" || return 1
    done
}
# When a case has left them otherwise that is its fault, and the next one begins with a cold start.
make_whole() {
    local node
    heal
    if are_whole >"$STATE_DIRECTORY/whole" 2>&1; then return; fi
    tail -8 "$STATE_DIRECTORY/whole" | sed 's/^/#   /'
    [[ $current == start ]] || { say "not ok - $current: the nodes are whole again afterwards"; broken=$((broken + 1)); }
    for node in n1 n2 n3; do "$PANDO" lab power --name "$LAB" "$node" off || true; done
    are_whole || fail "three nodes do not come up" "the consoles are in $(lab_state)/$LAB/logs"
}

# story_has OBSERVER NODE REGEX...: of NODE's last outage OBSERVER tells these lines, in this order.
story_has() {
    local story rest regex
    rest=$(on "$1" pando why "$2" 2>&1) || { say "$rest"; return 1; }
    story=$rest
    shift 2
    for regex in "$@"; do
        rest=$(awk -v regex="$regex" 'found { print } $0 ~ regex { found = 1 } END { exit !found }' <<<"$rest") ||
            { say "$story"; say "what lacks is, behind what came before it: $regex"; return 1; }
    done
}
end_in_order() {
    local node
    say "=== the end: all off in order, and the root's journals are clean"
    for node in n3 n2 n1; do stop_in_order "$node" poweroff || true; done
    for node in n1 n2 n3; do claim "$node powered itself off" wait_off "$node" 200; done
    claim "the root is clean" clean_journals
}
