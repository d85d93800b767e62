#!/usr/bin/env bash
# Runs cargo's tests with the arguments it is given (none: the whole workspace) and ends with their sum, one line:
#   N passed, N failed
set -uo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- --workspace
log=$(mktemp)
trap 'rm -f "$log"' EXIT

"${CARGO:-cargo}" test --locked --no-fail-fast "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

awk '/^test result: / {
        for (i = 1; i < NF; i++) {
            if ($(i + 1) == "passed;") passed += $i
            if ($(i + 1) == "failed;") failed += $i
        }
    }
    END { printf "%d passed, %d failed\n", passed, failed; exit passed == 0 }' "$log" || status=1
exit "$status"
