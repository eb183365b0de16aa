#!/usr/bin/env bash
# run.sh - make demo: from nothing to a running pipeline with a sample in it, and a report.
# The stack runs under the event clock with one inbound partition, and the clock is moved to
# a fixed moment, so that everybody sees the same figures.  A second run imports the same
# messages again: they are known by their ids and change nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
now=2026-03-25T09:00:00Z
RUN=${RUN:-${BUILD:-build}/run}
RUN_NOTE=
[ "$RUN" = "${BUILD:-build}/run" ] || RUN_NOTE=" RUN=$RUN"
unset REDRESS_KAFKA_BROKERS REDRESS_PG_DSN REDRESS_BI_DSN REDRESS_CLOCK REDRESS_CONFIG \
    REDRESS_TOPIC_PREFIX REDRESS_POLICY_DIR

# A stack that somebody uses under another clock is left alone.
is() { [ "$(sed -n "s/^$1=//p" "$RUN/settings")" = "$2" ]; }
if [ -e "$RUN/settings" ] && ! { is CLOCK event && is INBOUND_PARTITIONS 1; }; then
    echo "demo: $RUN holds a stack with another clock or more partitions; it is left alone."
    RUN=${BUILD:-build}/run-demo
    PORT_BASE=$((${PORT_BASE:-19000} + 700))
    RUN_NOTE=" RUN=$RUN"
    echo "demo: this one goes to $RUN, ports from $PORT_BASE"
fi
export RUN PORT_BASE=${PORT_BASE:-} CLOCK=event INBOUND_PARTITIONS=1
make=(${MAKE:-make} --no-print-directory)

b='' r='' d='' y=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    b=$'\e[1m' r=$'\e[0m' d=$'\e[2m' y=$'\e[33m'
fi

# step NAME COMMAND...: runs it and keeps how long it took.
times=()
step() {
    local name=$1 began=$SECONDS
    shift
    echo "${b}==> $name${r}"
    "$@"
    times+=("$name $((SECONDS - began)) s")
}

import() {
    redress import deploy/demo/sample.jsonl
    redress wait --timeout 300
    redress clock advance --to "$now"
    redress wait --timeout 300
    # Only now do the items exist that the product teams answer.
    redress import deploy/demo/answers.jsonl
    redress wait --timeout 300
}

bi() {
    psql -XAtq -v ON_ERROR_STOP=1 -v "b=$b" -v "r=$r" -v "d=$d" -v "y=$y" -v "now=$now" \
        -v "owner=$REDRESS_PG_DSN" -v "analyst=$REDRESS_BI_DSN" "$REDRESS_BI_DSN" "$@"
}

# Those of the first import: each further one brings the same broken messages again.
dead_letters() {
    local sent example these
    sent=$(cat deploy/demo/*.jsonl | wc -l)
    these="topic = 'complaints.inbound' AND \"offset\" < $sent"
    echo
    echo "${b}7. Messages that could not be used${r}"
    bi -c "SELECT format('   %s of %s. None stops the line: each is set aside whole, with its reason.',
        count(*), $sent) FROM bi.dead_letters WHERE $these"
    bi -c "SELECT format('   %s  %s %s', lpad(count(*)::text, 3), rpad(reason, 18),
            regexp_replace(min(path || ': ' || regexp_replace(detail, '^[a-z_]+: ', '')),
                '^(.{66}).+', '\1…'))
        FROM bi.dead_letters WHERE $these GROUP BY reason ORDER BY count(*) DESC, reason"
    example=$(bi -F ' ' -c "SELECT topic, \"partition\", \"offset\" FROM bi.dead_letters
        WHERE $these AND reason = 'bad_field' ORDER BY \"offset\" LIMIT 1")
    echo "   One of them, with its original bytes:"
    echo "      redress dlq show $example"
}

where_next() {
    local id
    id=$(bi -c "SELECT complaint_id FROM bi.complaints WHERE complaint_ref = 'TA-ACCORDION'")
    cat <<NEXT

${b}8. Where to look next${r}   (all of it is running; first: ${b}. $RUN/env${r})
   redress show $id
      the whole story of the accordion: every clock, every reason, every event
   redress status --watch        lag, positions, cases
   redress tail complaints.notifications --from beginning --max 2
      what the customers are told
   redress verify                nothing lost, nothing doubled: topics, state and tables agree
   psql "\$REDRESS_BI_DSN" -c "SELECT team, load, p1, bounced, breached FROM bi.teams"
   psql "\$REDRESS_BI_DSN" -c "SELECT * FROM bi.satisfaction ORDER BY month, product"
   psql "\$REDRESS_BI_DSN" -c "\\dv bi.*"
      all views for analysts; \\d+ bi.complaints explains each column
   make demo$RUN_NOTE
      again: the same messages, nothing changes
   make down$RUN_NOTE
      ends all; the data stays in $RUN
NEXT
}

report() {
    echo
    echo "${b}Redress: what the sample shows on 25 March 2026, 09:00 UTC${r}"
    echo
    bi -f deploy/demo/report.sql
    dead_letters
    where_next
}

step "dependencies" "${make[@]}" deps
step "build" "${make[@]}" "-j$(nproc)" build
step "start Kafka, PostgreSQL and six services" "${make[@]}" up
. "$RUN/env"
step "import the sample and wait until all of it is in the tables" import
report
echo
echo "${b}How long it took${r}"
printf '   %s\n' "${times[@]}" "all in $SECONDS s"
