#!/usr/bin/env bash
# zombies.sh - two processes share the partitions; each sleeps (SIGSTOP) until the group has
# given its work away, then wakes in the middle of what it did.  About two minutes, so not a
# part of run.sh:  . build/run/env && tests/integration/zombies.sh
#   event clock: state and outputs equal those of an undisturbed run
#   wall clock:  every timer fires exactly once, also those due during the sleep
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$(realpath "${STAGE_PROGRAM:-${BUILD:-build}/release/test/it_stage}")
work=$(mktemp -d)
pids=()
finish() { for pid in "${pids[@]}"; do kill -CONT "$pid" 2>/dev/null; kill -9 "$pid" 2>/dev/null; done; rm -rf "$work"; }
trap finish EXIT
export REDRESS_SALT=stage-test-salt REDRESS_PARTITIONS=4 REDRESS_INBOUND_PARTITIONS=1
export REDRESS_OPS_PORT=0 REDRESS_REPLICATION=1
fail() { echo "zombies: FAILED: $*" >&2; tail -n 20 "$work"/*.log >&2; exit 1; }
wait_ms() { perl -e 'select(undef, undef, undef, $ARGV[0] / 1000)' "$1"; }

start() { # start INSTANCE: under a loop, as a supervisor would: a fenced process ends with 1
    (
        trap 'kill -TERM "$pid" 2>/dev/null; over=1' TERM
        over=
        while [ -z "$over" ]; do
            "$program" run --instance "$1" >>"$work/$1.log" 2>&1 &
            pid=$!
            echo "$pid" >"$work/$1.pid"
            wait "$pid" || true
        done
        wait "$pid" || true
    ) &
    pids+=($!)
}
sleeps() { # sleeps INSTANCE MS
    local pid
    pid=$(cat "$work/$1.pid")
    kill -STOP "$pid"
    wait_ms "$2"
    kill -CONT "$pid"
}
stop() {
    kill -TERM "${pids[@]}"
    wait "${pids[@]}" || true
    pids=()
}
dump() { # dump NAME
    "$program" dump >"$work/dump"
    { grep -v '^complaints.deadletter' "$work/dump"; grep '^complaints.deadletter' "$work/dump" | sort; } >"$work/$1"
}

export REDRESS_CLOCK=event REDRESS_TOPIC_PREFIX="zo$$.calm."
"$program" topics
start a
"$program" feed 100000 3
"$program" caught-up 120000 || fail "calm: not done"
stop
dump calm
export REDRESS_TOPIC_PREFIX="zo$$.event." REDRESS_BATCH_MAX_EVENTS=200
"$program" topics
start a
start b
(for ((i = 0; i < 40; i++)); do "$program" feed 2500 3 $((i * 2500)); wait_ms 1000; done) &
feeder=$!
wait_ms 5000
sleeps a 14000
wait_ms 4000
sleeps b 25000
wait "$feeder"
"$program" caught-up 120000 || fail "event clock: not done"
stop
dump event
cmp -s "$work/calm" "$work/event" || { diff "$work/calm" "$work/event" | head >&2; fail "event clock: differs"; }
echo "zombies: event clock: $(wc -l <"$work/calm") lines of state and output equal"

export REDRESS_CLOCK=wall REDRESS_TOPIC_PREFIX="zo$$.wall."
"$program" topics
start a
start b
wait_ms 3000
"$program" feed 50 5 0 $(($(date +%s) - 20))000 # timers due from 20 s on, one a second
wait_ms 15000
sleeps a 21000
wait_ms 8000
sleeps b 16000
wait_ms 12000
stop
"$program" dump >"$work/wall"
awk '$1 == "state" { records++; fired += $7; if ($5 != "due=-9223372036854775808") due++ }
    $1 == "complaints.received" && seen[$4]++ { twice++ }
    $1 == "complaints.received" && /:timer/ { out++ }
    END { print records + 0, due + 0, fired + 0, out + 0, twice + 0 }' "$work/wall" >"$work/sums"
read -r records due fired out twice <"$work/sums"
[ "$records" -gt 30 ] && [ "$due" -eq 0 ] && [ "$fired" -eq "$records" ] && [ "$out" -eq "$fired" ] &&
    [ "$twice" -eq 0 ] || fail "wall clock: $records records, $due due, $fired fired, $out out, $twice twice"
echo "zombies: wall clock: $fired timers fired, each once"
