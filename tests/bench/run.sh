#!/usr/bin/env bash
# run.sh - the benchmark (make bench): limits, drains, latency, in one run on one machine.
#   BENCH_EVENTS=100000   events in each drain       BENCH_RATES="100 500"  latency, events/s
#   BENCH_PARTS="rest limits drain latency"          BENCH_SECONDS=20       each rate
#   BENCH_STREAM=file     texts: JSON lines, .gz (default: the shared stream if it is there,
#                         else made texts)           PORT_BASE=19600        of its own stack
#   BENCH_PERF=folder     perf record of each service there (last start wins)
#   BENCH_NICE=-10        the stack's priority, where a machine must be shared (root)
# Prints figures as they are and never fails on a slow one; exit 1 when something breaks.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build}
export BIN=${BIN:-$BUILD/bin}
export RUN=$BUILD/bench
unset CLOCK PARTITIONS INBOUND_PARTITIONS THREADS POLICY
unset REDRESS_KAFKA_BROKERS REDRESS_PG_DSN REDRESS_BI_DSN REDRESS_CLOCK REDRESS_CONFIG REDRESS_TOPIC_PREFIX
clean() {
    deploy/local/down.sh >/dev/null 2>&1 || true
    rm -rf "$(realpath -m "$RUN/pg")" "$RUN"
}
trap clean EXIT
trap 'exit 130' INT TERM
clean
load=$(cut -d' ' -f1-3 /proc/loadavg)
PORT_BASE=${PORT_BASE:-19600} nice -n "${BENCH_NICE:-0}" deploy/local/up.sh infra
# shellcheck disable=SC1091
. "$RUN/env"
LOAD_AT_START=$load python3 tests/bench/bench.py
