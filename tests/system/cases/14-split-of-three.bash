# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: the cluster link of one node is cut both ways; it still reaches the storage
# Expected: the two others fence it and go on; it cannot write any more, and comes back when the link is back
# Bound: token + consensus + the agent's time + 3 s
fenced_for_its_link both "$(recovery_limit)"
