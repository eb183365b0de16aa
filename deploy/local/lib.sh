# lib.sh - what up.sh, down.sh and status.sh share.  Sourced, with the repository's top
# as the working folder.
#
# A stack lives in one folder, $RUN (build/run):
#   *.pid            ids of the processes themselves: kafka, postgres, redress-<service>
#   loop/<service>   ids of the restart loops
#   log/*.log        a log each
#   settings         what this stack was first started with
#   env              for people: `. build/run/env`
#   redress.json     what the services read
#   kafka/ pg/       the data

SERVICES=(intake classification triage sla routing projection)
BUILD=${BUILD:-build}
RUN=${RUN:-$BUILD/run}
mkdir -p "$RUN"
RUN=$(cd "$RUN" && pwd)
TOP=$(pwd)

say() { printf '%s\n' "$*"; }
fail() { # fail EXIT_STATUS TEXT...
    local status=$1
    shift
    printf 'redress: %s\n' "$*" >&2
    exit "$status"
}

# Is the process in this pid file alive?  A recycled id is told apart by its command
# line, which names this stack's folder.
pid_of() {
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 1
    [ -n "$pid" ] && is_ours "$pid" && echo "$pid"
}
is_ours() {
    [ -r "/proc/$1/cmdline" ] && { tr '\0' '\n' <"/proc/$1/cmdline"; } 2>/dev/null |
        grep -qF -e "$RUN/" -e "redress.run=$RUN" -e "${PG_DATA:-$RUN/pg/data}"
}

# wait_for SECONDS COMMAND...: true as soon as the command is.
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.1
    done
}
gone() { ! kill -0 "$1" 2>/dev/null; }
port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# end SECONDS SIGNAL PID...: asks all, waits, kills what stays.
end() {
    local seconds=$1 signal=$2 pid
    shift 2
    for pid in "$@"; do kill "-$signal" "$pid" 2>/dev/null || true; done
    for pid in "$@"; do
        wait_for "$seconds" gone "$pid" || {
            say "process $pid did not end in $seconds s: killed"
            kill -KILL "$pid" 2>/dev/null || true
            wait_for 10 gone "$pid" || fail 1 "process $pid cannot be ended"
        }
    done
}

# spawn PID_FILE LOG COMMAND...: a process of its own session; the pid file holds its id
# before the command runs.  No descriptor of ours goes along, so `make up | cat` ends.
spawn() {
    local pid_file=$1 log=$2
    shift 2
    setsid bash -c 'echo $$ >"$0.new" && mv -f "$0.new" "$0" && exec "$@"' \
        "$pid_file" "$@" </dev/null >>"$log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
    disown
}

# http_ok PORT PATH: does a GET answer with 200?
http_ok() {
    local line
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
    IFS= read -r -t 5 line <&3 || line=
    exec 3>&- 3<&-
    [[ $line == *" 200"* ]]
}

# PostgreSQL refuses to be root: then user postgres owns the data.
if [ "$(id -u)" = 0 ]; then
    as_pg() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
    PG_USER=(setpriv --reuid=postgres --regid=postgres --init-groups)
else
    as_pg() { "$@"; }
    PG_USER=()
fi
