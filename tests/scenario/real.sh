#!/usr/bin/env bash
# real.sh [FILE.scn ...] - scenarios on real Kafka and PostgreSQL under CLOCK=event.
# Kafka and PostgreSQL start once (RUN, PORT_BASE); each scenario gets topics, a database
# and the six services of its own, because an event clock never goes back.
# Exit 1 if one failed.  KEEP=1 leaves Kafka and PostgreSQL running.
set -euo pipefail
cd "$(dirname "$0")/../.."
export RUN=${RUN:-build/scenario} PORT_BASE=${PORT_BASE:-21400}
export CLOCK=event PARTITIONS=${PARTITIONS:-2} INBOUND_PARTITIONS=1
BIN=$(realpath "${BIN:-build/bin}")
SERVICES=(intake classification triage sla routing projection)
[ $# -gt 0 ] || set -- tests/scenario/*.scn
pids=()
stop_services() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    pids=()
}
finish() {
    stop_services
    [ -n "${KEEP:-}" ] || deploy/local/down.sh >/dev/null
}
trap finish EXIT
trap 'exit 130' INT TERM

deploy/local/up.sh infra
RUN=$(realpath "$RUN")
owner=$(cat "$RUN/pg.password")
server=127.0.0.1:$((PORT_BASE + 2))

sql() { # sql STATEMENT: as the server's superuser
    PGOPTIONS='-c client_min_messages=warning' psql -XqAt -v ON_ERROR_STOP=1 "postgresql://postgres:$owner@$server/postgres" -c "$1"
}

# An environment of its own for one scenario; what services and command line tool read.
configure() { # configure NAME
    local dir=$RUN/$1
    mkdir -p "$dir"
    sql "DROP DATABASE IF EXISTS \"$1\" WITH (FORCE)"
    sql "CREATE DATABASE \"$1\" OWNER redress"
    export REDRESS_CONFIG=$dir/redress.json
    export REDRESS_KAFKA_BROKERS=127.0.0.1:$PORT_BASE
    export REDRESS_PG_DSN=postgresql://redress:$owner@$server/$1
    export REDRESS_BI_DSN=postgresql://redress_bi:$(cat "$RUN/pg.bi_password")@$server/$1
    # A copy: the line `policy NAME` of a scenario puts files over it (policy.sh).
    cp -R deploy/policy "$dir/policy"
    export SCENARIO_DIR=$dir
    export REDRESS_TOPIC_PREFIX=$1. REDRESS_CLOCK=event REDRESS_POLICY_DIR=$dir/policy
    export REDRESS_SALT=redress-local-salt PATH=$BIN:$PATH
    cat >"$REDRESS_CONFIG" <<JSON
{
    "kafka": {"bootstrap.servers": "$REDRESS_KAFKA_BROKERS"},
    "pg": {"dsn": "$REDRESS_PG_DSN"},
    "topic_prefix": "$REDRESS_TOPIC_PREFIX",
    "partitions": $PARTITIONS,
    "inbound_partitions": 1,
    "replication": 1,
    "clock": "event",
    "salt": "$REDRESS_SALT",
    "policy_dir": "$REDRESS_POLICY_DIR",
    "default_region": "US"
}
JSON
    redress topics create >"$dir/setup.log" 2>&1
    redress db migrate >>"$dir/setup.log" 2>&1
}

start_services() { # start_services NAME
    local i
    : >"$RUN/$1/pids"
    for i in "${!SERVICES[@]}"; do
        "$BIN/redress-${SERVICES[$i]}" --config "$REDRESS_CONFIG" --instance "$1-$i" \
            --ops-port $((PORT_BASE + 10 + i)) >"$RUN/$1/${SERVICES[$i]}.log" 2>&1 &
        pids+=($!)
        echo "${SERVICES[$i]} $!" >>"$RUN/$1/pids"
    done
}

failed=()
runs=0
for file in "$@"; do
    # A prefix per run, so that what an earlier run left is not read again.
    name=$(basename "$file" .scn)-$$-$((++runs))
    began=$SECONDS
    if configure "$name" && start_services "$name" &&
        "$BIN/scenario_run" --real -v "$file"; then
        result=ok
    else
        result=FAILED
        failed+=("$file")
    fi
    stop_services
    sql "DROP DATABASE IF EXISTS \"$name\" WITH (FORCE)"
    echo "$result $file, $((SECONDS - began)) s; logs in $RUN/$name"
done
echo "scenarios on the stack: $(($# - ${#failed[@]})) passed, ${#failed[@]} failed"
[ ${#failed[@]} -eq 0 ]
