# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: context-dependent paths are changed on one of three blades while the others write, and a blade dies in the middle
# of a change, holding the lock. What must be true: no write fails, every node has its own content from the moment that
# the command says, whoever waits for the lock is told for whom, and the change of the dead one is brought to its end
# with every byte of content. Sourced by tests/system/three_nodes, when three nodes are up.

file_is() { same "$(on "$1" cat "$2")" "$3"; } # NODE PATH TEXT
goes_on() {                                    # FILE: its writer writes, now
    local before
    before=$(wc -l <"$1")
    wait_for_lines "$1" $((before + 5)) 60
}
# shellcheck disable=SC2016 # the node's shell expands it
files_in() { on_for 60 "$1" sh -c 'find "$1" -type f | wc -l' - "$2"; } # NODE DIRECTORY
explains() { # NODE PATH REGEX
    local said
    said=$(on "$1" pando cdsl explain "$2") || return 1
    grep -qE "$3" <<<"$said" || { say "$said"; return 1; }
}
background() { # FILE NODE COMMAND…: what it says, and its status behind it
    local file=$1 node=$2 status=0
    shift 2
    on_for 400 "$node" "$@" >"$file" 2>&1 || status=$?
    echo "status $status" >>"$file"
}
is_over() { grep -q '^status ' "$1" || { cat "$1"; return 1; }; } # FILE
went_well() { cat "$1"; tail -n 1 "$1" | grep -qx 'status 0'; }   # FILE

claim "n1: what the policy says is what the disk says" on n1 pando cdsl check
w2=$STATE_DIRECTORY/writes-n2 w3=$STATE_DIRECTORY/writes-n3
: >"$w2" >"$w3"
on n1 mkdir -p /srv/story /srv/app /srv/big
start_writer n2 "$w2"
start_writer n3 "$w3"
claim "n2 and n3 write" wait_for_lines "$w2" 20 60
claim "n3 writes as well" wait_for_lines "$w3" 20 60

say "a single file, on n1"
# shellcheck disable=SC2016 # the node's shell expands it
on n1 sh -c 'echo "of all" >/srv/app.conf; for i in $(seq 40); do echo "$i" >/srv/app/$i; done; for i in $(seq 400); do echo "$i" >/srv/big/$i; done; sync -f /srv'
claim "n1 makes it each node's own" on n1 pando cdsl create /srv/app.conf --why "settings of one node"
for node in n2 n3; do claim "$node has what it held" file_is "$node" /srv/app.conf "of all"; done
on n2 sh -c 'echo "of n2" >/srv/app.conf && sync /srv/app.conf'
claim "n2 writes its own" file_is n2 /srv/app.conf "of n2"
for node in n1 n3; do claim "$node does not see it" file_is "$node" /srv/app.conf "of all"; done
claim "n3 explains where it leads, and who declared it" explains n3 /srv/app.conf '/.pando/policy.yaml'

say "sed -i on n2"
claim "with --follow-symlinks it writes the node's own" on n2 sed -i --follow-symlinks 's/n2/two/' /srv/app.conf
claim "n2 has what it wrote" file_is n2 /srv/app.conf "of two"
claim "n1 has still its own" file_is n1 /srv/app.conf "of all"
on n2 sed -i 's/two/n2 alone/' /srv/app.conf
claim "without it a file stands where the link was, which becomes n2's own" until_true 30 on n1 test -L /srv/app.conf
claim "n2 has what it wrote" file_is n2 /srv/app.conf "of n2 alone"
claim "n1 has still its own" file_is n1 /srv/app.conf "of all"
claim "nothing is left to mend" on n1 pando cdsl check

say "hostnamectl and timedatectl on n2"
on n2 hostnamectl set-hostname --static other
claim "the link is back where hostnamectl put its file" until_true 30 on n1 test -L /etc/hostname
claim "n2 has the name it was given" file_is n2 /etc/hostname other
for node in n1 n3; do claim "$node has its own still" file_is "$node" /etc/hostname "$node"; done
on n2 hostnamectl set-hostname --static n2
claim "n2 has its name again" until_true 30 file_is n2 /etc/hostname n2
on n2 timedatectl set-local-rtc 1
claim "the link is back where timedatectl put its file" until_true 30 on n1 test -L /etc/adjtime
claim "n2 has what timedatectl wrote" on n2 grep -x LOCAL /etc/adjtime
claim "n1 has it not" on n1 sh -c '! grep -x LOCAL /etc/adjtime'
on n2 timedatectl set-local-rtc 0

say "a directory, on n1"
claim "n1 makes it each node's own" on_for 120 n1 pando cdsl create /srv/app
on n1 sh -c 'echo own >/srv/app/1 && sync /srv/app/1'
claim "n2, which runs, has it from its own apply on" on_for 120 n2 pando cdsl apply
claim "n2 has what it held" file_is n2 /srv/app/1 1
on n2 sh -c 'echo two >/srv/app/2 && sync /srv/app/2'
claim "n1 does not see what n2 writes" file_is n1 /srv/app/2 2
claim "a command runs over every node's copy" same "$(on n1 pando cdsl exec --path /srv/app -- cat {}/1 | grep -cx own)" 1
claim "n1 makes another directory each node's own" on n1 sh -c 'mkdir -p /srv/all && pando cdsl create /srv/all'
on_for 120 n2 pando cdsl apply
claim "n2 has the directory for itself" on n2 sh -c 'mkdir -p /srv/all/part && echo of-n2 >/srv/all/part/x && sync /srv/all/part/x'
claim "n1 deletes it while n2 has it mounted" on_for 120 n1 pando cdsl delete /srv/all --keep n2
claim "n1 has what was n2's" until_true 30 file_is n1 /srv/all/part/x of-n2
claim "n2's mount stands, with nothing in it" on n2 sh -c 'ls /srv/all | wc -l | grep -qx 0'
claim "n2 has everybody's from its own apply on" on_for 120 n2 sh -c 'pando cdsl apply && grep -qx of-n2 /srv/all/part/x'
claim "the writer on n2 went on (longest silence: $(longest_gap "$w2" 0 | cut -d' ' -f1) s)" goes_on "$w2"
claim "the writer on n3 went on (longest silence: $(longest_gap "$w3" 0 | cut -d' ' -f1) s)" goes_on "$w3"

say "n3 dies in the middle of a change"
waiting=$STATE_DIRECTORY/waiting w1=$STATE_DIRECTORY/writes-n1
: >"$waiting" >"$w1"
start_writer n1 "$w1"
claim "n1 writes" wait_for_lines "$w1" 20 60
machine=$(machine_of n3) || machine='?'
# Stopped while it holds the lock and has begun: what it has done is half.
stop_in_change() {
    on_for 120 n3 python3 -c '
import ctypes, os, select, signal, subprocess, sys
IN_MOVED_TO = 0x80
libc = ctypes.CDLL(None)
events = libc.inotify_init1(0)
if libc.inotify_add_watch(events, b"/.pando/journal", IN_MOVED_TO) < 0: sys.exit("cannot watch the journal")
quiet = subprocess.DEVNULL  # the stopped one would keep this call from ending
change = subprocess.Popen(["pando", "cdsl", "create", "/srv/big"], stdout=quiet, stderr=quiet)
seen = b""
while b".yaml" not in seen:
    if not select.select([events], [], [], 60)[0]: sys.exit("no intent seen")
    seen = os.read(events, 4096)
os.kill(change.pid, signal.SIGSTOP)
print("stopped in its change")
'
}
claim "n3 begins a change, and stops in it" stop_in_change
(
    exec 7>&-
    background "$waiting" n2 pando cdsl create /srv/other
) &
claim "n2 wants to change something, waits, and says for whom" until_true 60 grep -E 'wait.* n3 .*pando cdsl create /srv/big' "$waiting"
claim "n3 loses power" power_cut n3
claim "n3 is fenced" until_true 90 another_machine n3 "$machine"
claim "n2 goes on" until_true 180 is_over "$waiting"
claim "its change is done" went_well "$waiting"
claim "and it says what became of n3's" grep -E 'create /srv/big of n3 was interrupted, and is complete now' "$waiting"
claim "no intent is left" same "$(on n1 sh -c 'ls /.pando/journal/*.yaml 2>/dev/null | wc -l')" 0
claim "n1 has every file" same "$(files_in n1 /srv/big)" 400
claim "n1 writes on" goes_on "$w1"
claim "n3 boots again" wait_up n3 400
claim "n3 has every file" same "$(files_in n3 /srv/big)" 400
# It may have mounted what was its own before n2 was done: as any node that runs, it has the rest from its own apply on.
claim "n3 has its own of all, or says what it lacks, and its own apply mounts it" on_for 120 n3 sh -c 'pando cdsl check || pando cdsl apply'
claim "n3: policy and disk are the same now" on_for 120 n3 pando cdsl check

say "everybody's again"
claim "n1 makes the file everybody's, as n2 has it" on_for 120 n1 pando cdsl delete /srv/app.conf --keep n2
for node in n1 n2 n3; do claim "$node reads it" file_is "$node" /srv/app.conf "of n2 alone"; done
claim "the copies are kept aside" on n1 sh -c 'grep -lr "of all" /.pando/kept | grep n1'
for node in n1 n2 n3; do claim "$node: policy and disk are the same" on_for 120 "$node" pando cdsl check; done
