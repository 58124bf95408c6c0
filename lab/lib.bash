# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by lab/demo, the system scenarios and the benchmarks: everything a lab boots from, made or reused.
# Sourced. Expects `top` (the checkout) and sets nothing but functions and the variables named in prepare_lab.

: "${PANDO_CACHE:=/var/cache/pando}"

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# build_pando: the release build, and Pando installed below build/stage (prefix /usr) as it goes onto a root.
build_pando() {
    local build=$top/build/release
    export CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=true
    (cd "$top" && cmake --preset release >/dev/null && cmake --build --preset release --target pando pando-boot pando-survival)
    PANDO=$build/cli/pando
    rm -rf "$top/build/stage"
    DESTDIR=$top/build/stage cmake --install "$build" --prefix /usr --strip >/dev/null
}

# field NAME: the rest of the line that begins with NAME on standard input.
field() { sed -n "s/^$1 //p"; }

# prepare_lab NAME BLADES DIRECTORY
# Makes the root (or takes it from the cache), the cluster's description, the boot files and the installed LUN.
# Sets ROOT_ARCHIVE ROOT_TREE, CLUSTER (cluster.yaml), NETBOOT (directory), LUN (a copy of its own, in DIRECTORY).
prepare_lab() {
    local name=$1 blades=$2 directory=$3 built key cached
    mkdir -p "$directory"
    say "root: packages from this host's apt, Pando on top"
    built=$("$PANDO" root build --profile "$top/rootfs/profiles/debian.yaml" --pando-tree "$top/build/stage" \
        --cache "$PANDO_CACHE")
    ROOT_ARCHIVE=$(field archive <<<"$built")
    ROOT_TREE=$(field tree <<<"$built")
    key=$(field key <<<"$built")

    CLUSTER=$directory/cluster.yaml
    NETBOOT=$directory/netboot
    "$PANDO" lab describe --name "$name" --blades "$blades" --output "$directory"
    say "image: kernel, initramfs, bundle"
    "$PANDO" image build --root "$ROOT_TREE" --cluster "$CLUSTER" --output "$NETBOOT"

    LUN=$directory/lun.img
    cached=$PANDO_CACHE/lun/$key.img
    mkdir -p "$PANDO_CACHE/lun"
    # One installation at a time; who waited finds the other's result.
    exec 8>"$PANDO_CACHE/lun/lock"
    flock -w 1800 8 || fail "another installation holds $PANDO_CACHE/lun/lock"
    [[ -e $cached ]] || install_lun "$name" "$directory" "$cached"
    touch "$cached"
    flock -u 8
    exec 8>&-
    say "LUN: a copy of $(basename "$cached")"
    cp --reflink=auto --sparse=always "$cached" "$LUN"
    # The two newest are kept.
    find "$PANDO_CACHE/lun" -name '*.img' -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d' ' -f2- | xargs -r rm -f
}

# install_lun NAME DIRECTORY TARGET: the first blade installs the root from its initramfs, over iSCSI.
install_lun() {
    local name=$1 directory=$2 target=$3 fresh=$3.new offset
    say "installing the root: blade n1 boots its initramfs and fills the LUN"
    rm -f "$fresh"
    truncate -s 8G "$fresh"
    ln -sfn "$ROOT_ARCHIVE" "$NETBOOT/root.tar.zst"
    "$PANDO" lab up --name "$name" --cluster "$CLUSTER" --netboot "$NETBOOT" --lun "$fresh" \
        --cpus 2 --no-power
    "$PANDO" lab power --name "$name" n1 on --kernel-arguments "rd.pando.install=http://10.77.0.1/root.tar.zst"
    if ! "$PANDO" lab wait --name "$name" n1 --timeout 1500 --console 'install +ok|FAILED' | grep -E 'install +ok'; then
        "$PANDO" lab console --name "$name" n1 --log | tail -40
        fail "the installation failed; its console is above"
    fi
    "$PANDO" lab wait --name "$name" n1 --timeout 120 --off
    "$PANDO" lab down --name "$name"
    rm -f "$NETBOOT/root.tar.zst"
    mv "$fresh" "$target"
}
