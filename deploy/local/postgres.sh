# postgres.sh - one PostgreSQL cluster on loopback.  Sourced by up.sh, which has set RUN
# and PG_PORT.  Root runs it as user postgres: where that user cannot reach $RUN, the
# data goes to /var/tmp and $RUN/pg is a link.

postgres_bin() {
    local dir
    dir=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [ -x "$dir/initdb" ] || fail 3 "no PostgreSQL server: make deps"
    echo "$dir"
}

postgres_place() { # makes $RUN/pg, owned by the right user; sets PG_DATA
    local elsewhere
    if [ ! -e "$RUN/pg" ]; then
        rm -f "$RUN/pg"
        if [ "$(id -u)" != 0 ]; then
            mkdir -p "$RUN/pg"
        elif as_pg test -x "$RUN"; then
            install -d -o postgres -g postgres -m 700 "$RUN/pg"
        else
            elsewhere=/var/tmp/redress-pg-$(printf %s "$RUN" | sha256sum | cut -c1-12)
            # The link is gone, so what is there belongs to a stack that was deleted.
            rm -rf "$elsewhere"
            install -d -o postgres -g postgres -m 700 "$elsewhere"
            ln -s "$elsewhere" "$RUN/pg"
        fi
    fi
    PG_DATA=$(realpath "$RUN/pg")/data
}

new_password() {
    [ -s "$1" ] || (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$1")
}

postgres_init() {
    new_password "$RUN/pg.password"
    new_password "$RUN/pg.bi_password"
    # initdb wants a file that user postgres can read, outside the data.
    local pwfile=${PG_DATA%/data}/pwfile
    as_pg rm -rf "$PG_DATA"
    (umask 077 && as_pg tee "$pwfile" <"$RUN/pg.password" >/dev/null)
    as_pg "$PG_BIN/initdb" -D "$PG_DATA" -U postgres -E UTF8 --locale=C.UTF-8 \
        --auth=scram-sha-256 --pwfile="$pwfile" >>"$RUN/log/postgres.log" 2>&1 ||
        { tail -n 5 "$RUN/log/postgres.log" >&2; fail 1 "initdb failed in $PG_DATA"; }
    as_pg rm -f "$pwfile"
    # No socket file: its path could be too long, and loopback serves all.
    as_pg tee "$PG_DATA/postgresql.auto.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = '128MB'
max_wal_size = '2GB'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u '
jit = off
CONF
    as_pg touch "$PG_DATA/redress.initialised"
}

postgres_start() {
    PG_BIN=$(postgres_bin)
    postgres_place
    if pid_of "$RUN/postgres.pid" >/dev/null; then return 0; fi
    if port_open "$PG_PORT"; then
        fail 3 "port $PG_PORT is taken by another process: make up PORT_BASE=..."
    fi
    [ -e "$PG_DATA/redress.initialised" ] || postgres_init
    # A postmaster.pid of a killed server names an id that may be somebody else's by now.
    rm -f "$PG_DATA/postmaster.pid"
    spawn "$RUN/postgres.pid" "$RUN/log/postgres.log" \
        "${PG_USER[@]}" "$PG_BIN/postgres" -D "$PG_DATA" -p "$PG_PORT"
}

postgres_answers() {
    "$PG_BIN/pg_isready" -q -h 127.0.0.1 -p "$PG_PORT" -t 2
}

postgres_wait() {
    if ! wait_for 60 postgres_answers; then
        tail -n 10 "$RUN/log/postgres.log" >&2
        fail 1 "PostgreSQL does not answer on port $PG_PORT; its log: $RUN/log/postgres.log"
    fi
}

# The owner of the data and the analysts' role, which the migrations give its rights.
postgres_roles() {
    [ ! -e "$PG_DATA/redress.roles" ] || return 0
    local owner bi
    owner=$(cat "$RUN/pg.password")
    bi=$(cat "$RUN/pg.bi_password")
    PGPASSWORD=$owner "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PG_PORT" \
        -U postgres -d postgres >>"$RUN/log/postgres.log" <<SQL
SET client_min_messages = warning;
SELECT 'CREATE ROLE redress LOGIN CREATEROLE' WHERE NOT EXISTS
    (SELECT FROM pg_roles WHERE rolname = 'redress') \gexec
SELECT 'CREATE ROLE redress_bi LOGIN' WHERE NOT EXISTS
    (SELECT FROM pg_roles WHERE rolname = 'redress_bi') \gexec
ALTER ROLE redress PASSWORD '$owner';
ALTER ROLE redress_bi PASSWORD '$bi';
GRANT redress_bi TO redress WITH ADMIN OPTION;
SELECT 'CREATE DATABASE redress OWNER redress' WHERE NOT EXISTS
    (SELECT FROM pg_database WHERE datname = 'redress') \gexec
SQL
    as_pg touch "$PG_DATA/redress.roles"
}
