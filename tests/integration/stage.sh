#!/usr/bin/env bash
# stage.sh - the stage runtime under kill -9: state, positions and outputs must equal those
# of an undisturbed run of the same input.
#   STAGE_EVENTS=40000 STAGE_KILLS=15 STAGE_SEED=1 tests/integration/stage.sh
# Needs a broker (REDRESS_CONFIG or REDRESS_KAFKA_BROKERS); topics get prefixes of their own.
set -euo pipefail
cd "$(dirname "$0")/../.."
events=${STAGE_EVENTS:-40000} kills=${STAGE_KILLS:-15} seed=${STAGE_SEED:-1}
program=$(realpath "${STAGE_PROGRAM:-${BUILD:-build}/release/test/it_stage}")
work=$(mktemp -d)
child=
finish() { [ -z "$child" ] || kill -9 "$child" 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT
export REDRESS_SALT=stage-test-salt REDRESS_PARTITIONS=4 REDRESS_CLOCK=event
export REDRESS_OPS_PORT=0 REDRESS_REPLICATION=1
export REDRESS_BATCH_MAX_EVENTS=200 # many small transactions
RANDOM=$seed

brokers=${REDRESS_KAFKA_BROKERS:-$(sed -n 's/.*"bootstrap.servers": *"\([^"]*\)".*/\1/p' "$REDRESS_CONFIG")}

nap() { # nap MS
    perl -e 'select(undef, undef, undef, $ARGV[0] / 1000)' "$1"
}
start() {
    "$program" run "$@" >>"$work/$REDRESS_TOPIC_PREFIX.log" 2>&1 &
    child=$!
}
fail() {
    echo "stage: FAILED: $*" >&2
    tail -n 20 "$work/$REDRESS_TOPIC_PREFIX.log" >&2
    exit 1
}
# Kills at random moments while there is work: three in four shortly after the partitions
# were taken over (in a transaction, mostly), one in four during the start.
disturb() {
    local i assigned log="$work/$REDRESS_TOPIC_PREFIX.log"
    "$program" feed "$events" "$seed" &
    for ((i = 0; i < kills; i++)); do
        if ((RANDOM % 4 > 0)); then
            assigned=$(grep -c '"assigned"' "$log" || true)
            for ((tries = 0; tries < 3000; tries++)); do
                [ "$(grep -c '"assigned"' "$log" || true)" -le "$assigned" ] || break
                nap 10
            done
        fi
        nap $((RANDOM % 300))
        kill -9 "$child" 2>/dev/null || fail "the service had ended by itself"
        wait "$child" 2>/dev/null || true
        start "$@"
    done
    wait %?feed 2>/dev/null || true
}
stop() {
    kill -TERM "$child"
    local status=0
    wait "$child" || status=$?
    child=
    [ "$status" -eq 0 ] || fail "exit $status after SIGTERM"
}

one() { # one NAME KILL [OPTION...]: dumps into $work/NAME
    local name=$1 kill=$2 tries
    shift 2
    export REDRESS_TOPIC_PREFIX="it$$.$name."
    "$program" topics
    start "$@"
    if [ "$kill" = kill ]; then disturb "$@"; else "$program" feed "$events" "$seed"; fi
    "$program" caught-up 120000 || fail "$name did not catch up"
    stop
    # Both stages write dead letters: among them only each stage's order is certain.
    [ "$kill" != kill ] || aborted
    "$program" dump >"$work/dump"
    { grep -v '^complaints.deadletter' "$work/dump"; grep '^complaints.deadletter' "$work/dump" | sort; } >"$work/$name"
    [ "$(grep -c '^state' "$work/$name")" -gt 0 ] || fail "$name left no state"
}

# Messages that only aborted transactions wrote: proof that kills met work in flight.
aborted() {
    local topic="${REDRESS_TOPIC_PREFIX}complaints.received" all committed
    command -v kcat >/dev/null || return 0
    all=$(kcat -b "$brokers" -C -e -q -t "$topic" -X isolation.level=read_uncommitted -f '.\n' | wc -l)
    committed=$(kcat -b "$brokers" -C -e -q -t "$topic" -X isolation.level=read_committed -f '.\n' | wc -l)
    echo "stage: $((all - committed)) messages of aborted transactions, $committed committed"
}

compare() { # compare NAME A B [FILTER]
    if ! cmp -s "$2" "$3"; then
        diff "$2" "$3" | head -20 >&2
        fail "$1: differs from the undisturbed run"
    fi
    echo "stage: $1: $(wc -l <"$2") lines of state and output equal"
}

# One inbound partition: everything is in one order, so all must be equal, in order.
export REDRESS_INBOUND_PARTITIONS=1
one calm none
one killed kill
compare "1 thread, $kills kills" "$work/calm" "$work/killed"
one threads kill --threads 2
compare "2 threads, $kills kills" "$work/calm" "$work/threads"

# A compressed batch brings a message ten times the topics' limit: a dead letter, cut, and the
# neighbours pass.
poison() {
    command -v kcat >/dev/null || { echo "stage: poison: no kcat, skipped"; return 0; }
    export REDRESS_TOPIC_PREFIX="it$$.poison."
    local dead
    "$program" topics
    start
    "$program" feed 100 "$seed"
    perl -e 'print "x" x 30000000' >"$work/huge"
    kcat -b "$brokers" -P -t "${REDRESS_TOPIC_PREFIX}complaints.inbound" -k huge \
        -X message.max.bytes=100000000 -X compression.codec=gzip "$work/huge"
    "$program" feed 100 "$seed" 100
    "$program" caught-up 60000 || fail "poison did not catch up"
    stop
    dead=$(kcat -b "$brokers" -C -e -q -t "${REDRESS_TOPIC_PREFIX}complaints.deadletter" -f '%k %S %h\n' | grep '^huge ')
    [[ $dead == "huge 1048576 "*redress-error-cut-from-bytes=30000* ]] || fail "poison: $dead"
    [ "$("$program" dump | grep -c '^complaints.keyed')" -gt 150 ] || fail "poison: neighbours"
    echo "stage: poison: a message of 30 MB became a dead letter"
}
poison
