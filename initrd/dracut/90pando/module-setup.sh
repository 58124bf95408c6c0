#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pando's image: pando-boot as /init, the tools it calls, the drivers and the fencing chroot's files.
# It stands alone: no other dracut module, no udevd, no systemd (docs/decisions/0001).
#
# `pando image build` runs dracut with this one module and says what belongs in by a directory, $PANDO_IMAGE:
#   drivers      kernel modules, one a line; their dependencies and firmware follow by themselves
#   files        the fencing chroot's files, one a line, at the paths they have in the tree
#   chroot.json  its manifest, which the booting node installs from and verifies by

# What pando-boot and the installation run, beside what the chroot brings.
pando_programs=(
    /usr/sbin/pando-boot
    busybox ip ping iscsistart    # addresses, the cluster link's MTU, DHCP (an applet of busybox), iSCSI login
    mkfs.gfs2 sfdisk tar zstd     # first-blade installation
)

# For a person in the rescue shell, and for pando-boot: udhcpc and wget.
pando_applets=(
    sh ash awk cat chmod chroot clear cp cut date dd df dmesg du echo env false find free grep gzip gunzip head
    hexdump hostname id kill killall less ln ls lsmod lsscsi mkdir more mount mv nc nslookup pidof ping
    poweroff printf ps pwd readlink reboot reset rm rmdir rmmod sed sha256sum sleep sort stat strings stty sync
    sysctl tail tee telnet test top touch tr true udhcpc umount uname uniq uptime vi watch wc wget which xargs
)

# Only when asked for by name, with its request: never part of a stock initramfs.
check() {
    [[ -d $PANDO_IMAGE ]] || return 1
    return 255
}

depends() {
    return 0
}

# dracut goes on after a module that failed; an image with a part missing must not come to be.
pando_give_up() {
    dfatal "pando: $1"
    exit 1
}

installkernel() {
    local -a drivers
    mapfile -t drivers < "$PANDO_IMAGE/drivers"
    # Names with dependencies and firmware. -c: a name that is neither a module nor built in is an error.
    hostonly='' instmods -c "${drivers[@]}" || pando_give_up "a driver is missing"
}

install() {
    local applet
    local -a files
    mapfile -t files < "$PANDO_IMAGE/files"

    inst_multiple "${pando_programs[@]}" || pando_give_up "a program is missing"
    inst_multiple "${files[@]}" || pando_give_up "a file of the fencing chroot is missing"
    inst_simple "$PANDO_IMAGE/chroot.json" /usr/lib/pando/chroot.json || pando_give_up "no chroot.json"

    ln -s usr/sbin/pando-boot "$initdir/init"
    # udhcpc calls its script by path; pando-boot knows by this name that it is the script.
    ln -s pando-boot "$initdir/usr/sbin/pando-dhcp-event"
    # The kernel asks for modules itself (a checksum for iSCSI, a cipher) by this path.
    ln -s ../bin/busybox "$initdir/usr/sbin/modprobe"
    for applet in "${pando_applets[@]}"; do
        # The real program, where the chroot brought one, stays.
        [[ -e $initdir/usr/bin/$applet || -e $initdir/usr/sbin/$applet ]] || ln -s busybox "$initdir/usr/bin/$applet"
    done

    # Else the driver makes a bond0 of its own when it is loaded, just before the node's plan makes one.
    mkdir -p "$initdir/etc/modprobe.d"
    printf 'options bonding max_bonds=0\n' > "$initdir/etc/modprobe.d/pando.conf"

    printf 'root:x:0:0:root:/root:/bin/sh\n' > "$initdir/etc/passwd"
    printf 'root:x:0:\n' > "$initdir/etc/group"
}
