# SPDX-License-Identifier: GPL-2.0-or-later
# The story that lab/demo tells and tests/system/first_boot asserts, claim by claim, on a lab that prepare_lab made.
# Sourced after lab/lib.bash. `claim WHAT COMMAND…` runs the command and says "ok - WHAT" or "not ok - WHAT".

claims=0 broken=0
claim() {
    local what=$1 said
    shift
    claims=$((claims + 1))
    if said=$("$@" 2>&1); then
        say "ok - $what"
    else
        broken=$((broken + 1))
        say "not ok - $what"
        sed 's/^/#   /' <<<"$said" | tail -15
    fi
}
same() { [[ $1 == "$2" ]] || { say "'$1' is not '$2'"; return 1; }; }
differ() { [[ -n $1 && -n $2 && $1 != "$2" ]] || { say "'$1' and '$2' do not differ"; return 1; }; }
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a <= b) }' || { say "$1 is more than $2"; return 1; }; }
empty() { [[ -z $1 ]] || { say "$1"; return 1; }; }

on() { local node=$1; shift; "$PANDO" lab ssh --name "$LAB" "$node" "$@"; }
bmc() { "$PANDO" lab power --name "$LAB" "$1" status; }
json() { python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"; }
wait_up() { "$PANDO" lab wait --name "$LAB" "$1" --timeout "${2:-300}" --booted; }
wait_off() { "$PANDO" lab wait --name "$LAB" "$1" --timeout "${2:-120}" --off; }

# --- the blades come up -----------------------------------------------------------------------------------------------
root_identity() { on "$1" findmnt -no FSTYPE,UUID,OPTIONS / | awk '{ print $1, $2, ($3 ~ /(^|,)rw(,|$)/) ? "rw" : "ro" }'; }
has_no_disk() { # the only block device is the iSCSI LUN
    local transports
    transports=$(on "$1" sh -c 'for d in /sys/block/sd* /sys/block/vd* /sys/block/nvme*; do [ -e "$d" ] && readlink -f "$d"; done | grep -v /session; true')
    empty "$transports"
}
loaded_by_network() {
    local logs address file
    logs=${PANDO_LAB_STATE:-/var/lib/pando/lab}/$LAB/logs
    for address in 10.77.0.11 10.77.0.12; do
        grep -q "DHCPACK.* $address " "$logs"/dnsmasq* || { say "no DHCPACK for $address"; return 1; }
        for file in vmlinuz pando.img bundle.cpio; do
            grep -hq "^$address .*GET /$file HTTP.* 200 " "$logs"/* || { say "$address did not fetch $file"; return 1; }
        done
    done
}
failed_units() { on "$1" systemctl --failed --no-legend --plain; }
system_is_running() { on "$1" systemctl is-system-running --wait; }

story_up() {
    say "power on: n1 and n2"
    "$PANDO" lab power --name "$LAB" n1 on
    "$PANDO" lab power --name "$LAB" n2 on
    claim "n1 booted from nothing into the shared root" wait_up n1
    claim "n2 booted from nothing into the shared root" wait_up n2
    local a b node
    claim "both got their address by DHCP, and kernel, image and bundle by HTTP (from the servers' logs)" loaded_by_network
    for node in n1 n2; do
        claim "$node has no disk of its own, only the LUN" has_no_disk "$node"
        claim "$node runs without a failed unit" empty "$(system_is_running "$node" >/dev/null; failed_units "$node")"
        claim "$node is healthy: quorate, root read-write, nothing of the survival set stands on the root" on "$node" pando status
        claim "$node: corosync-quorumtool and dlm_tool answer on the booted system" on "$node" sh -c 'corosync-quorumtool -s >/dev/null; test $? -le 1 && dlm_tool status | grep -q "cluster nodeid"'
        claim "$node: no open file, mapping or directory of the survival set on the root (from /proc)" on "$node" pando chroot check
    done
    a=$(root_identity n1) b=$(root_identity n2)
    claim "/ on both is one GFS2 filesystem, read-write ($a)" same "${a%% *} ${a##* } $a" "gfs2 rw $b"
    on n1 sh -c 'mkdir -p /srv/story && echo "written on n1" > /srv/story/file && sync /srv/story/file'
    claim "a file written on n1 is read on n2" same "$(on n2 cat /srv/story/file)" "written on n1"
    claim "host names differ" differ "$(on n1 cat /etc/hostname)" "$(on n2 cat /etc/hostname)"
    claim "machine-ids differ" differ "$(on n1 cat /etc/machine-id)" "$(on n2 cat /etc/machine-id)"
    on n1 sh -c 'echo n1 > /var/log/story'
    on n2 sh -c 'echo n2 > /var/log/story'
    claim "/var/log is each node's own" same "$(on n1 cat /var/log/story) $(on n2 cat /var/log/story)" "n1 n2"
    claim "both write their own journal" differ "$(on n1 ls /var/log/journal)" "$(on n2 ls /var/log/journal)"
}

# --- one dies ---------------------------------------------------------------------------------------------------------
# A writer on NODE: creates and flushes one file after another in a directory that both write to, and says each one.
# What the host reads is stamped with the host's clock, so one clock measures everything.
start_writer() {
    # shellcheck disable=SC2016 # the node's shell expands it
    on "$1" python3 -u -c '
import os, sys, time
node = sys.argv[1]
end = time.monotonic() + 300
n = 0
while time.monotonic() < end:
    n += 1
    fd = os.open(f"/srv/story/{node}.{n % 20}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(fd, b"%d\n" % n * 512); os.fsync(fd); os.close(fd)
    if n % 20 == 19: os.unlink(f"/srv/story/{node}.{n % 20}")
    print(n)
' "$1" </dev/null 2>/dev/null | while read -r n; do printf '%s %s\n' "${EPOCHREALTIME/,/.}" "$n"; done >"$2" &
}
# Who runs the fence agent, and from where: one line as soon as an agent is seen on NODE.
start_agent_watch() {
    # shellcheck disable=SC2016
    on "$1" python3 -u -c '
import os, time
end = time.monotonic() + 240
init = os.readlink("/proc/1/ns/mnt")
def daemon():
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            if open(f"/proc/{p}/cmdline").read().startswith("@dlm_controld"): return p
        except OSError: pass
chroot = os.readlink(f"/proc/{daemon()}/ns/mnt")
while time.monotonic() < end:
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open(f"/proc/{p}/cmdline").read().split("\0")
            if any(w.endswith("fence_ipmilan") for w in words[:4]):
                ns = os.readlink(f"/proc/{p}/ns/mnt")
                print("agent in the chroot" if ns == chroot and ns != init else "agent ELSEWHERE", ns); raise SystemExit
        except OSError: pass
    time.sleep(0.02)  # between looks
' </dev/null >"$2" 2>&1 &
}
lines_after() { awk -v t="$2" '$1 > t' "$1" | wc -l; }
wait_for_lines() { # FILE COUNT SECONDS: until the file has that many lines; looked at ten times a second
    local end=$((SECONDS + $3))
    while (($(wc -l <"$1") < $2)); do ((SECONDS < end)) || return 1; read -rt 0.1 <> <(:) || true; done
}
wait_for_growth() { # FILE TIME SECONDS: until a line later than TIME came
    local end=$((SECONDS + $3))
    while (($(lines_after "$1" "$2") == 0)); do ((SECONDS < end)) || return 1; read -rt 0.1 <> <(:) || true; done
}
# The longest silence of the writer after TIME: "GAP FIRST_WRITE_AFTER_IT".
longest_gap() { awk -v t="$2" '{ if (last && $1 > t && $1 - last > gap) { gap = $1 - last; first = $1 } last = $1 } END { printf "%.1f %.6f\n", gap, first }' "$1"; }
settings_sum() { # token + consensus, seconds, from the running corosync
    on "$1" sh -c 'for k in token consensus; do corosync-cmapctl -g runtime.config.totem.$k; done' | awk -F= '{ s += $2 } END { print s / 1000 }'
}

story_death() {
    local writes=$STATE_DIRECTORY/writes agent=$STATE_DIRECTORY/agent other=$STATE_DIRECTORY/writes-n2 cut sum gap first recovered
    : >"$writes" >"$agent" >"$other"
    sum=$(settings_sum n1)
    # A node that joined a moment ago is not fenced at once (dlm's post_join_delay): by now both are long up.
    start_writer n1 "$writes"
    start_writer n2 "$other"
    start_agent_watch n1 "$agent"
    claim "both nodes write into one directory" wait_for_lines "$writes" 20 60
    claim "n2 writes as well" wait_for_lines "$other" 20 60
    say "power cut: n2"
    cut=$EPOCHREALTIME
    "$PANDO" lab power --name "$LAB" n2 off
    claim "the BMC of n2 reports off" same "$(bmc n2)" off
    claim "the fence agent runs, from the chroot" wait_for_agent "$agent" 120
    # The first write that was begun after the cut and is finished comes with the recovery.
    claim "the writes of n1 go on after the fencing" wait_for_recovery "$writes" "$cut" 180
    read -r gap first < <(longest_gap "$writes" "$cut")
    recovered=$(awk -v a="$first" -v b="$cut" 'BEGIN { printf "%.1f", a - b }')
    claim "the writes of n1 were blocked until then (for ${gap} s)" at_most "$sum" "$gap"
    say "# from power cut to the first write after the block: $recovered s; token + consensus: $sum s"
    RECOVERY="$recovered s (token + consensus $sum s, then agent and journal replay)"
    claim "dlm_controld says that the fencing of n2 succeeded" fenced_once n1 2
}
wait_for_agent() { wait_for_lines "$1" 1 "$2" && cat "$1" && grep -q 'in the chroot' "$1"; }
wait_for_recovery() { # until a gap of at least 3 s lies behind and writes come again
    local end=$((SECONDS + $3)) gap first
    while :; do
        read -r gap first < <(longest_gap "$1" "$2")
        awk -v g="$gap" 'BEGIN { exit !(g >= 3) }' && return 0
        ((SECONDS < end)) || { say "longest silence: $gap s"; return 1; }
        read -rt 0.2 <> <(:) || true
    done
}
fence_events() { on "$1" sh -c 'dlm_tool dump | grep -E "fence (result|request|status)"; true'; }
fenced_once() { fence_events "$1" | tee /dev/stderr | grep -Eq "fence result $2 .*result 0"; }

story_return() {
    claim "the fenced blade n2 boots again by itself and rejoins" wait_up n2
    claim "n2 is healthy again" on n2 pando status
    claim "both nodes are members" same "$(on n1 pando status --json | json 'sorted(d["quorum"]["members"])')" "[1, 2]"
    claim "n2 reads what n1 wrote meanwhile" on n2 test -s /srv/story/n1.1
}

# --- both stop in order -----------------------------------------------------------------------------------------------
clean_journals() { # the root, looked at on this machine now that nobody uses it
    local device begin size status=0 said
    # By offset: not every kernel reads a GPT.
    read -r begin size < <(sfdisk --json "$LUN" | python3 -c '
import json, sys
table = json.load(sys.stdin)["partitiontable"]
root = next(p for p in table["partitions"] if p.get("name") == "pando-root")
print(root["start"] * table["sectorsize"], root["size"] * table["sectorsize"])')
    device=$(losetup --find --show --read-only --offset "$begin" --sizelimit "$size" "$LUN")
    said=$(fsck.gfs2 -n "$device" 2>&1) || status=$?
    losetup -d "$device"
    grep -iE 'journal|clean|error|dirty' <<<"$said"
    ((status == 0)) && ! grep -iqE 'dirty|needs recovery|error' <<<"$said"
}
story_stop() {
    local before after
    before=$(fence_events n1)
    say "power off in order: n2, then n1"
    on n2 systemctl poweroff || true
    claim "n2 powered itself off" wait_off n2 150
    claim "n2 left in order: root unmounted, lockspace and cluster left" console_has n2 'exit: unmount the shared root ok' 'exit: end dlm_controld ok' 'exit: leave the cluster ok'
    after=$(fence_events n1)
    claim "nobody was fenced when n2 left" same "$after" "$before"
    claim "n1 goes on: quorate, writes" on n1 sh -c 'pando status >/dev/null; corosync-quorumtool -s | grep -q "Quorate: *Yes" && touch /srv/story/alone && sync /srv/story/alone'
    on n1 systemctl poweroff || true
    claim "n1 powered itself off" wait_off n1 150
    claim "n1 left in order" console_has n1 'exit: unmount the shared root ok' 'exit: end dlm_controld ok' 'exit: leave the cluster ok'
    claim "the root is clean: no journal was lost" clean_journals
}
console_has() {
    local node=$1 log text
    shift
    log=$("$PANDO" lab console --name "$LAB" "$node" --log)
    for text in "$@"; do
        grep -qF "$text" <<<"$log" || { say "the console lacks: $text"; tail -25 <<<"$log"; return 1; }
    done
}

# --- a table for people -----------------------------------------------------------------------------------------------
node_table() {
    local node
    printf '%-5s %-11s %-6s %-8s %-8s %-22s %s\n' node address BMC quorum root chroot machine-id
    for node in n1 n2; do
        on "$node" pando status --json | python3 -c '
import json, sys
d, (address, bmc, machine) = json.load(sys.stdin), sys.argv[1:4]
print("%-5s %-11s %-6s %-8s %-8s %-22s %s" % (d["node"], address, bmc, "%d/%d" % (d["quorum"]["votes"], d["quorum"]["expected"]),
      d["root"]["filesystem"] + (" rw" if d["root"]["writable"] else " ro"),
      "%.0f of %.0f MB" % (d["chroot"]["used_bytes"] / 1e6, d["chroot"]["size_bytes"] / 1e6), machine))
' "$(on "$node" cat /etc/hosts | awk -v n="$node" '$2 == n { print $1 }')" "$(bmc "$node")" "$(on "$node" cat /etc/machine-id)"
    done
}
