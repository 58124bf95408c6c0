# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Packages are changed on one node of three, and all of them follow; two operators at once; a node that dies amid it.
say "=== packages of the shared root"

# pando-probe VERSION: a package with a service whose program is another file in each version. It goes to the root.
make_probe() {
    local tree=$STATE_DIRECTORY/probe-$1
    mkdir -p "$tree/DEBIAN" "$tree/usr/lib/pando-probe" "$tree/lib/systemd/system" "$tree/etc/pando-probe"
    printf 'Package: pando-probe\nVersion: %s\nArchitecture: amd64\nMaintainer: nobody <nobody@example.org>\nDescription: a service to be updated\n' \
        "$1" >"$tree/DEBIAN/control"
    cp /bin/sleep "$tree/usr/lib/pando-probe/probe"
    echo "version $1" >>"$tree/usr/lib/pando-probe/probe" # behind the program's end: it runs all the same
    echo "$1" >"$tree/etc/pando-probe/version"
    printf '[Unit]\nDescription=Probe %s\n[Service]\nExecStart=/usr/lib/pando-probe/probe infinity\n' "$1" \
        >"$tree/lib/systemd/system/pando-probe.service"
    dpkg-deb --root-owner-group --build "$tree" "$STATE_DIRECTORY/probe-$1.deb" >/dev/null
    timeout --foreground 60 "$PANDO" lab ssh --name "$LAB" n1 sh -c "cat >/root/probe-$1.deb" <"$STATE_DIRECTORY/probe-$1.deb"
}
says() { # TEXT REGEX...: it has lines like these
    local text=$1 regex
    shift
    for regex in "$@"; do
        grep -E -- "$regex" <<<"$text" >/dev/null || { say "$text"; say "what lacks is: $regex"; return 1; }
    done
}
all_have_followed() { says "$(on n1 pando root changes)" '^n1: change 6 of 6' '^n2: change 6 of 6' '^n3: change 6 of 6'; }
main_pid() { on "$1" systemctl show -P MainPID pando-probe.service; }
running_probe() { [[ $(on "$1" systemctl is-active pando-probe.service) == active ]]; }

claim "a package is made" make_probe 1
claim "and its next version" make_probe 2
said=$(on_for 400 n1 pando root apt install -y /root/probe-1.deb 2>&1) || { say "$said"; said=failed; }
claim "it is installed on n1, and every node has followed" says "$said" 'pando-probe:amd64 1 is new' \
    '^/etc/pando-probe/version changed' '^n1: change 1 of 1' '^n2: change 1 of 1' '^n3: change 1 of 1'
claim "n2 knows its unit without a word" on n2 systemctl start pando-probe.service
claim "n3 as well" on n3 systemctl start pando-probe.service
pid2=$(main_pid n2) pid3=$(main_pid n3)

said=$(on_for 400 n1 pando root apt install -y /root/probe-2.deb 2>&1) || { say "$said"; said=failed; }
claim "its next version is installed" says "$said" 'pando-probe:amd64 1 -> 2' \
    '^n2: change 2 of 2; restarted .*pando-probe.service' '^n3: change 2 of 2; restarted .*pando-probe.service'
claim "n2 runs it" running_probe n2
claim "as another process" differ "$(main_pid n2)" "$pid2"
claim "n3 as well" differ "$(main_pid n3)" "$pid3"
claim "n1 has not started what did not run there" eval '! running_probe n1'
claim "the change is listed with its packages" says "$(on n2 pando root changes 2)" 'apt-get install .*: done; 1 packages' \
    'pando-probe:amd64 1 -> 2' '/etc/pando-probe/version'
claim "and /etc as it was before it is kept" same \
    "$(on n2 tar --extract --to-stdout --file /.pando/updates/000002/etc.tar.gz etc/pando-probe/version)" 1

say "two operators at once"
on n2 mkfifo /run/probe.go
on_for 200 n2 pando root shell sh -c 'echo "n2 has it"; exec cat /run/probe.go' >"$STATE_DIRECTORY/n2.said" 2>&1 &
first=$!
claim "n2 changes something" until_true 60 grep -q 'n2 has it' "$STATE_DIRECTORY/n2.said"
on_for 400 n1 pando root shell true >"$STATE_DIRECTORY/n1.said" 2>&1 &
second=$!
claim "n1 waits, and is told for whom" until_true 60 grep -qE \
    'waiting for n2 [(]sh -c .*, process [0-9]+, since [0-9]+ s[)], which changes packages of this root' "$STATE_DIRECTORY/n1.said"
claim "n2 is done" on n2 sh -c 'echo done >/run/probe.go'
wait "$first" || true
wait "$second" || true
claim "then it has its turn" says "$(on n1 pando root changes)" '^3 .* on n2: done' '^4 .* true on n1: done'

say "a node dies amid a change"
on_for 300 n3 pando root shell sh -c \
    'dpkg --remove pando-probe && rm -rf /etc/pando-probe && sync && echo "n3 has removed it"; exec tail -f /dev/null' \
    >"$STATE_DIRECTORY/n3.said" 2>&1 &
operator=$!
claim "n3 has removed the package" until_true 90 grep -q 'n3 has removed it' "$STATE_DIRECTORY/n3.said"
machine=$(machine_of n3) || machine='?'
claim "n3 loses power" power_cut n3
kill "$operator" 2>/dev/null || true
wait "$operator" 2>/dev/null || true
claim "n3 is fenced" until_true 120 another_machine n3 "$machine" # before that no ssh gets into n1, whose root is frozen
claim "that it was cut off is known before anybody changes something again" says "$(on_for 90 n1 pando doctor || true)" \
    '^warning +updates +change 5 [(]sh -c .* on n3[)] was cut off'
said=$(on_for 400 n1 pando root shell true 2>&1) || true # n3 has not followed: that is said, and is no success
claim "whoever comes next is told that it was cut off" says "$said" 'change 5 [(]sh -c .* on n3[)] was cut off with 1 packages changed' \
    'dpkg --configure -a'
claim "and that is in the record" says "$(on n1 pando root changes 5)" ': interrupted; 1 packages' 'pando-probe:amd64 2 is removed'
claim "n3 is back" wait_up n3 400
claim "and follows by itself" until_true 240 all_have_followed
claim "pando doctor on n1 has nothing against the root: all have followed" says "$(on n1 pando doctor)" \
    '^ok +room ' '^ok +cdsl ' '^ok +updates '
