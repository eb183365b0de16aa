#!/usr/bin/env bash
# clocks.sh - a million running clocks (make bench-clocks): start, memory, restore after kill -9,
# 100,000 due at the same instant, fresh events beside them, each fired once.
#   CLOCKS_CASES=200000   cases (the default policy starts 5 clocks in each)
#   CLOCKS_SAME=100000    of them received at one instant
#   CLOCKS_RATE=100       fresh events a second while clocks fire
#   CLOCKS_PARTS="event wall"                        PORT_BASE=19700  of its own stack
# What it does and why it is honest: clocks.py.  Prints figures as they are; exit 1 when
# something breaks or a clock fires twice or never.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build}
export BIN=${BIN:-$BUILD/bin}
export RUN=$BUILD/clocks
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
PORT_BASE=${PORT_BASE:-19700} deploy/local/up.sh infra
# shellcheck disable=SC1091
. "$RUN/env"
LOAD_AT_START=$load python3 tests/bench/clocks.py
