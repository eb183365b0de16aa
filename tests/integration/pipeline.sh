#!/usr/bin/env bash
# pipeline.sh - the whole pipeline under faults, on real Kafka and PostgreSQL.
#   COMPLAINTS=20000 SEED=7 KILLS=20 tests/integration/pipeline.sh [quiet|faults|wide ...]
# quiet:  the input through an undisturbed stack (event clock, one inbound partition).
# faults: the same input under kill -9 of services with work in flight, PostgreSQL and Kafka
#         killed and started again once each; rows and state must equal quiet's line by line.
# wide:   4 inbound partitions, 2 threads a stage; sets of events, final states, seq.
set -euo pipefail
cd "$(dirname "$0")/../.."
complaints=${COMPLAINTS:-20000} seed=${SEED:-7} kills=${KILLS:-20} port=${PORT_BASE:-19800}
parts=("$@")
[ $# -gt 0 ] || parts=(quiet faults wide)
top=$(realpath "${BUILD:-build}")/it
mkdir -p "$top"
unset RUN CLOCK PARTITIONS INBOUND_PARTITIONS THREADS POLICY PORT_BASE
passed=0 failed=0 run=

stack() { # stack NAME SETTING... : an empty stack of its own
    run=$top/$1
    shift
    make -s down RUN="$run" >/dev/null 2>&1 || true
    rm -rf "$run"
    make -s up RUN="$run" PORT_BASE="$port" CLOCK=event PARTITIONS=4 "$@"
    # shellcheck disable=SC1091
    . "$run/env"
}
check() { # check TEXT COMMAND...
    local text=$1
    shift
    if "$@" >"$top/check.log" 2>&1; then
        echo "ok      $text"
        passed=$((passed + 1))
    else
        head -n 30 "$top/check.log"
        echo "FAILED  $text"
        failed=$((failed + 1))
    fi
}
settle() {
    redress clock advance --to 2026-06-01T00:00:00Z --timeout 600
    redress wait --timeout 600
}
# Rows and state as text; what is wall time is left out (see dump_tables.sql).
account() { # account FOLDER
    mkdir -p "$1"
    psql -X -q -At -f tests/integration/dump_tables.sql "$REDRESS_PG_DSN" >"$1/rows"
    for stage in register classification triage sla assign collect; do
        redress state dump "$stage" | sed -E 's/"(recorded_at|timestamp)":[0-9]+/"\1":0/g' >"$1/$stage"
    done
}
same() { # same FOLDER FOLDER FILE
    [ -s "$1/$3" ] && diff -q "$1/$3" "$2/$3" >/dev/null && return
    wc -l "$1/$3" "$2/$3"
    diff "$1/$3" "$2/$3" | cut -c1-600 | head -n 20
    return 1
}
lag_of() { # lag_of STAGE...: messages that these still have to read
    local stages=$*
    redress status --json 2>/dev/null | python3 -c '
import json, sys
wanted = sys.argv[1].split()
print(sum(t["lag"] for t in json.load(sys.stdin)["topics"] if t["reader"] in wanted))' "$stages" || echo 0
}
alive() { # alive NAME OLD_PID: the pid file names another, living process
    local pid
    pid=$(cat "$run/$1.pid" 2>/dev/null) && [ "$pid" != "$2" ] && kill -0 "$pid" 2>/dev/null
}
await() { # await SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        read -r -t 0.1 <> <(:) || true
    done
}

kill_one() { # a service, drawn by the seed, as soon as it has work
    local services=(intake classification triage sla routing projection)
    local name=${services[RANDOM % 6]} stages pid
    case $name in
    intake) stages="door register" ;;
    routing) stages="assign collect" ;;
    *) stages=$name ;;
    esac
    # Held still until work has piled up before it, then let go: the kill meets it at work.
    await 60 alive "redress-$name" none
    pid=$(cat "$run/redress-$name.pid")
    kill -STOP "$pid"
    await 10 has_work "$stages" || echo "        (no work came for $name)"
    kill -CONT "$pid"
    kill -9 "$pid" 2>/dev/null || true
    killed+=("$name")
}
has_work() { # has_work "STAGE..."
    [ "$(lag_of "$1")" -gt 0 ]
}
restart() { # restart kafka|postgres: killed without a word, started again
    local pid
    pid=$(cat "$run/$1.pid")
    # PostgreSQL's own way of losing power: SIGQUIT (kill -9 would leave its children).
    if [ "$1" = postgres ]; then kill -QUIT "$pid"; else kill -9 "$pid"; fi
    await 30 gone "$pid"
    make -s up RUN="$run" >/dev/null
}
gone() {
    ! kill -0 "$1" 2>/dev/null
}

quiet() {
    stack quiet INBOUND_PARTITIONS=1
    began=$SECONDS
    redress import "$top/input.jsonl"
    settle
    echo "        quiet: $((SECONDS - began)) s from the first event to the last row"
    check "quiet: verify is clean" redress verify
    redress status --json >"$top/quiet.status"
    account "$top/account.quiet"
    make -s down RUN="$run"
}
faults() {
    local killed=() lines slice i publisher
    stack faults INBOUND_PARTITIONS=1
    RANDOM=$seed
    lines=$(wc -l <"$top/input.jsonl")
    slice=$((lines / kills + 1))
    for ((i = 0; i < kills; i++)); do
        [ $i -ne $((kills / 3)) ] || restart postgres
        [ $i -ne $((kills * 2 / 3)) ] || restart kafka
        # Published beside the look-out for work, so that a quick service is caught at it.
        sed -n "$((i * slice + 1)),$(((i + 1) * slice))p" "$top/input.jsonl" | redress import - >/dev/null &
        publisher=$!
        kill_one
        wait $publisher
    done
    echo "        killed: ${killed[*]}; postgres and kafka once each"
    settle
    check "faults: verify is clean" redress verify
    account "$top/account.faults"
    for file in rows register classification triage sla assign collect; do
        check "faults: $file equal the undisturbed run's" \
            same "$top/account.quiet" "$top/account.faults" $file
    done
    make -s down RUN="$run"
}
# What must not depend on how inbound partitions interleave.
essence() {
    psql -X -q -At "$REDRESS_PG_DSN" >"$1" <<'SQL'
SET search_path = redress;
SELECT 'event', source, ce_id, complaint_id, type FROM complaint_events
WHERE seq IS NOT NULL ORDER BY 2, 3, 4;
SELECT 'case', complaint_id, state, last_seq FROM complaints ORDER BY 2;
SELECT 'dead', reason, count(*) FROM dead_letters GROUP BY 2 ORDER BY 2;
SQL
}
wide() {
    stack wide INBOUND_PARTITIONS=4 THREADS=2
    redress import "$top/input.jsonl"
    settle
    check "wide: verify is clean (gap-free seq, parity)" redress verify
    essence "$top/essence.wide"
    make -s down RUN="$run"
    make -s up RUN="$top/quiet" PORT_BASE="$port" >/dev/null
    # shellcheck disable=SC1091
    run=$top/quiet && . "$run/env"
    essence "$top/essence.quiet"
    make -s down RUN="$run"
    check "wide: same events, final states and dead letters" \
        cmp "$top/essence.quiet" "$top/essence.wide"
}

trap '[ -z "$run" ] || make -s down RUN="$run" >/dev/null 2>&1 || true' EXIT
python3 tests/integration/make_input.py "$complaints" "$seed" >"$top/input.jsonl"
echo "        input: $(wc -l <"$top/input.jsonl") messages of $complaints complaints, seed $seed"
for part in "${parts[@]}"; do
    "$part"
done
echo "pipeline: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
