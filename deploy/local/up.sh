#!/usr/bin/env bash
# up.sh [infra] - starts what is missing of a stack on loopback: Kafka, PostgreSQL and,
# without "infra", the six services.  Settings come as variables (make up CLOCK=event):
#   CLOCK=wall|event  PARTITIONS=4  INBOUND_PARTITIONS=  POLICY=deploy/policy
#   PORT_BASE=19000   THREADS=1     RUN=build/run
# A stack keeps the settings it was first started with until they are given anew.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/local/lib.sh
. deploy/local/kafka.sh
. deploy/local/postgres.sh
only_infra=
[ "${1-}" != infra ] || only_infra=1
# What this stack is told comes from here, never from an env file sourced earlier.
unset REDRESS_KAFKA_BROKERS REDRESS_PG_DSN REDRESS_BI_DSN REDRESS_CLOCK REDRESS_CONFIG

mkdir -p "$RUN/log" "$RUN/loop"
exec 9>"$RUN/.lock"
flock -w 120 9 || fail 1 "another make up or down holds $RUN/.lock"

# A setting that was not given is the one of last time, else the default.
settle() { # settle NAME DEFAULT
    local given=${!1:-} kept
    kept=$(sed -n "s/^$1=//p" "$RUN/settings" 2>/dev/null || true)
    if [ -n "$given" ] && [ -n "$kept" ] && [ "$given" != "$kept" ]; then
        changed+=("$1: $kept -> $given")
    fi
    printf -v "$1" '%s' "${given:-${kept:-$2}}"
}
changed=()
POLICY=${POLICY:-${REDRESS_POLICY_DIR:-}}
[ -z "$POLICY" ] || POLICY=$(realpath -m "$POLICY")
TOPIC_PREFIX=${REDRESS_TOPIC_PREFIX:-}
settle CLOCK wall
settle PARTITIONS 4
settle INBOUND_PARTITIONS "$PARTITIONS"
settle POLICY "$TOP/deploy/policy"
settle PORT_BASE 19000
settle THREADS 1
settle TOPIC_PREFIX ''
unset REDRESS_POLICY_DIR REDRESS_TOPIC_PREFIX

case $CLOCK in wall | event) ;; *) fail 2 "CLOCK=$CLOCK: wall or event" ;; esac
for name in PARTITIONS INBOUND_PARTITIONS PORT_BASE THREADS; do
    [[ ${!name} =~ ^[1-9][0-9]*$ ]] || fail 2 "$name=${!name}: a number is wanted"
done
if [ ${#changed[@]} -gt 0 ]; then
    for change in "${changed[@]}"; do
        case $change in
        PARTITIONS:* | INBOUND_PARTITIONS:* | PORT_BASE:* | TOPIC_PREFIX:*)
            fail 2 "$change: this stack has data; make down and delete $RUN first" ;;
        esac
    done
    for service in "${SERVICES[@]}"; do
        if pid_of "$RUN/loop/$service" >/dev/null; then
            fail 2 "${changed[*]}: services are running; make down first"
        fi
    done
fi
for name in CLOCK PARTITIONS INBOUND_PARTITIONS POLICY PORT_BASE THREADS TOPIC_PREFIX; do
    printf '%s=%s\n' "$name" "${!name}"
done >"$RUN/settings"

BROKERS=127.0.0.1:$PORT_BASE
PG_PORT=$((PORT_BASE + 2))
kafka_start
postgres_start
kafka_wait
postgres_wait
postgres_roles
PG_DSN="postgresql://redress:$(cat "$RUN/pg.password")@127.0.0.1:$PG_PORT/redress"
BI_DSN="postgresql://redress_bi:$(cat "$RUN/pg.bi_password")@127.0.0.1:$PG_PORT/redress"

umask 077
cat >"$RUN/redress.json.new" <<JSON
{
    "kafka": {"bootstrap.servers": "$BROKERS"},
    "pg": {"dsn": "$PG_DSN"},
    "topic_prefix": "$TOPIC_PREFIX",
    "partitions": $PARTITIONS,
    "inbound_partitions": $INBOUND_PARTITIONS,
    "replication": 1,
    "clock": "$CLOCK",
    "salt": "redress-local-salt",
    "policy_dir": "$POLICY",
    "default_region": "US"
}
JSON
mv -f "$RUN/redress.json.new" "$RUN/redress.json"
bin=$(realpath -m "$BUILD/bin")
cat >"$RUN/env.new" <<ENV
# For a shell: . $RUN/env
export REDRESS_KAFKA_BROKERS='$BROKERS'
export REDRESS_PG_DSN='$PG_DSN'
export REDRESS_BI_DSN='$BI_DSN'
export REDRESS_CONFIG='$RUN/redress.json'
export REDRESS_CLOCK='$CLOCK'
export REDRESS_TOPIC_PREFIX='$TOPIC_PREFIX'
export REDRESS_POLICY_DIR='$POLICY'
case ":\$PATH:" in *":$bin:"*) ;; *) export PATH='$bin':"\$PATH" ;; esac
ENV
mv -f "$RUN/env.new" "$RUN/env"
umask 022
set -a
. "$RUN/env"
set +a

# Topics before anything reads them, tables before anything writes them.
if [ -x "$bin/redress" ]; then
    "$bin/redress" topics create --config "$RUN/redress.json" >>"$RUN/log/setup.log" 2>&1 ||
        { tail -n 5 "$RUN/log/setup.log" >&2; fail 1 "redress topics create failed ($RUN/log/setup.log)"; }
    "$bin/redress" db migrate --config "$RUN/redress.json" >>"$RUN/log/setup.log" 2>&1 ||
        { tail -n 5 "$RUN/log/setup.log" >&2; fail 1 "redress db migrate failed ($RUN/log/setup.log)"; }
else
    say "up: $bin/redress is not built: topics and tables are left alone"
fi
if [ -n "$only_infra" ]; then
    say "up: Kafka on $BROKERS, PostgreSQL on port $PG_PORT; . $RUN/env"
    exit 0
fi

started=()
for i in "${!SERVICES[@]}"; do
    service=${SERVICES[$i]}
    program=$bin/redress-$service
    [ -x "$program" ] || { say "up: $program is not built, left out"; continue; }
    started+=("$i")
    if pid_of "$RUN/loop/$service" >/dev/null; then continue; fi
    # A service whose loop was killed would be in the way of the new one.
    if pid=$(pid_of "$RUN/redress-$service.pid"); then end 20 TERM "$pid"; fi
    spawn "$RUN/loop/$service" "$RUN/log/$service.log" \
        deploy/local/loop.sh "$RUN" "$service" \
        "$program" --config "$RUN/redress.json" --threads "$THREADS" \
        --instance "$service-0" --ops-port $((PORT_BASE + 10 + i))
done

for i in "${started[@]}"; do
    service=${SERVICES[$i]}
    if ! wait_for 60 http_ok $((PORT_BASE + 10 + i)) /readyz 2>/dev/null; then
        tail -n 5 "$RUN/log/$service.log" >&2 || true
        fail 1 "redress-$service is not ready after 60 s; its log: $RUN/log/$service.log"
    fi
done
say "up: Kafka on $BROKERS, PostgreSQL on port $PG_PORT, ${#started[@]} services ready; . $RUN/env"
