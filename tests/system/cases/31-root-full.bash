# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the root is full, in blocks and so in inodes, and a node loses power
# Expected: it is fenced and boots on the full root; the others can write what needs no room
# Bound: token + consensus + the agent's time + 30 s, asked for by ssh
for node in n1 n2 n3; do claim "$node writes" writes_on "$node"; done
writers_stop
claim "n1 fills the root" on_for 500 n1 python3 -c '
import errno, os
os.makedirs("/srv/faults/full/names", exist_ok=True)
with open("/srv/faults/kept", "wb") as kept:
    kept.write(bytes(4096)); kept.flush(); os.fsync(kept.fileno())
fd = os.open("/srv/faults/full/space", os.O_WRONLY | os.O_CREAT)
end, size = 0, 1 << 30
while size >= 4096:
    try:
        os.posix_fallocate(fd, end, size)
        end += size
    except OSError as e:
        if e.errno != errno.ENOSPC: raise
        size //= 4
for number in range(20000):  # what is left are single blocks: an inode each
    try:
        os.close(os.open("/srv/faults/full/names/%d" % number, os.O_WRONLY | os.O_CREAT))
    except OSError as e:
        if e.errno != errno.ENOSPC: raise
        break
else:
    raise SystemExit("20000 files could still be made")
print("%d MB, %d files" % (end >> 20, number))'
limit=$(awk -v l="$(recovery_limit)" 'BEGIN { print int(l + 27) }')
machine=$(machine_of n3) || machine='?'
claim "n3 loses power" power_cut n3
claim "n3 is fenced by its BMC" until_true "$limit" another_machine n3 "$machine"
# Over what is there: it needs no room.
claim "n1 writes, as far as that needs no room" on n1 dd if=/dev/zero of=/srv/faults/kept bs=4096 count=1 conv=notrunc,fsync status=none
claim "n3 boots on the full root" wait_up n3 300
claim "and is a member" until_true 60 members_are n1 "[1, 2, 3]"
claim "the devices of all answer, asked from n3" on_for 120 n3 pando fence test
claim "room is made again" on_for 180 n1 rm -rf /srv/faults/full
