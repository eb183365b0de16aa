#!/usr/bin/env bash
# down.sh - ends what up.sh started in $RUN, by process id: the loops (each ends its
# service), then PostgreSQL and Kafka.  The data stays.  What no pid file names any more
# is found by its command line, which carries this stack's folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/local/lib.sh
exec 9>"$RUN/.lock"
flock -w 120 9 || fail 1 "another make up or down holds $RUN/.lock"
PG_DATA=$(realpath -m "$RUN/pg")/data

pids=()
for service in "${SERVICES[@]}"; do
    if pid=$(pid_of "$RUN/loop/$service"); then pids+=("$pid"); fi
done
[ ${#pids[@]} -eq 0 ] || end 40 TERM "${pids[@]}"

# Services whose loop was killed.
pids=()
for service in "${SERVICES[@]}"; do
    if pid=$(pid_of "$RUN/redress-$service.pid"); then pids+=("$pid"); fi
done
[ ${#pids[@]} -eq 0 ] || end 20 TERM "${pids[@]}"

# PostgreSQL's INT is its fast shutdown.
if pid=$(pid_of "$RUN/postgres.pid"); then end 30 INT "$pid"; fi
if pid=$(pid_of "$RUN/kafka.pid"); then end 30 TERM "$pid"; fi

# Whatever is left, except this script and its parents.
pids=()
for dir in /proc/[0-9]*; do
    pid=${dir#/proc/}
    [ "$pid" != $$ ] || continue
    if { tr '\0' '\n' <"$dir/cmdline"; } 2>/dev/null |
        grep -qxF -e "$RUN/redress.json" -e "-Dredress.run=$RUN" -e "$PG_DATA"; then
        pids+=("$pid")
    fi
done
[ ${#pids[@]} -eq 0 ] || end 20 TERM "${pids[@]}"

rm -f "$RUN"/*.pid "$RUN"/*.pid.new "$RUN"/loop/*
say "down: nothing of $RUN runs any more; its data stays"
