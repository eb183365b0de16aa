#!/usr/bin/env bash
# layers.sh - who may include what.  One rule a line; every breach is printed, any fails.
#   base <- wire, ident, conf, kafka, pg, http;  state sees base, wire;  stage sees all
set -u
cd "$(dirname "$0")/.."
breaches=0
rules=0

# Includes of the files given, as "file:line:included".
includes() {
    grep -nEH '^[[:space:]]*#[[:space:]]*include' "$@" /dev/null 2>/dev/null |
        sed -E 's/#[[:space:]]*include[[:space:]]*[<"]([^>"]*)[>"].*/\1/; s/:[[:space:]]+/:/'
}
breach() { # breach RULE < lines
    local line
    rules=$((rules + 1))
    while IFS= read -r line; do
        printf '%s   (%s)\n' "$line" "$1"
        breaches=$((breaches + 1))
    done
}
sources() { find "$@" -name '*.[ch]' 2>/dev/null | sort; }

# room ROOM ALLOWED...: the rooms that ROOM may include; itself and gen/ are always fine.
room() {
    local name=$1 allowed files
    shift
    allowed=$(printf '%s|' "$name" gen "$@")
    files=$(sources "common/$name")
    [ -n "$files" ] || return 0
    # shellcheck disable=SC2086
    breach "common/$name may include: $name ${*:-nothing else}" < <(includes $files |
        grep -E ':(base|wire|ident|conf|state|kafka|pg|http|stage|zone|gen|intake|classification|triage|sla|routing|projection|ctl)/' |
        grep -vE ":(${allowed%|})/")
}

room base
room wire base
room ident base wire
room conf base
room kafka base conf
room pg base conf
room http base
room zone base
room state base wire
room stage base wire ident conf state kafka pg http
breach "base knows no generated record" < <(includes $(sources common/base) | grep ':gen/')

# Libraries behind one door.
all=$(sources common services schemas)
if [ -n "$all" ]; then
    # shellcheck disable=SC2086
    {
        breach "only common/kafka includes librdkafka" < <(includes $all |
            grep -E ':(librdkafka/)?rdkafka[a-z_]*\.h$' | grep -v '^common/kafka/')
        breach "only common/pg includes libpq" < <(includes $all |
            grep -E ':(postgresql/)?(libpq-fe|libpq/[a-z-]*)\.h$' | grep -v '^common/pg/')
        breach "only common/http includes libmicrohttpd" < <(includes $all |
            grep -E ':microhttpd\.h$' | grep -v '^common/http/')
        breach "only services/sla/icalendar_event.h includes libical" < <(includes $all |
            grep -E ':libical/' | grep -v '^services/sla/icalendar_event\.h:')
        breach "only common/wire, the generator and the command line include Avro C" < <(includes $all |
            grep -E ':avro(\.h|/)' | grep -vE '^(common/wire|schemas|services/ctl)/')
    }
fi

# Services share schemas/ and common/, never each other.
names='intake|classification|triage|sla|routing|projection|ctl'
for dir in services/*/; do
    [ -d "$dir" ] || continue
    own=$(basename "$dir")
    files=$(sources "$dir")
    [ -n "$files" ] || continue
    # The command line may read the cores (policy, classify); it is nobody's core itself.
    if [ "$own" != ctl ]; then
        # shellcheck disable=SC2086
        breach "services/$own includes no other service" < <(includes $files |
            grep -E ":(\.\./|services/)?($names)/" | grep -vE ":(\.\./|services/)?$own/")
    fi
    # A core asks nobody for the time, reads no file, holds no heap.
    case $own in ctl) continue ;; esac
    cores=$(printf '%s\n' $files | grep -v '/main\.c$')
    [ -n "$cores" ] || continue
    # The projection has a runtime of its own around its core: lanes and writer.
    [ "$own" != projection ] ||
        cores=$(grep -vE '/(lane|writer|projection_run)\.c$' <<<"$cores")
    # shellcheck disable=SC2086
    breach "cores do not ask for the time: only main.c includes now.h" < <(includes $cores |
        grep -E ':base/now\.h$')
    # Elsewhere in the projection rows are written, so it sees the database.
    [ "$own" != projection ] || continue
    # shellcheck disable=SC2086
    breach "cores include no kafka, pg or http room" < <(includes $cores |
        grep -E ':(kafka|pg|http)/')
    # Policies, models and time zones are read at the start, before any event.
    # shellcheck disable=SC2086
    breach "cores do not allocate, draw lots or read the clock" < <(
        grep -nHE '\b(malloc|calloc|realloc|rand|random|clock_gettime|gettimeofday)[[:space:]]*\(' $cores |
            grep -vE '(_policy|_model|/zone)\.c:')
done

# Sizes that a reader can bear.
breach "a file has at most 700 lines" < <(sources common services schemas tests |
    xargs -r wc -l | awk '$2 != "total" && $1 > 700 {print $2 ": " $1 " lines"}')

if [ $breaches -gt 0 ]; then
    echo "layers: $((rules > breaches ? rules - breaches : 0)) passed, $breaches failed"
    exit 1
fi
echo "layers: $rules passed, 0 failed"
