# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by lab/demo, the system scenarios and the benchmarks: everything a lab boots from, made or reused.
# Sourced. Expects `top` (the checkout) and sets nothing but functions and the variables named in prepare_lab.

: "${PANDO_CACHE:=/var/cache/pando}"

say() { printf '%s\n' "$*"; }
fail() { # fail MESSAGE [ADVICE]
    printf 'error: %s\n' "$1" >&2
    [[ $# -lt 2 ]] || printf '  -> %s\n' "$2" >&2
    exit 1
}
pause() { read -rt "$1" <> <(:) || true; } # between two looks at a state; starts no program

# Where `pando lab` keeps its labs, unless told otherwise.
lab_state() { printf '%s' "${PANDO_LAB_STATE:-/var/lib/pando/lab}"; }

# --- one user for one lab ---------------------------------------------------------------------------------------------
# hold_lab NAME: from here on this script alone uses the lab of that name, and only now may it take one down. Refuses
# while another script does, and spares a lab that a person brought up. What a killed script left is cleared away by
# the next clear_lab: it could not empty the file that names the holder. The lock is descriptor 7, which what runs in
# the background is not given, so that it goes with this script.
hold_lab() {
    local name=$1 file holder
    mkdir -p "$(lab_state)"
    file=$(lab_state)/.$name.user
    exec 7>>"$file"
    if ! flock -n 7; then
        holder=$(head -n 1 "$file")
        exec 7>&-
        if [[ -n $holder && -e /proc/$holder ]]; then
            fail "lab $name is in use by process $holder: $(tr '\0' ' ' <"/proc/$holder/cmdline")" \
                "wait for it to end, or end it: kill $holder"
        fi
        fail "lab $name is in use by what process ${holder:-?} started, which has ended" \
            "wait for it to end; who it is: fuser -v $file"
    fi
    if [[ ! -s $file ]] && [[ -e $(lab_state)/$name/state.json || -e /run/netns/pando-$name ]]; then
        exec 7>&-
        fail "lab $name is there already, and no script that still runs or was killed has brought it up" \
            "when nobody needs it any more: $top/build/release/cli/pando lab down --name $name"
    fi
    printf '%s\n' $$ >"$file"
    HELD_LAB=$name
}
# clear_lab: takes the lab that is held down, whoever of our kind left it.
clear_lab() { "$PANDO" lab down --name "$HELD_LAB"; }
# release_lab: at an orderly end. Whatever lab is left now is somebody's.
release_lab() {
    : >"$(lab_state)/.$HELD_LAB.user"
    exec 7>&-
}

# build_pando: the release build, and of it the Debian packages in build/packages: what goes onto a root is what is shipped.
build_pando() {
    local build=$top/build/release
    export CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=true
    (cd "$top" && cmake --preset release >/dev/null && cmake --build --preset release --target pando pando-boot pando-survival pando-lock)
    PANDO=$build/cli/pando
    rm -rf "$top/build/packages"
    mkdir -p "$top/build/packages"
    (cd "$top" && PANDO_BUILD_DIR=$build PANDO_DEB_DIR=$top/build/packages PANDO_DEB_COMPRESS=gzip debian/rules binary \
        >"$top/build/packages/log" 2>&1) || fail "making the packages failed; its log is $top/build/packages/log" \
        "mend what its last lines name: $(tail -n 3 "$top/build/packages/log" | tr '\n' ' ')"
}

# field NAME: the rest of the line that begins with NAME on standard input.
field() { sed -n "s/^$1 //p"; }

# prepare_lab NAME BLADES DIRECTORY
# Makes the root (or takes it from the cache), the cluster's description, the boot files and the installed LUN.
# Sets ROOT_ARCHIVE ROOT_TREE, CLUSTER (cluster.yaml), NETBOOT (directory), LUN (a copy of its own, in DIRECTORY).
prepare_lab() {
    local name=$1 blades=$2 directory=$3 built key journals cached
    mkdir -p "$directory"
    say "root: packages from this host's apt, Pando on top"
    built=$("$PANDO" root build --profile "$top/rootfs/profiles/debian.yaml" --pando-packages "$top/build/packages" \
        --cache "$PANDO_CACHE")
    ROOT_ARCHIVE=$(field archive <<<"$built")
    ROOT_TREE=$(field tree <<<"$built")
    key=$(field key <<<"$built")

    CLUSTER=$directory/cluster.yaml
    NETBOOT=$directory/netboot
    "$PANDO" lab describe --name "$name" --blades "$blades" --output "$directory"
    journals=$("$PANDO" config show "$CLUSTER" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["root"]["journals"])')
    say "image: kernel, initramfs"
    "$PANDO" image build --root "$ROOT_TREE" --cluster "$CLUSTER" --output "$NETBOOT"

    LUN=$directory/lun.img
    cached=$PANDO_CACHE/lun/$key-journals$journals.img
    mkdir -p "$PANDO_CACHE/lun"
    # One installation at a time; who waited finds the other's result. Copied and pruned under the lock as well, so that
    # nobody removes what is being read.
    exec 8>>"$PANDO_CACHE/lun/lock"
    flock -w 1800 8 || fail "another installation holds $PANDO_CACHE/lun/lock" \
        "wait for it to end; who it is: fuser -v $PANDO_CACHE/lun/lock"
    # Nobody installs now: these are of installations that were cut short.
    rm -f "$PANDO_CACHE"/lun/*.img.new
    [[ -e $cached ]] || install_lun "$name" "$directory" "$cached" 8>&-
    touch "$cached"
    say "LUN: a copy of $(basename "$cached")"
    cp --reflink=auto --sparse=always "$cached" "$LUN"
    # The two newest are kept.
    find "$PANDO_CACHE/lun" -name '*.img' -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d' ' -f2- | xargs -r rm -f
    exec 8>&-
    say "bundle: the cluster's description, onto the LUN"
    "$PANDO" bundle write --lun "$LUN" "$CLUSTER"
}

# install_lun NAME DIRECTORY TARGET: the first blade installs the root from its initramfs, over iSCSI.
install_lun() {
    local name=$1 directory=$2 target=$3 fresh=$3.new offset
    say "installing the root: blade n1 boots its initramfs and fills the LUN"
    truncate -s 8G "$fresh"
    "$PANDO" bundle write --lun "$fresh" --initial "$CLUSTER"
    ln -sfn "$ROOT_ARCHIVE" "$NETBOOT/root.tar.zst"
    "$PANDO" lab up --name "$name" --cluster "$CLUSTER" --netboot "$NETBOOT" --lun "$fresh" \
        --cpus 2 --no-power
    "$PANDO" lab power --name "$name" n1 on --kernel-arguments "rd.pando.install=http://10.77.0.1/root.tar.zst"
    if ! "$PANDO" lab wait --name "$name" n1 --timeout 1500 --console 'install +ok|FAILED' | grep -E 'install +ok'; then
        "$PANDO" lab console --name "$name" n1 --log | tail -40
        fail "the installation of the root failed; its console is above" \
            "mend what its last lines name, and start this again: nothing half-made was kept"
    fi
    "$PANDO" lab wait --name "$name" n1 --timeout 120 --off
    "$PANDO" lab down --name "$name"
    rm -f "$NETBOOT/root.tar.zst"
    mv "$fresh" "$target"
}

# boot_with SED NODE [KERNEL_ARGUMENTS]: the node boots with the cluster's description as the sed script changes it;
# $CLUSTER stays as it is.
boot_with() {
    local changed=$STATE_DIRECTORY/changed
    mkdir -p "$changed"
    cp "$STATE_DIRECTORY/authkey" "$changed/"
    sed -E "$1" "$CLUSTER" >"$changed/cluster.yaml"
    if cmp -s "$CLUSTER" "$changed/cluster.yaml"; then
        fail "nothing in $CLUSTER matches: $1" "does lab/description.cpp write it in another way by now?"
    fi
    "$PANDO" bundle write --lun "$LUN" "$changed/cluster.yaml"
    "$PANDO" lab power --name "$LAB" "$2" on --kernel-arguments "${3:-}"
}
