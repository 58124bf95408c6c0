# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the checks in this folder: sourced first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The files of the project that match the globs (git's pathspecs), also those not committed yet.
ours() {
    # -c: a checkout that belongs to somebody else is still the one to check.
    git -c safe.directory='*' ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
        if [[ -f $file ]]; then echo "$file"; fi
    done
}

# Scripts: by their name or by their first line.
scripts() { # scripts INTERPRETER-REGEX
    ours | while read -r file; do
        if head -c 80 "$file" | head -n 1 | tr -d '\0' | grep -qE "^#!.*\b($1)\b"; then echo "$file"; fi
    done
}
