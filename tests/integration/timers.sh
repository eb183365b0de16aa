#!/usr/bin/env bash
# timers.sh - each timer fires once, over kills and rebalances, on real Kafka and PostgreSQL.
#   CASES=1200 SEED=7 tests/integration/timers.sh
# Thousands of timers are due at the same milliseconds (make_timers.py). Once undisturbed; once
# with a second instance of triage and sla that comes and goes, kill -9 during the firing, and
# one of each asleep (SIGSTOP) until the group has given its partitions away. Every warning,
# breach and rung is there exactly once; state and rows equal those of the undisturbed run.
set -euo pipefail
cd "$(dirname "$0")/../.."
cases=${CASES:-1200} seed=${SEED:-7} port=${PORT_BASE:-19800}
build=$(realpath "${BUILD:-build}")
top=${TIMERS_RUN:-$build/it/timers}
mkdir -p "$top"
unset RUN CLOCK PARTITIONS INBOUND_PARTITIONS THREADS POLICY PORT_BASE
run= loops=()
# What comes due when: a few instants with thousands of timers each.
steps=(2026-03-03T03:00:00Z 2026-03-03T10:00:00Z 2026-03-04T10:00:00Z 2026-03-05T12:00:01Z
    2026-03-09T18:00:00Z 2026-03-24T00:00:01Z 2026-03-30T12:00:00Z 2026-06-01T00:00:00Z)

fail() { echo "timers: FAILED: $*" >&2; exit 1; }
nap() { perl -e 'select(undef, undef, undef, $ARGV[0] / 1000)' "$1"; }
await() { # await SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        nap 50
    done
}
finish() {
    leave triage 2>/dev/null || true
    leave sla 2>/dev/null || true
    [ -z "$run" ] || make -s down RUN="$run" >/dev/null 2>&1 || true
}
trap finish EXIT
stack() { # stack NAME
    run=$top/$1
    make -s down RUN="$run" >/dev/null 2>&1 || true
    rm -rf "$run"
    make -s up RUN="$run" PORT_BASE="$port" CLOCK=event PARTITIONS=4 INBOUND_PARTITIONS=1 >/dev/null
    # shellcheck disable=SC1091
    . "$run/env"
}

# --- the second instance of a service, under a loop as a supervisor would ---
declare -A loop=()
join() { # join SERVICE
    local number=30
    [ "$1" = sla ] || number=31
    (
        trap 'over=1; kill -TERM "$pid" 2>/dev/null' TERM
        over=
        while [ -z "$over" ]; do
            "redress-$1" --instance "$1-second" --ops-port $((port + number)) >>"$run/log/$1-second.log" 2>&1 &
            pid=$!
            echo "$pid" >"$run/$1-second.pid"
            wait "$pid" 2>/dev/null || true
        done
        wait "$pid" || true
    ) &
    loop[$1]=$!
}
leave() { # leave SERVICE
    [ -n "${loop[$1]:-}" ] || return 0
    kill -CONT "$(cat "$run/$1-second.pid")" 2>/dev/null || true
    kill -TERM "${loop[$1]}" 2>/dev/null || true
    wait "${loop[$1]}" 2>/dev/null || true
    loop[$1]=
}
pid_of() { # pid_of SERVICE first|second
    local name=redress-$1
    [ "$2" = first ] || name=$1-second
    cat "$run/$name.pid"
}
has_partitions() { # has_partitions SERVICE: the second instance was given some
    grep -q '"assigned"' "$run/log/$1-second.log"
}
lag_of() { # lag_of STAGE: messages that it still has to read
    redress status --json 2>/dev/null | python3 -c '
import json, sys
print(sum(t["lag"] for t in json.load(sys.stdin)["topics"] if t["reader"] == sys.argv[1]))' "$1" || echo 0
}
has_work() { [ "$(lag_of "$1")" -gt 0 ]; }
# Held still (SIGSTOP) while the clock advances, then let go for a moment drawn by the seed: so
# what comes then meets it in the middle of firing.
hold() { kill -STOP "$(pid_of "$1" "$2")" 2>/dev/null || true; }
let_go() { # let_go SERVICE first|second
    await 10 has_work "$1" || echo "timers: (no work came for $1)"
    kill -CONT "$(pid_of "$1" "$2")" 2>/dev/null || true
    nap $((RANDOM % 120))
}
hit() { # hit SERVICE first|second
    let_go "$1" "$2"
    kill -9 "$(pid_of "$1" "$2")" 2>/dev/null && kills=$((kills + 1))
}
sleeps() { # sleeps SERVICE first|second: longer than the session timeout of 10 s
    local pid
    pid=$(pid_of "$1" "$2")
    let_go "$1" "$2"
    kill -STOP "$pid"
    nap 12500
    kill -CONT "$pid"
}

# --- the two runs ---
account() { # account FOLDER
    mkdir -p "$1"
    psql -X -q -At -f tests/integration/dump_tables.sql "$REDRESS_PG_DSN" >"$1/rows"
    for stage in register triage sla assign; do
        redress state dump "$stage" | sed -E 's/"(recorded_at|timestamp)":[0-9]+/"\1":0/g' >"$1/$stage"
    done
    redress tail complaints.routed --from beginning >"$top/routed"
    python3 tests/integration/check_timers.py "$cases" <"$top/routed" >"$1/fired" || fail "$1: see above"
    psql -X -q -At "$REDRESS_PG_DSN" -c "SELECT type, count(*) FROM redress.complaint_events
        WHERE type LIKE 'sla.%' OR type LIKE 'triage.%' GROUP BY 1 ORDER BY 1" | tr '|' ' ' >"$1/rows_fired"
    awk '{ n[$1] += $3 } END { for (t in n) print t, n[t] }' "$1/fired" | LC_ALL=C sort >"$1/topic_fired"
    cmp -s "$1/rows_fired" "$1/topic_fired" ||
        { diff "$1/rows_fired" "$1/topic_fired" >&2; fail "PostgreSQL and complaints.routed differ"; }
}
aborted() { # messages of aborted transactions: proof that kills met work in flight
    local topic=complaints.timed all committed
    command -v kcat >/dev/null || return 0
    all=$(kcat -b "$REDRESS_KAFKA_BROKERS" -C -e -q -t $topic -X isolation.level=read_uncommitted -f '.\n' | wc -l)
    committed=$(kcat -b "$REDRESS_KAFKA_BROKERS" -C -e -q -t $topic -X isolation.level=read_committed -f '.\n' | wc -l)
    echo "timers: $kills kills, $((all - committed)) messages of aborted transactions in complaints.timed, $committed committed"
}
go() { # go NAME disturb|calm
    local i
    stack "$1"
    redress import "$top/input.jsonl" >/dev/null
    redress wait --timeout 120 >/dev/null
    for i in "${!steps[@]}"; do
        [ "$2" = calm ] || prepare "$i"
        redress clock advance --to "${steps[$i]}" --timeout 120 >/dev/null
        [ "$2" = calm ] || disturb "$i"
    done
    redress wait --timeout 120 >/dev/null
    redress verify >"$top/verify" || { cat "$top/verify" >&2; fail "$1: verify"; }
    account "$top/$1.account"
    [ "$2" = calm ] || aborted
    leave triage
    leave sla
    make -s down RUN="$run" >/dev/null
    run=
}
# Who is held during each step, in this order let go, and then killed, or put to sleep.
plan=(
    "kill sla first" "kill triage first, kill sla first, kill sla second" "sleep sla first"
    "kill triage second, kill sla second" "kill sla first" "sleep triage second"
    "kill triage first, kill triage second, kill sla first, kill sla second" "kill sla second"
)
each() { # each STEP FUNCTION: FUNCTION WHAT SERVICE WHICH
    local what service which
    while read -r what service which; do "$2" "$what" "$service" "$which"; done \
        < <(tr ',' '\n' <<<"${plan[$1]}")
}
prepare() { # prepare STEP
    case $1 in
    1)
        join sla
        join triage
        await 30 has_partitions sla || fail "the second sla was given no partition"
        await 30 has_partitions triage || fail "the second triage was given no partition"
        ;;
    4) leave sla ;;
    5) join sla ;;
    esac
    each "$1" prepare_one
}
prepare_one() { hold "$2" "$3"; }
disturb() { # disturb STEP
    each "$1" disturb_one
}
disturb_one() {
    if [ "$1" = kill ]; then hit "$2" "$3"; else sleeps "$2" "$3"; fi
}

RANDOM=$seed kills=0
echo "timers: $cases cases, seed $seed"
python3 tests/integration/make_timers.py "$cases" >"$top/input.jsonl"
began=$SECONDS
go calm calm
echo "timers: undisturbed: $(awk '{ n += $3 } END { print n }' "$top/calm.account/fired") fired, $((SECONDS - began)) s"
go disturbed disturb
for file in fired rows register triage sla assign; do
    cmp -s "$top/calm.account/$file" "$top/disturbed.account/$file" && continue
    diff "$top/calm.account/$file" "$top/disturbed.account/$file" | cut -c1-400 | head -20 >&2
    fail "$file differs from the undisturbed run"
done
echo "timers: disturbed: each once, state and rows equal, $((SECONDS - began)) s for both"
