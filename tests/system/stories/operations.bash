# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A program on all nodes; nodes that are drained, rebooted one after the other, stopped and started; what would lose
# quorum; the boot files that are made on a node.
say "=== many nodes at once"
source "$top/tests/system/lib/obstacles.bash"
has_lines() { # TEXT REGEX…: a line like each of these
    local text=$1 regex
    shift
    for regex in "$@"; do grep -qE -- "$regex" <<<"$text" || { say "$text"; say "what lacks is: $regex"; return 1; }; done
}
run_on() { # NODE SECONDS COMMAND…: what it says, and its status in the last line
    local status=0
    on_for "$2" "$1" "${@:3}" 2>&1 || status=$?
    say "status $status"
}

said=$(run_on n1 90 pando exec @all -- uname -s)
claim "a program runs on all nodes without any setting up, and one answer is shown once" has_lines "$said" '^--- n\[1-3\] \(3 nodes\)$' '^Linux$' '^status 0$'
said=$(run_on n2 90 pando exec @all --except n1 -- sh -c 'cat /run/pando/node; test "$(cat /run/pando/node)" = n2 || exit 3')
claim "different answers are told apart, and the status is kept" has_lines "$said" '^--- n2$' '^--- n3: status 3$' '^status 3$'
said=$(run_on n1 60 pando exec n4 -- true)
claim "a node that is none is named" has_lines "$said" 'there is no node n4' 'n1'
said=$(run_on n1 90 pando exec n2 -- echo 'a  b' '$HOME')
claim "words arrive as they are" has_lines "$said" '^a  b \$HOME$'
(umask 077 && on n1 cat /run/pando/ssh/key >"$STATE_DIRECTORY/stolen") || true
login_from_elsewhere() {
    in_network ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes \
        -o ConnectTimeout=20 -i "$STATE_DIRECTORY/stolen" root@10.77.0.12 true
}
claim "the key that was stolen opens nothing from elsewhere" has_lines "$(login_from_elsewhere 2>&1 || true)" 'Permission denied'

said=$(run_on n1 60 pando metrics)
claim "n1 exports its own metrics, its boot's stages as well" has_lines "$said" '^pando_node_state\{node="n1",state="booted"\} 1$' \
    '^pando_node_quorate\{node="n1"\} 1$' '^pando_node_boot_stage_seconds\{node="n1",stage="join"\} [0-9.]+$'
claim "whoever the exporter runs as may read them" on n1 setpriv --reuid nobody --clear-groups cat /run/pando/metrics/pando.prom

said=$(run_on n1 90 pando node reboot n2,n3 --yes)
claim "what would lose quorum is refused, and the way out named" has_lines "$said" 'without n\[2-3\] the rest would freeze: 3 of 3 votes now, 1 after, 2 needed' '--rolling' '^status 2$'
said=$(run_on n1 90 pando node reboot @all --rolling --dry-run)
claim "a rolling reboot is shown, this node last" has_lines "$said" '^- reboot n2$' '^- reboot n3$' '^- reboot n1$' 'votes: 3 of 3 votes now, 2 after, 2 needed' '^status 0$'

on n1 sh -c 'mkdir -p /etc/pando/drain.d && printf "#!/bin/sh\ncat /run/pando/node >>/srv/drained\ntest ! -e /srv/no-drain\n" >/etc/pando/drain.d/10-note && chmod +x /etc/pando/drain.d/10-note && touch /srv/no-drain' || true
said=$(run_on n1 90 pando node reboot @all --except n1,n3 --dry-run)
claim "all but some are said in one word" has_lines "$said" '^- reboot n2$' '2 after, 2 needed' '^status 0$'
claim "n1 and n3 it is not" eval '! grep -q "reboot n[13]" <<<"$said"'
said=$(run_on n1 90 pando node off n2,n3 --lose-quorum --dry-run)
claim "quorum is lost only by who says so" has_lines "$said" '1 after, 2 needed' '^status 0$'
on n1 sh -c 'mkdir -p /etc/pando/undrain.d && printf "#!/bin/sh\necho back >>/srv/drained\n" >/etc/pando/undrain.d/10-note && chmod +x /etc/pando/undrain.d/10-note' || true
machine=$(boot_id n2) || machine=
said=$(run_on n1 120 pando node reboot n2 --yes)
claim "a hook that fails ends it before anything is stopped" has_lines "$said" 'n2 did not go through /etc/pando/drain.d' '^status 1$'
claim "n2 is the same boot" same "$(boot_id n2)" "$machine"
on n1 rm -f /srv/no-drain /srv/drained || true
said=$(run_on n1 120 pando node drain n2)
claim "n2 is freed of its work" has_lines "$said" '^status 0$'
said=$(run_on n1 120 pando node drain n2 --undo)
claim "and takes it again" has_lines "$said" '^status 0$'
claim "its hooks have run, there and in this order" same "$(on n1 cat /srv/drained | tr '\n' ' ')" "n2 back "
on n1 rm -f /srv/drained || true

fencings() { on n1 pando fence history | grep -c ' was fenced ' || true; }
fenced_before=$(fencings)
before2=$(boot_id n2) || before2=
before3=$(boot_id n3) || before3=
said=$(run_on n1 1500 pando node reboot n2,n3 --rolling --yes)
claim "n2 and n3 reboot one after the other, from n1" has_lines "$said" 'done: n\[2-3\]' '^status 0$'
claim "n2 is another boot" differ "$(boot_id n2)" "$before2"
claim "n3 as well" differ "$(boot_id n3)" "$before3"
claim "each was drained before" same "$(on n1 cat /srv/drained | tr '\n' ' ')" "n2 n3 "
claim "nobody was fenced for it" same "$(fencings)" "$fenced_before"

# It is interrupted while a hook holds it up, so before n3 was told anything.
on n3 mkfifo /run/hold || true
on n1 sh -c 'printf "#!/bin/sh\ntest ! -p /run/hold || cat /run/hold\n" >/etc/pando/drain.d/20-hold && chmod +x /etc/pando/drain.d/20-hold' || true
interrupted=$(on n1 sh -c 'setsid pando node off n3 --yes </dev/null >/run/interrupted 2>&1 & echo $!') || true
claim "n3 is about to be stopped" until_true 60 on n1 grep -q 'off n3: 3 of 3' /run/interrupted
on n1 kill -INT "$interrupted" || true
claim "the hook lets go" on n3 sh -c 'echo go >/run/hold; rm /run/hold'
claim "Ctrl-C has ended it before n3 was told, and what is left is said" until_true 60 on n1 grep -q 'pando node off n3' /run/interrupted
claim "n3 is up" members_are n1 "[1, 2, 3]"
said=$(run_on n1 60 pando timeline n2)
claim "where the seconds of n2's boots went is told on n1, against the boot before" has_lines "$said" '^n2: boot 2 was up [0-9.]+ s' \
    'median of the 1 before it' '^join +[0-9.]+ +[0-9.]+' '^system +[0-9.]+'
said=$(run_on n1 60 pando timeline n2 --boots 1 --json)
claim "for programs, against so many boots" has_lines "$said" '"join"' '^status 0$'
said=$(run_on n1 60 pando timeline --all)
claim "and the last boot of each node" has_lines "$said" n1 n2 n3
claim "drawn as well" on n1 sh -c 'pando timeline n2 --svg /srv/n2.svg && grep -q "</svg>" /srv/n2.svg'
said=$(run_on n1 600 pando node off n3 --yes)
claim "n3 is stopped in order, and off" has_lines "$said" '3 of 3 votes now, 2 after, 2 needed' 'done: n3' '^status 0$'
claim "its BMC says so" same "$(bmc n3)" off
said=$(run_on n1 120 pando node off n3 --yes)
claim "given again there is nothing to do" has_lines "$said" 'n3: not up, nothing is done' '^status 0$'
said=$(run_on n1 120 pando node reboot n2 --yes)
claim "now n2 is refused" has_lines "$said" 'without n2 the rest would freeze: 2 of 3 votes now, 1 after, 2 needed' '^status 2$'
said=$(run_on n1 120 pando exec @all --timeout 30 -- true)
claim "a node that is off is named, and holds up nobody" has_lines "$said" '^--- n3: NOT DONE: ' '^--- n\[1-2\]' '^status 255$'
said=$(run_on n1 120 pando node on n3)
claim "n3 is switched on by its fence device" has_lines "$said" 'n3: is on, and boots' '^status 0$'
claim "and is back" wait_up n3 400

say "n3 is cut off by an operator's word, and its story is told"
machine=$(machine_of n3) || machine='?'
before3=$(boot_id n3) || before3=
said=$(run_on n1 120 pando fence now n3 --reason "its disks smoke" --yes)
claim "n3 is fenced at once" has_lines "$said" '^status 0$'
claim "it boots anew" until_true 300 booted_anew n3 "$before3"
claim "and is back" wait_up n3 400
said=$(run_on n1 90 pando fence history)
claim "the reason is in the history" has_lines "$said" 'n3.*its disks smoke|its disks smoke.*n3'
said=$(run_on n1 90 pando why n3 --last 2)
claim "the story of its last outages names who fenced it, and why" has_lines "$said" 'its disks smoke' 'n3-bmc' '^status 0$'

say "the boot files are made on a node, follow its packages, and are fetched"
claim "n1 makes them" on_for 900 n1 sh -c 'pando bundle get --output /root/edit && pando image build --cluster /root/edit/cluster.yaml --output /srv/pando'
said=$(run_on n1 90 pando chroot why /usr/sbin/corosync --cluster /root/edit/cluster.yaml)
claim "n1 tells who needs a file of its chroot" has_lines "$said" '/usr/sbin/corosync' '^status 0$'
fetch() {
    in_network "$PANDO" image fetch --cluster "$CLUSTER" --output "$STATE_DIRECTORY/fetched" --ssh-option "IdentityFile=$PANDO_CACHE/lab-key" \
        --ssh-option UserKnownHostsFile="$STATE_DIRECTORY/known" --ssh-option StrictHostKeyChecking=accept-new
}
claim "the boot server fetches them" fetch
claim "they are the node's" same "$(sha256sum <"$STATE_DIRECTORY/fetched/pando.img" | cut -c1-64)" "$(on_for 90 n1 sha256sum /srv/pando/pando.img | cut -c1-64)"
said=$(run_on n1 120 pando image refresh)
claim "nothing has changed: nothing is made" has_lines "$said" 'nothing has changed' '^status 0$'

# A boot server of its own with systemd, as far as these units are concerned: n2, which fetches to another directory.
as_boot_server() {
    on n1 cp /root/edit/cluster.yaml /etc/pando/cluster.yaml &&
        on n2 pando exec n1 -- true && # which makes n2's key of this boot
        on n2 sh -c 'mkdir -p /srv/fetched /run/systemd/system/pando-image-fetch.service.d && printf "%s\n" "[Service]" \
            "ReadWritePaths=/srv/fetched" "ExecStart=" "ExecStart=pando image fetch n1 --output /srv/fetched \
            --ssh-option IdentityFile=/run/pando/ssh/key --ssh-option UserKnownHostsFile=/srv/fetched/known \
            --ssh-option StrictHostKeyChecking=accept-new" >/run/systemd/system/pando-image-fetch.service.d/here.conf &&
            systemctl daemon-reload && systemctl start pando-image-fetch.timer'
}
image_of() { on_for 60 "$1" sha256sum "$2" | cut -c1-64; } # NODE FILE
has_fetched() { [[ $(image_of n2 /srv/fetched/pando.img) == "$(image_of n1 /srv/pando/pando.img)" ]]; }
fetch_is() { [[ $(on n2 systemctl show -P "$1" pando-image-fetch.service) == "$2" ]]; } # PROPERTY VALUE
fetched_by_its_timer() { has_fetched && fetch_is Result success && fetch_is ActiveState inactive; }
claim "a boot server's timer is started" as_boot_server
claim "its unit has fetched them, within its sandbox" until_true 180 fetched_by_its_timer

package_that_is_new() { # a package without anything: dpkg's record of what is installed is another one
    mkdir -p "$STATE_DIRECTORY/note/DEBIAN" &&
        printf 'Package: pando-note\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: nothing\n' \
            >"$STATE_DIRECTORY/note/DEBIAN/control" &&
        dpkg-deb --root-owner-group --build "$STATE_DIRECTORY/note" "$STATE_DIRECTORY/note.deb" >/dev/null &&
        timeout --foreground 60 "$PANDO" lab ssh --name "$LAB" n1 sh -c 'cat >/root/note.deb' <"$STATE_DIRECTORY/note.deb"
}
made_of() { on n1 cat /srv/pando/image.json | json 'd["made_of"]'; }
image_made_anew() { [[ $(made_of) != "$1" && $(on n1 systemctl show -P ActiveState pando-image.service) == inactive ]]; } # MADE-OF
claim "a package is made" package_that_is_new
before=$(made_of) || before=
said=$(run_on n1 400 pando root apt install -y /root/note.deb)
claim "it is installed, and every node has followed" has_lines "$said" 'pando-note(:all)? 1 is new' '^status 0$'
claim "dpkg's hook has the boot files made anew" until_true 900 image_made_anew "$before"
claim "by a unit that did not fail" same "$(on n1 systemctl show -P Result pando-image.service)" success
claim "the boot server fetches them when it looks again" on_for 300 n2 systemctl start pando-image-fetch.service
claim "and has what n1 has" has_fetched
on n2 systemctl stop pando-image-fetch.timer || true
on n1 rm -f /etc/pando/cluster.yaml || true
