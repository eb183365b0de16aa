#!/usr/bin/env bash
# status.sh - which processes of the stack in $RUN run.  Exit 1 if one is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/local/lib.sh
PG_DATA=$(realpath -m "$RUN/pg")/data
missing=0
show() {
    local pid
    if pid=$(pid_of "$RUN/$1.pid"); then
        printf '  %-24s running, process %s, %s MB\n' "$1" "$pid" \
            "$(($(ps -o rss= -p "$pid") / 1024))"
    else
        printf '  %-24s not running\n' "$1"
        missing=1
    fi
}
say "stack in $RUN"
show kafka
show postgres
for service in "${SERVICES[@]}"; do show "redress-$service"; done
exit $missing
