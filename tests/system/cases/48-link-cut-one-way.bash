# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fault: a node is heard by nobody, and hears all
# Expected: it is fenced, the others go on; nobody else is
# Bound: token + consensus + the agent's time + 3 s, and once more token + consensus: corosync tries to agree meanwhile
# Short: yes
fenced_for_its_link out "$(awk -v l="$(recovery_limit)" -v d="$(detection n1)" 'BEGIN { print l + d }')"
