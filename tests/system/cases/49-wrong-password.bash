# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the password of a fence device was changed, on the device alone, and its node dies
# Expected: the root stays frozen, status says for whom and what the device answers; once the password is right again, all goes on
# Bound: 240 s from the right password
secret=$("$PANDO" config show "$CLUSTER" --json | json 'd["nodes"][2]["fence"][0]["options"]["password"]')
changed=another_password
bmc_password() { # FROM TO
    in_network timeout 30 ipmitool -I lanplus -C 3 -H "$(bmc_address_of n3)" -U admin -P "$1" user set password 2 "$2" 16
}
refused_by_device() {
    local said
    said=$(waits_for_fencing n3) && grep -E 'tried [0-9]+ times here: .*n3-bmc: ' <<<"$said" || { say "$said"; return 1; }
}
open_chroot n1 || true
claim "a shell is open in the chroot of n1" in_chroot 20 true
machine=$(machine_of n3) || machine='?'
claim "the BMC of n3 has another password" bmc_password "$secret" "$changed"
claim "nobody gets in by the old one" eval '! in_network timeout 30 ipmitool -I lanplus -C 3 -H "$(bmc_address_of n3)" -U admin -P "$secret" chassis power status'
claim "n3 loses power" power_cut n3
claim "the others wait for its fencing, and say that its device refuses" until_true 180 refused_by_device
claim "nobody writes meanwhile" stays_silent n1 10
claim "the BMC of n3 has its password again" until_true 90 bmc_password "$changed" "$secret"
claim "n1 goes on" writes_on n1 240
claim "and n2" writes_on n2 60
fenced_and_back n3 "$machine"
close_chroot
