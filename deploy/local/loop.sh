#!/usr/bin/env bash
# loop.sh RUN SERVICE COMMAND... - keeps one service running.
# A service that ends is started again: at once the first time, then after a back-off
# that doubles to 5 s; half a minute without an end clears it.  SIGTERM ends the service
# first, then the loop.  $RUN/redress-SERVICE.pid holds the service's own id.
set -u
run=$1 service=$2
shift 2
pid_file=$run/redress-$service.pid
child='' stopping=''
stop() {
    stopping=1
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap stop TERM INT

delay_ms=0
while [ -z "$stopping" ]; do
    began=$SECONDS
    "$@" &
    child=$!
    [ -z "$stopping" ] || kill -TERM "$child"
    echo "$child" >"$pid_file.new" && mv -f "$pid_file.new" "$pid_file"
    wait "$child"
    status=$?
    # A trapped signal ends `wait` early: wait again until the service is really gone.
    while kill -0 "$child" 2>/dev/null; do
        wait "$child"
        status=$?
    done
    rm -f "$pid_file"
    child=''
    [ -z "$stopping" ] || break
    [ $((SECONDS - began)) -lt 30 ] || delay_ms=0
    printf '{"level":"warn","service":"loop","event":"restart","msg":"redress-%s ended with status %d, starts again in %d ms"}\n' \
        "$service" "$status" "$delay_ms" >&2
    if [ $delay_ms -gt 0 ]; then
        sleep "$((delay_ms / 1000)).$(printf %03d $((delay_ms % 1000)))" &
        child=$!
        wait "$child"
        child=''
    fi
    delay_ms=$((delay_ms == 0 ? 250 : delay_ms * 2))
    [ $delay_ms -le 5000 ] || delay_ms=5000
done
