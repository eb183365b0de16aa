#!/usr/bin/env bash
# compose/run.sh - deploy/compose.yaml for real: 2,000 complaints in, one service killed
# on the way, `redress verify` clean, everything down again with its volumes.
# Skipped, visibly, where no Docker engine can run.
#   KEEP=1 leaves the stack up.
set -uo pipefail
cd "$(dirname "$0")/../.."
bin=$(realpath -m "${BUILD:-build}/bin")
work=$(mktemp -d)
events=${EVENTS:-2000}
export COMPOSE_PROJECT_NAME=redress-test REDRESS_PARTITIONS=${REDRESS_PARTITIONS:-4}
export REDRESS_KAFKA_PORT=${REDRESS_KAFKA_PORT:-29092} REDRESS_PG_PORT=${REDRESS_PG_PORT:-25432}
compose=(docker compose -f deploy/compose.yaml)
poll_seconds=0.5
passed=0 failed=0

# Where public images cannot be pulled, local ones of the same names may be made.
standins=${REDRESS_STANDINS:-../shared/stand-ins/build}
if [ -x "$standins" ] && [ "$(id -u)" = 0 ]; then
    echo "compose: making local images ($standins)"
    "$standins" debian kafka postgres15 || echo "compose: $standins failed"
fi
if ! docker info >/dev/null 2>&1 || ! docker compose version >/dev/null 2>&1; then
    echo "compose: no Docker engine with the compose plugin answers here, skipped"
    exit 0
fi
# tests/compose/local-image.yaml says why.
if ! docker run --rm --entrypoint test apache/kafka:4.1.1 -w /opt/kafka/config/server.properties; then
    compose+=(-f tests/compose/local-image.yaml)
fi
for program in redress redress-intake redress-projection; do
    [ -x "$bin/$program" ] || { echo "compose: $bin/$program is not built"; exit 1; }
done

finish() {
    if [ $failed -gt 0 ]; then
        "${compose[@]}" ps -a
        "${compose[@]}" logs --no-color --tail 30
    fi
    if [ -z "${KEEP-}" ]; then
        "${compose[@]}" down -v --timeout 30 >"$work/down.log" 2>&1 || cat "$work/down.log"
    fi
    rm -rf "$work"
}
trap finish EXIT

step() { # step NAME COMMAND...: counts it, says how long it took
    local name=$1 began=$SECONDS
    shift
    if "$@" >"$work/step.log" 2>&1; then
        passed=$((passed + 1))
        echo "compose: ok      $name ($((SECONDS - began)) s)"
    else
        failed=$((failed + 1))
        tail -n 40 "$work/step.log"
        echo "compose: FAILED  $name ($((SECONDS - began)) s)"
        echo "compose: $passed passed, $failed failed"
        exit 1
    fi
}
wait_for() { # wait_for SECONDS COMMAND...
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep "$poll_seconds"
    done
}

# complaints FROM TO: a CloudEvent a line; every fifth complaint gets an answer too.
complaints() {
    awk -v from="$1" -v to="$2" 'BEGIN {
        for (i = from; i <= to; i++) {
            if (i % 5 == 0) {
                printf "{\"specversion\":\"1.0\",\"id\":\"a-%d\",\"source\":\"urn:compose\",\"type\":\"complaint.responded\",", i
                printf "\"data\":{\"complaint_ref\":\"R-%d\",\"customer\":{\"id\":\"C-%d\"},\"text\":\"We are sorry.\"}}\n", i - 1, (i - 1) % 700
            } else {
                printf "{\"specversion\":\"1.0\",\"id\":\"e-%d\",\"source\":\"urn:compose\",\"type\":\"complaint.submitted\",", i
                printf "\"data\":{\"complaint_ref\":\"R-%d\",\"channel\":\"web\",\"customer\":{\"id\":\"C-%d\"},", i, i % 700
                printf "\"product\":\"card\",\"text\":\"My card was charged twice, number %d.\"}}\n", i
            }
        }
    }'
}
publish() { complaints "$1" "$2" | "$bin/redress" publish -; }
sql() {
    PGPASSWORD=development-only psql -X -A -t -h 127.0.0.1 -p "$REDRESS_PG_PORT" -U redress -d redress -c "$1"
}
host_pid() { docker inspect -f '{{.State.Pid}}' "$("${compose[@]}" ps -q "$1")"; }
restarted() { [ "$(host_pid triage)" != "$old_pid" ] && [ "$(host_pid triage)" != 0 ]; }
rows_are() {
    local rows
    rows=$(sql 'SELECT count(*) FROM bi.complaints')
    echo "bi.complaints has $rows rows, $1 are wanted"
    [ "$rows" = "$1" ]
}

step "build the images" "${compose[@]}" build
step "up -d --wait" "${compose[@]}" up -d --wait --wait-timeout 240
export REDRESS_KAFKA_BROKERS=127.0.0.1:$REDRESS_KAFKA_PORT
export REDRESS_PG_DSN=postgresql://redress:development-only@127.0.0.1:$REDRESS_PG_PORT/redress
export REDRESS_SALT_FILE=$PWD/deploy/secrets/salt REDRESS_POLICY_DIR=$PWD/deploy/policy
half=$((events / 2))
step "publish the first half" publish 1 $half
old_pid=$(host_pid triage)
step "kill -9 triage while it works" kill -9 "$old_pid"
step "publish the second half" publish $((half + 1)) "$events"
step "triage is started again" wait_for 60 restarted
step "all of it reaches PostgreSQL" "$bin/redress" wait --timeout 180
step "verify is clean" "$bin/redress" verify
step "every complaint is one row" rows_are $((events - events / 5))
step "up again changes nothing" "${compose[@]}" up -d --wait --wait-timeout 120
[ -n "${KEEP-}" ] || step "down -v" "${compose[@]}" down -v --timeout 60
echo "compose: $passed passed, $failed failed"
