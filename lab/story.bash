# SPDX-License-Identifier: GPL-2.0-or-later
# The story that lab/demo tells and tests/system/first_boot asserts, claim by claim, on a lab that prepare_lab made.
# Sourced after lab/lib.bash. `claim WHAT COMMAND…` runs the command and says "ok - WHAT" or "not ok - WHAT".

claims=0 broken=0 proven=()
claim() {
    local what=$1 said
    shift
    claims=$((claims + 1))
    if said=$("$@" 2>&1); then
        say "ok - $what"
        proven+=("ok      $what")
    else
        broken=$((broken + 1))
        say "not ok - $what"
        proven+=("BROKEN  $what")
        sed 's/^/#   /' <<<"$said" | tail -15
    fi
}
same() { [[ $1 == "$2" ]] || { say "'$1' is not '$2'"; return 1; }; }
differ() { [[ -n $1 && -n $2 && $1 != "$2" ]] || { say "'$1' and '$2' do not differ"; return 1; }; }
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && b != "" && a + 0 <= b + 0) }' || { say "'$1' is more than '$2'"; return 1; }; }
# says_nothing COMMAND…: it succeeds, and without a word. (A node that cannot be asked has said nothing, too.)
says_nothing() {
    local said
    said=$("$@") || { say "it could not be asked, status $?: $*"; say "$said"; return 1; }
    [[ -z $said ]] || { say "$said"; return 1; }
}

# on NODE COMMAND…: on a node, within a minute; on_for SECONDS NODE COMMAND…: within another time. A command that hangs
# on a frozen root fails. Neither the terminal nor the lock on the lab (lab/lib.bash) is the command's.
on() { on_for 60 "$@"; }
on_for() {
    local seconds=$1 node=$2 status=0
    shift 2
    timeout --foreground --kill-after=5 "$seconds" "$PANDO" lab ssh --name "$LAB" "$node" "$@" </dev/null 7>&- || status=$?
    if [[ $status == 124 || $status == 137 ]]; then
        say "$node: no answer within $seconds s: $*" >&2
        say "  -> is its root frozen? $PANDO lab console --name $LAB $node --log" >&2
    fi
    return "$status"
}
bmc() { "$PANDO" lab power --name "$LAB" "$1" status; }
json() { python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"; }
wait_up() { "$PANDO" lab wait --name "$LAB" "$1" --timeout "${2:-300}" --booted; }
wait_off() { "$PANDO" lab wait --name "$LAB" "$1" --timeout "${2:-120}" --off; }
# until_true SECONDS COMMAND…: looked at a few times a second; when the time is over, what it said last.
until_true() {
    local end=$((SECONDS + $1)) said
    shift
    until said=$("$@" 2>&1); do
        ((SECONDS < end)) || { say "$said"; say "not in time: $*"; return 1; }
        pause 0.3
    done
}

# A node's console, from a mark on: what it said before must not prove what comes after.
console_file() { printf '%s' "$(lab_state)/$LAB/logs/$1.console"; }
console_mark() { stat -c %s "$(console_file "$1")" 2>/dev/null || echo 0; }
console_since() { tail -c "+$(($2 + 1))" "$(console_file "$1")" | tr -d '\r\000'; } # NODE MARK
console_has() { # NODE MARK TEXT…: every text, as it stands
    local node=$1 log text
    log=$(console_since "$1" "$2")
    shift 2
    for text in "$@"; do
        grep -qaF -- "$text" <<<"$log" ||
            { grep -aF '] pando: ' <<<"$log" | tail -8; say "the console of $node lacks: $text"; return 1; }
    done
}
console_times() { # NODE MARK COUNT REGEX: so many lines at least
    local count
    count=$(console_since "$1" "$2" | grep -caE -- "$4" || true)
    ((count >= $3)) || { console_since "$1" "$2" | tail -8; say "the console of $1 says $count times: $4"; return 1; }
}
# console_in_order NODE MARK REGEX…: a line for each, in this order.
console_in_order() {
    local node=$1 mark=$2 rest regex
    shift 2
    rest=$(console_since "$node" "$mark")
    for regex in "$@"; do
        rest=$(awk -v regex="$regex" 'found { print } $0 ~ regex { found = 1 } END { exit !found }' <<<"$rest") ||
            { console_since "$node" "$mark" | tail -12; say "the console of $node lacks, behind what came before it: $regex"; return 1; }
    done
}
console_says() { "$PANDO" lab wait --name "$LAB" "$1" --timeout "$2" --console "$3"; } # NODE SECONDS REGEX, of this boot
firmware_banner='^Machine UUID '

# type_on NODE LINE: on its console, by the socket that a person's terminal would use; Ctrl-] lets go of it.
type_on() { { printf '%s\n' "$2"; printf '\035'; } | "$PANDO" lab console --name "$LAB" "$1" >/dev/null 2>&1; }

bmc_options() { # BLADE: how its BMC is reached, as options of `pando node`
    "$PANDO" config show "$CLUSTER" --json | json '" ".join("--fence-option %s=%s" % (k, n["fence"][0]["options"][k]) for n in d["nodes"] if n["name"] == "'"$1"'" for k in ("ip", "password"))'
}

# The blade's machine: its QEMU, as long as it runs.
machine_of() {
    local pid
    pid=$(cat "$(lab_state)/$LAB/run/$1.pid") || return 1
    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q "^qemu-system-x86_64 -name $1 " || return 1
    say "$pid"
}
# Nobody is told: not the guest, and not the BMC, which has to find out.
power_cut() {
    local pid
    pid=$(machine_of "$1") || { say "$1 is not running"; return 1; }
    kill -KILL "$pid"
}

# --- the blades come up -----------------------------------------------------------------------------------------------
root_identity() { on "$1" findmnt -no FSTYPE,UUID,OPTIONS / | awk '{ print $1, $2, ($3 ~ /(^|,)rw(,|$)/) ? "rw" : "ro" }'; }
has_no_disk() { # the only block device is the iSCSI LUN
    local disks
    # shellcheck disable=SC2016 # the node's shell expands it
    disks=$(on "$1" sh -c 'for d in /sys/block/sd* /sys/block/vd* /sys/block/nvme*; do if [ -e "$d" ]; then readlink -f "$d"; fi; done') ||
        { say "$1 could not be asked"; return 1; }
    [[ -n $disks ]] || { say "$1 shows no disk at all, not even the LUN"; return 1; }
    if grep -v /session <<<"$disks"; then return 1; fi
}
loaded_by_network() {
    local logs mac address file
    logs=$(lab_state)/$LAB/logs
    for mac in 52:54:00:77:00:01 52:54:00:77:00:02; do
        address=$(sed -nE "s/.*DHCPACK[^ ]* ([0-9.]+) $mac.*/\1/p" "$logs"/dnsmasq* | tail -n 1)
        [[ -n $address ]] || { say "no DHCPACK for $mac"; return 1; }
        for file in vmlinuz pando.img; do
            grep -hq "^$address .*GET /$file HTTP.* 200 " "$logs"/* || { say "$mac at $address did not fetch $file"; return 1; }
        done
    done
}
no_failed_unit() {
    local state status=0
    # Degraded ends with a status of its own; the units say which.
    state=$(on_for 180 "$1" systemctl is-system-running --wait) || status=$?
    says_nothing on "$1" systemctl --failed --no-legend --plain || return 1
    [[ $status == 0 && $state == running ]] || { say "the system is '$state', status $status"; return 1; }
}

story_up() {
    say "power on: n1 and n2"
    "$PANDO" lab power --name "$LAB" n1 on
    "$PANDO" lab power --name "$LAB" n2 on
    claim "n1 booted from nothing into the shared root" wait_up n1
    claim "n2 booted from nothing into the shared root" wait_up n2
    local a b node
    claim "both got their address by DHCP, and kernel and image by HTTP (from the servers' logs)" loaded_by_network
    for node in n1 n2; do
        claim "$node has no disk of its own, only the LUN" has_no_disk "$node"
        claim "$node runs without a failed unit" no_failed_unit "$node"
        claim "$node is healthy: quorate, root read-write, nothing of the survival set stands on the root" on "$node" pando status --here
        claim "$node: corosync-quorumtool and dlm_tool answer on the booted system" on "$node" sh -c 'corosync-quorumtool -s >/dev/null; test $? -le 1 && dlm_tool status | grep -q "cluster nodeid"'
        claim "$node: pando doctor finds nothing that would keep the cluster from surviving a death" on "$node" pando doctor
        claim "$node: the chroot holds what the root holds, and its daemons run that" on "$node" pando chroot status
        claim "$node: no open file, mapping or directory of the survival set on the root (from /proc)" on "$node" pando chroot check
    done
    # What cannot be read is empty, and breaks the claims that need it.
    a=$(root_identity n1) || a=
    b=$(root_identity n2) || b=
    claim "/ on both is one GFS2 filesystem, read-write ($a)" same "${a%% *} ${a##* } $a" "gfs2 rw $b"
    claim "n1 writes a file" on n1 sh -c 'mkdir -p /srv/story && echo "written on n1" > /srv/story/file && sync /srv/story/file'
    claim "a file written on n1 is read on n2" same "$(on n2 cat /srv/story/file)" "written on n1"
    claim "host names differ" differ "$(on n1 cat /etc/hostname)" "$(on n2 cat /etc/hostname)"
    claim "machine-ids differ" differ "$(on n1 cat /etc/machine-id)" "$(on n2 cat /etc/machine-id)"
    on n1 sh -c 'echo n1 > /var/log/story' || true
    on n2 sh -c 'echo n2 > /var/log/story' || true
    claim "/var/log is each node's own" same "$(on n1 cat /var/log/story) $(on n2 cat /var/log/story)" "n1 n2"
    claim "both write their own journal" differ "$(on n1 ls /var/log/journal)" "$(on n2 ls /var/log/journal)"
}

# --- one dies ---------------------------------------------------------------------------------------------------------
# A writer on NODE: creates and flushes one file after another in a directory that both write to, and says each one.
# What the host reads is stamped with the host's clock, so one clock measures everything.
start_writer() {
    # shellcheck disable=SC2016 # the node's shell expands it
    (
        exec 7>&- # the lock on the lab is not for who stays in the background
        on_for 330 "$1" python3 -u -c '
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
' "$1" 2>/dev/null | while read -r n; do printf '%s %s\n' "${EPOCHREALTIME/,/.}" "$n"; done >"$2"
    ) &
}
# Who runs the fence agent on NODE, and from where: one line as soon as one is seen; then one for each word that it has
# ipmitool say to the BMC, and one for what pando-survival tells meanwhile. (The BMC's own log says nothing, and what is on the wire is encrypted.)
start_agent_watch() {
    # shellcheck disable=SC2016
    (
        exec 7>&-
        on_for 330 "$1" python3 -u -c '
import ctypes, os, subprocess, time
end = time.monotonic() + 300
libc = ctypes.CDLL(None)
init = os.readlink("/proc/1/ns/mnt")
def words(p):
    try: return open(f"/proc/{p}/cmdline").read().rstrip("\0").split("\0")
    except OSError: return [""]
def running(): return [int(p) for p in os.listdir("/proc") if p.isdigit()]
daemon = next(p for p in running() if words(p)[0] == "@dlm_controld")
chroot = os.readlink(f"/proc/{daemon}/ns/mnt")
inside = os.open(f"/proc/{daemon}/ns/mnt", os.O_RDONLY)
def enter():
    if libc.setns(inside, 0): os._exit(99)
status = None
agent = 0
said = set()
while time.monotonic() < end:
    for p in running():
        if p < agent: continue  # its children are younger
        line = words(p)
        try:
            if not agent and any(w.endswith("fence_ipmilan") for w in line[:4]):
                ns = os.readlink(f"/proc/{p}/ns/mnt")
                agent = p
                print("agent in the chroot" if ns == chroot and ns != init else "agent ELSEWHERE", ns)
                asked = time.monotonic()
                status = subprocess.Popen(["/usr/sbin/pando-survival", "status"], preexec_fn=enter,
                                          stdout=subprocess.PIPE, text=True)
            if agent and line[0].endswith("ipmitool") and p not in said:
                said.add(p)
                print("to", line[line.index("-H") + 1], *line[-3:])
        except (OSError, ValueError): pass
    if status and status.poll() is not None:
        said_status = " ".join(status.stdout.read().split())
        print(f"status after {time.monotonic() - asked:.1f} s: {said_status}")
        status = None
    time.sleep(0.02)  # between looks
' >"$2" 2>&1
    ) &
}
wait_for_lines() { # FILE COUNT SECONDS: until the file has that many lines; looked at ten times a second
    local end=$((SECONDS + $3))
    while (($(wc -l <"$1") < $2)); do ((SECONDS < end)) || { cat "$1"; return 1; }; pause 0.1; done
}
# The longest silence of the writer after TIME: "GAP FIRST_WRITE_AFTER_IT".
longest_gap() { awk -v t="$2" '{ if (last && $1 > t && $1 - last > gap) { gap = $1 - last; first = $1 } last = $1 } END { printf "%.1f %.6f\n", gap, first }' "$1"; }
# The configured timeouts of which a recovery consists, "NAME SECONDS" a line: corosync's own as they run, dlm's and
# the fence device's from the description.
timeouts() {
    local totem node
    # shellcheck disable=SC2016 # the node's shell expands it
    totem=$(on n1 sh -c 'for k in token consensus; do corosync-cmapctl -g runtime.config.totem.$k; done') || return 1
    sed -nE 's/^runtime\.config\.totem\.(token|consensus) .*= *([0-9]+)$/\1 \2/p' <<<"$totem" | awk '{ print $1, $2 / 1000 }'
    for node in n1 n2; do
        on "$node" cat /proc/uptime /run/pando/boot.json >"$STATE_DIRECTORY/age-$node" || return 1
    done
    "$PANDO" config show "$CLUSTER" --json | python3 -c '
import json, sys
def seconds(text):  # "30s", "500ms"; the options of an agent have no unit
    for unit, scale in ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600):
        if text.endswith(unit): return float(text[:-len(unit)]) * scale
    return float(text)
cluster = json.load(sys.stdin)
# Nobody is fenced so soon after a join; what is left of that time counts.
since = []
for file in sys.argv[1:]:
    uptime, boot = open(file).read().split("\n", 1)
    joined = next(s["end"] for s in json.loads(boot)["stages"] if s["name"] == "join" and s["result"] == "ok")
    since.append(float(uptime.split()[0]) - joined)
print("post_join_delay", round(max(0, seconds(cluster["dlm"]["post_join_delay"]) - min(since)), 1))
device = next(n for n in cluster["nodes"] if n["name"] == "n2")["fence"][0]
for option, times in ("delay", 1), ("power_wait", 2), ("power_timeout", 2):  # of the off, and of the on
    if option in device["options"]:
        print(f"{device['"'"'name'"'"']}:{option}" + (f"*{times}" if times > 1 else ""), times * seconds(device["options"][option]))
' "$STATE_DIRECTORY/age-n1" "$STATE_DIRECTORY/age-n2"
}
sum_of() { awk -v names="^($1)\$" '$1 ~ names { s += $2; n++ } END { if (n) print s }'; }

story_death() {
    local writes=$STATE_DIRECTORY/writes agent=$STATE_DIRECTORY/agent other=$STATE_DIRECTORY/writes-n2
    local cut parts detection sum gap first recovered machine
    : >"$writes" >"$agent" >"$other"
    parts=$(timeouts) || parts=
    detection=$(sum_of 'token|consensus' <<<"$parts")
    sum=$(sum_of '.*' <<<"$parts")
    machine=$(machine_of n2) || machine=
    start_writer n1 "$writes"
    start_writer n2 "$other"
    start_agent_watch n1 "$agent"
    claim "both nodes write into one directory" wait_for_lines "$writes" 20 60
    claim "n2 writes as well" wait_for_lines "$other" 20 60
    say "power cut: n2"
    cut=$EPOCHREALTIME
    claim "n2 loses power: its machine is killed, and nobody is told" power_cut n2
    claim "the BMC of n2 reports off" wait_off n2 6
    claim "the fence agent runs, from the chroot" wait_for_agent "$agent" 120
    claim "meanwhile pando-survival status tells from the chroot how things stand" status_said "$agent" 10
    # The first write that was begun after the cut and is finished comes with the recovery.
    claim "the writes of n1 go on after the fencing" wait_for_recovery "$writes" "$cut" 180
    read -r gap first < <(longest_gap "$writes" "$cut")
    recovered=$(awk -v a="$first" -v b="$cut" 'BEGIN { printf "%.1f", a - b }')
    say "# configured timeouts, seconds: $(awk '{ printf "%s%s %s", n++ ? " + " : "", $1, $2 }' <<<"$parts") = $sum"
    # Until the death is noticed a writer goes on for as long as it needs no lock of the dead one.
    claim "the writes of n1 were blocked for ${gap} s, and not let go before the death could be noticed ($detection s)" at_most "$detection" "$recovered"
    claim "from the power cut to the first write after the block: $recovered s, and the configured timeouts are $sum s" at_most "$recovered" "$sum"
    RECOVERY="$recovered s (configured timeouts: $sum s)"
    claim "dlm_controld says that the fencing of n2 succeeded" fenced n1 2
    # What is off already is not told so again.
    claim "the agent saw by the BMC of n2 that it is off, then told it on" agent_said "$agent" status on
    claim "the BMC obeyed: n2 is on again, as another machine process" until_true 30 another_machine n2 "$machine"
}
wait_for_agent() { wait_for_lines "$1" 1 "$2" && cat "$1" && head -n 1 "$1" | grep -q '^agent in the chroot'; }
# It was asked when the agent was seen, so the root was frozen.
status_said() { # FILE SECONDS
    until_true "$2" grep -E '^status after [0-9.]+ s: .*quorum yes, 1 of 2 votes.*root .* gfs2 read-write chroot [1-9][0-9.]* of 134 MB used' "$1" && return
    cat "$1"
    return 1
}
agent_said() { # FILE WORD…: to n2's BMC, in this order
    local address file=$1
    shift
    address=$("$PANDO" config show "$CLUSTER" --json | json 'd["nodes"][1]["fence"][0]["options"]["ip"]')
    cat "$file"
    # It may ask for the status as often as it likes, and may have begun anew.
    sed -n "s/^to $address chassis power //p" "$file" |
        awk -v wanted="$*" 'BEGIN { count = split(wanted, word); i = 1 } i <= count && $0 == word[i] { i++ } END { exit i <= count }' ||
        { say "not in this order: $*"; return 1; }
}
another_machine() { # NODE PID: on, and not the process it was
    local now
    now=$(machine_of "$1") || { say "no machine of $1 runs"; return 1; }
    differ "$now" "$2" && same "$(bmc "$1")" on
}
wait_for_recovery() { # until a gap of at least 3 s lies behind and writes come again
    local end=$((SECONDS + $3)) gap first
    while :; do
        read -r gap first < <(longest_gap "$1" "$2")
        awk -v g="$gap" 'BEGIN { exit !(g >= 3) }' && return 0
        ((SECONDS < end)) || { say "longest silence: $gap s"; return 1; }
        pause 0.2
    done
}
# Every word of NODE's dlm_controld about fencing. One that says nothing at all has not been asked.
fence_events() {
    local dump
    dump=$(on "$1" dlm_tool dump) || { say "dlm_tool dump failed on $1"; return 1; }
    [[ -n $dump ]] || { say "dlm_tool dump on $1 is empty"; return 1; }
    grep -E 'fence (result|request|status)' <<<"$dump" || true
}
fenced() { # NODE ID
    local events
    events=$(fence_events "$1") || { say "$events"; return 1; }
    grep -Eq "fence result $2 .*result 0" <<<"$events" || { say "no success of $2 among: $events"; return 1; }
}
no_fencing_since() { # NODE EVENTS
    local now
    now=$(fence_events "$1") || { say "$now"; return 1; }
    same "$now" "$2"
}
# no_fencing_for SECONDS NODE EVENTS: nothing new in all that time, looked at every second.
no_fencing_for() {
    local end=$((SECONDS + $1))
    shift
    while no_fencing_since "$@"; do
        ((SECONDS < end)) || return 0
        pause 1
    done
    return 1
}

story_return() {
    claim "the fenced blade n2 boots again by itself and rejoins" wait_up n2
    claim "n2 is healthy again" on n2 pando status --here
    claim "both nodes are members" members_are n1 "[1, 2]"
    claim "n2 reads what n1 wrote meanwhile" on n2 test -s /srv/story/n1.1
}

# --- a package changes an agent on the root ---------------------------------------------------------------------------
chroot_drift() { # NODE PATH: what differs is told, with status 1
    local said status=0
    said=$(on "$1" pando chroot status) || status=$?
    say "$said"
    [[ $status == 1 ]] && grep -q "^DRIFT .* $2\$" <<<"$said"
}
agent_in_chroot() { on "$1" tail -n 1 /run/initramfs/usr/sbin/fence_ipmilan; }
story_update() {
    local daemons
    daemons=$(on n2 pidof @corosync @dlm_controld) || daemons=unknown
    on n1 sh -c 'echo "# a newer agent" >>/usr/sbin/fence_ipmilan && sync /usr/sbin/fence_ipmilan'
    claim "an agent changes on the root: n2 tells that its chroot has the old one" chroot_drift n2 /usr/sbin/fence_ipmilan
    claim "its chroot is updated" on n2 pando chroot update
    claim "it has the new agent" same "$(agent_in_chroot n2)" "# a newer agent"
    claim "and nothing else differs any more, nor runs old code" on n2 pando chroot status
    claim "its daemons were left alone" same "$(on n2 pidof @corosync @dlm_controld)" "$daemons"
    on n1 sh -c 'echo "# newer still" >>/usr/sbin/fence_ipmilan && sync /usr/sbin/fence_ipmilan'
    claim "a package is installed on n1" install_package n1
    claim "and the chroot there follows by itself" until_true 240 agent_is n1 "# newer still"
    claim "nothing in n1's chroot looks outside: daemons, agent and both BMCs tried where nothing else is" \
        on_for 300 n1 pando chroot verify
}
agent_is() { same "$(agent_in_chroot "$1")" "$2"; }
install_package() { # NODE: one made there, with nothing in it that anybody needs
    on "$1" sh -c 'mkdir -p /run/story/DEBIAN && cd /run &&
        printf "%s\n" "Package: pando-story" "Version: 1" "Architecture: all" "Maintainer: nobody" "Description: a change" \
            >story/DEBIAN/control && dpkg-deb --build story story.deb >/dev/null && dpkg --install story.deb'
}

# --- one reboots in order, both stop in order -------------------------------------------------------------------------
boot_id() { on_for 20 "$1" cat /proc/sys/kernel/random/boot_id; }
booted_anew() { # NODE BOOT_ID
    local now
    now=$(boot_id "$1" 2>/dev/null) || { say "$1 does not answer"; return 1; }
    differ "$now" "$2"
}
came_back() { # NODE BOOT_ID SECONDS
    local end=$((SECONDS + $3))
    until_true "$3" booted_anew "$1" "$2" && wait_up "$1" $((end > SECONDS ? end - SECONDS : 1))
}
members_are() { # NODE LIST
    local status members
    status=$(on "$1" pando status --here --json) || true # another fault does not matter here: a device that failed its last test
    members=$(json 'sorted(d["quorum"]["members"])' <<<"$status") || { say "$1 cannot tell: $status"; return 1; }
    same "$members" "$2"
}
corosync_knows() { # NODE IDS: the node list as corosync runs by it
    same "$(on "$1" corosync-cmapctl | sed -nE 's/^nodelist\.node\.[0-9]+\.nodeid .*= *([0-9]+)$/\1/p' | sort -n | xargs)" "$2"
}
left_in_order=('exit: unmount the shared root ok' 'exit: end dlm_controld ok' 'exit: leave the cluster ok')
corosync_log() { on "$1" cat /run/initramfs/var/log/corosync.log; }
# saw_leave NODE ID LINES: corosync there was told that the other leaves, and did not miss it; in its log behind LINES.
saw_leave() {
    local log
    log=$(corosync_log "$1") || { say "$1 has no log of corosync"; return 1; }
    log=$(tail -n "+$(($3 + 1))" <<<"$log")
    tail -n 8 <<<"$log"
    grep -qE "A new membership .* was formed\. Members.* left:.*\b$2\b" <<<"$log" &&
        ! grep -qE "Failed to receive the leave message\..*\b$2\b" <<<"$log"
}

story_reboot() {
    local before id machine mark
    before=$(fence_events n1) || before='?'
    id=$(boot_id n2) || id=
    machine=$(machine_of n2) || machine='?'
    mark=$(console_mark n2)
    say "reboot in order: n2"
    on n2 systemctl reboot || true # the connection may go first
    claim "n2 comes back by itself from an orderly reboot" came_back n2 "$id" 300
    claim "it had left in order: root unmounted, lockspace and cluster left" console_has n2 "$mark" "${left_in_order[@]}"
    claim "nobody fenced it meanwhile" no_fencing_since n1 "$before"
    claim "nobody touched its power: its machine is the same process" same "$(machine_of n2)" "$machine"
    claim "both nodes are members again" members_are n1 "[1, 2]"
}
# What fsck.gfs2 -n says on its input. Of a node that dies amid changes its last share of the free blocks may be lost
# with it (Linux 6.1): fsck counts them anew, and no data hangs on them.
only_statfs_is_wrong() {
    local rest
    rest=$(sed '/^The statfs file is wrong:/,/^The statfs file was not fixed/d' |
        sed -E '/^($|Initializing|Validating|Level 1 |\(level 1 passed|Starting |Reconciling )|percent complete|^[a-z_0-9]+ completed in |complete$/d')
    [[ -z $rest ]]
}
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
    if ((status == 4)) && only_statfs_is_wrong <<<"$said"; then
        say "# the counters of df are wrong since a death; nothing else goes by them"
        return
    fi
    if ((status == 0)) && ! grep -iqE 'dirty|needs recovery|error' <<<"$said"; then return; fi
    say "fsck.gfs2 -n ended with $status:"
    tail -14 <<<"$said"
    return 1
}
story_stop() {
    local before mark lines watch
    before=$(fence_events n1) || before='?'
    lines=$(corosync_log n1 | wc -l) || lines=0
    # A node that was lost is known as lost, and its fencing is asked for, when token and consensus have passed.
    watch=$(timeouts | sum_of 'token|consensus' | awk '{ print int($1) + 6 }') || watch=
    mark=$(console_mark n2)
    say "power off in order: n2, then n1"
    on n2 systemctl poweroff || true
    claim "n2 powered itself off" wait_off n2 150
    claim "n2 left in order: root unmounted, lockspace and cluster left" console_has n2 "$mark" "${left_in_order[@]}"
    claim "n1 was told that n2 leaves" until_true 30 saw_leave n1 2 "$lines"
    claim "n1 is the only member" until_true 30 members_are n1 "[1]"
    claim "nobody is fenced for it: watched for ${watch:=30} s, longer than token + consensus" no_fencing_for "$watch" n1 "$before"
    claim "n1 goes on: quorate, writes" on n1 sh -c 'pando status --here >/dev/null; corosync-quorumtool -s | grep -q "Quorate: *Yes" && touch /srv/story/alone && sync /srv/story/alone'
    claim "and still nobody is fenced" no_fencing_since n1 "$before"
    mark=$(console_mark n1)
    on n1 systemctl poweroff || true
    claim "n1 powered itself off" wait_off n1 150
    claim "n1 left in order" console_has n1 "$mark" "${left_in_order[@]}"
    claim "n2 has stayed off" same "$(bmc n2)" off
    claim "the root is clean: no journal was lost" clean_journals
}

# --- tables for people ------------------------------------------------------------------------------------------------
node_table() { # while they run
    local node
    printf '%-5s %-11s %-6s %-8s %-8s %-22s %s\n' node address BMC quorum root chroot machine-id
    for node in n1 n2; do
        on "$node" pando status --here --json | python3 -c '
import json, sys
d, (address, bmc, machine) = json.load(sys.stdin), sys.argv[1:4]
print("%-5s %-11s %-6s %-8s %-8s %-22s %s" % (d["node"], address, bmc, "%d/%d" % (d["quorum"]["votes"], d["quorum"]["expected"]),
      d["root"]["filesystem"] + (" rw" if d["root"]["writable"] else " ro"),
      "%.0f of %.0f MB" % (d["chroot"]["used_bytes"] / 1e6, d["chroot"]["size_bytes"] / 1e6), machine))
' "$(on "$node" cat /etc/hosts | awk -v n="$node" '$2 == n { print $1 }')" "$(bmc "$node")" "$(on "$node" cat /etc/machine-id)" ||
            say "$node cannot be asked"
    done
}
# The closing table: the nodes as they are now, and every claim with what came of it.
final_table() {
    local row name address power state
    printf '\n%-8s %-12s %s\n' node state address
    "$PANDO" lab status --name "$LAB" --json 2>/dev/null |
        json '"\n".join("%s %s %s" % (n["node"], n["address"], n["power"] or "?") for n in d)' 2>/dev/null |
        while read -r name address power; do
            state=$power
            # Switched on is not booted.
            if [[ $power == on ]]; then state=$(on_for 15 "$name" cat /run/pando/boot.json 2>/dev/null | json 'd["state"]' 2>/dev/null) || state='on, silent'; fi
            printf '%-8s %-12s %s\n' "$name" "$state" "$address"
        done || say "the lab cannot be asked"
    printf '\n%-7s %s\n' result claim
    for row in ${proven[@]+"${proven[@]}"}; do say "$row"; done
}
