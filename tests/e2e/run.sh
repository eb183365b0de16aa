#!/usr/bin/env bash
# run.sh - the contract checked as an outsider would: kcat, redress and the bi views, on a
# stack of its own under the event clock and one under the wall clock (make e2e).
#   KEEP=1 leaves the stacks running; they are in $BUILD/e2e.
set -u
cd "$(dirname "$0")/../.."
top=$(realpath -m "${BUILD:-build}/e2e") port=${PORT_BASE:-20300}
unset RUN CLOCK PARTITIONS INBOUND_PARTITIONS THREADS POLICY PORT_BASE REDRESS_TOPIC_PREFIX REDRESS_POLICY_DIR
export PYTHONDONTWRITEBYTECODE=1
counts=$top/counts
passed=0 failed=0
check() { # check TEXT COMMAND...
    local text=$1
    shift
    if "$@" >"$top/check.log" 2>&1; then
        passed=$((passed + 1))
    else
        head -n 20 "$top/check.log"
        echo "FAILED  $text"
        failed=$((failed + 1))
    fi
}
down() { make -s down RUN="$1" >/dev/null 2>&1; }
finish() {
    [ -n "${KEEP:-}" ] && return
    for run in "$top/event" "$top/wall"; do [ ! -d "$run" ] || down "$run"; done
}
trap finish EXIT
[ ! -d "$top/event" ] || down "$top/event"
[ ! -d "$top/wall" ] || down "$top/wall"
rm -rf "$top"
mkdir -p "$top"
: >"$counts"

# Each pid file holds the process itself.
pids_are() {
    local name pid command
    for name in kafka postgres redress-{intake,classification,triage,sla,routing,projection}; do
        pid=$(cat "$1/$name.pid") || return 1
        command=$(tr '\0' ' ' <"/proc/$pid/cmdline") || { echo "$name: $pid does not run"; return 1; }
        case $name:$command in
        kafka:*java* | postgres:*postgres* | redress-*:*"$name"*) ;;
        *) echo "$name: $command"; return 1 ;;
        esac
    done
}
all_pids() { cat "$1"/*.pid | sort | tr '\n' ' '; }
none_left() {
    local pid
    for pid in $2; do [ ! -d "/proc/$pid" ] || { echo "$pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")"; return 1; }; done
    ! pgrep -af -- "$1"
}
other_pid() { # other_pid FILE PID SECONDS: waits until the file names another, living process
    local until=$((SECONDS + $3)) pid
    while [ $SECONDS -lt "$until" ]; do
        pid=$(cat "$1" 2>/dev/null) && [ "$pid" != "$2" ] && [ -d "/proc/$pid" ] && return 0
        read -rt 0.1 <> <(:) || true
    done
    return 1
}

# ---- the event clock -------------------------------------------------------------------
run=$top/event
python3 tests/e2e/e2e.py policy deploy/policy "$top/policy" || exit 1
settings=(RUN="$run" PORT_BASE="$port" CLOCK=event PARTITIONS=4 INBOUND_PARTITIONS=1 POLICY="$top/policy")
make -s up "${settings[@]}" || exit 1
check "pid files hold the processes themselves" pids_are "$run"
before=$(all_pids "$run")
make -s up "${settings[@]}" >"$top/again.log" 2>&1 || cat "$top/again.log"
check "make up again starts nothing anew" test "$before" = "$(all_pids "$run")"
# shellcheck disable=SC1091
(. "$run/env" && python3 tests/e2e/e2e.py event "$counts")
[ $? -le 1 ] || failed=$((failed + 1))
victim=$(cat "$run/redress-triage.pid")
kill -9 "$victim"
check "a killed service comes back" other_pid "$run/redress-triage.pid" "$victim" 30
check "and is ready again" make -s up "${settings[@]}"
# shellcheck disable=SC1091
check "verify after the kill" sh -c ". '$run/env' && redress wait --timeout 60 && redress verify"
before=$(all_pids "$run")
check "make down" make -s down RUN="$run"
check "make down leaves no process" none_left "$run/" "$before"
check "make down keeps the data" test -d "$run/pg/data"

# ---- the wall clock --------------------------------------------------------------------
run=$top/wall
make -s up RUN="$run" PORT_BASE="$port" PARTITIONS=2 INBOUND_PARTITIONS=1 || exit 1
# shellcheck disable=SC1091
(. "$run/env" && python3 tests/e2e/e2e.py wall "$counts")
[ $? -le 1 ] || failed=$((failed + 1))

while read -r good bad; do passed=$((passed + good)) failed=$((failed + bad)); done <"$counts"
[ "$(wc -l <"$counts")" -eq 2 ] || { echo "FAILED  a part did not end"; failed=$((failed + 1)); }
echo "e2e: $passed passed, $failed failed, $SECONDS s"
[ "$failed" -eq 0 ]
