#!/usr/bin/env bash
# A PostgreSQL server of its own for one test program, on a socket only.
#   postgres.sh start DIR   prints the DSN; exit 3 without a server to start
#   postgres.sh stop DIR    ends it and deletes DIR
# DIR must not exist at the start.  As root the server runs as user postgres.
set -eu
verb=$1
dir=$2
bin=$(dirname "$(find /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1)")
as_pg() {
    if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid postgres --regid postgres --init-groups "$@"); else "$@"; fi
}
case $verb in
start)
    [ -x "$bin/initdb" ] || exit 3
    mkdir -m 700 "$dir"
    if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; chmod 711 "$dir"; fi
    as_pg "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N >/dev/null
    # fsync off: the data is thrown away anyway.
    as_pg "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/log" \
        -o "-k $dir -c listen_addresses= -c fsync=off -c shared_buffers=32MB" start >/dev/null
    echo "host=$dir user=postgres dbname=postgres"
    ;;
stop)
    as_pg "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null || true
    rm -rf "$dir"
    ;;
esac
