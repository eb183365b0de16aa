#!/usr/bin/env bash
# reload.sh - new policy files for running services (SIGHUP), on real Kafka and PostgreSQL.
#   tests/integration/reload.sh
# Running clocks keep the target and version of their start, open pauses stay open, new cases get
# the new policy; a bad file keeps the old one and says where it is bad; triage scores anew at
# the next event; what was pinned outlives a kill -9 under the new policy; new models of
# classification decide from then on, a cut one is refused.
set -euo pipefail
cd "$(dirname "$0")/../.."
port=${PORT_BASE:-19800}
build=$(realpath "${BUILD:-build}")
run=${RELOAD_RUN:-$build/it/reload}
unset RUN CLOCK PARTITIONS INBOUND_PARTITIONS THREADS POLICY PORT_BASE
number=0

finish() { make -s down RUN="$run" >/dev/null 2>&1 || true; }
trap finish EXIT
# shellcheck source=tests/integration/checks.sh
. tests/integration/checks.sh
await() { # await SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || { echo "reload: FAILED: waited for: $*" >&2; exit 1; }
        read -r -t 0.05 <> <(:) || true
    done
}
say() { # say TIME TYPE REF [JSON MEMBERS]: published and through
    number=$((number + 1))
    printf '{"specversion":"1.0","id":"r%s","source":"reload","type":"complaint.%s","time":"%s","data":{"complaint_ref":"%s","customer":{"id":"%s"}%s}}\n' \
        $number "$2" "$1" "$3" "c$3" "${4:+,$4}" | redress publish - >/dev/null
}
through() { redress wait --timeout 60 >/dev/null; }
submitted='"channel":"web","kind":"complaint","product":"kettle","issue":"leak","text":"The kettle leaks."'
sql() { psql -X -q -At -F ' ' "$REDRESS_BI_DSN" -c "$1"; }
clock() { # clock REF CLOCK COLUMNS: of the latest start
    sql "SET timezone = 'UTC'; SELECT $3 FROM bi.sla_clocks c JOIN bi.complaints USING (complaint_id)
        WHERE complaint_ref = '$1' AND clock = '$2' ORDER BY c.started_at DESC LIMIT 1"
}
get() { # get SERVICE PATH: what its ops endpoint answers; fails where that is no 200
    python3 -c 'import sys, urllib.request as u
sys.stdout.write(u.urlopen(sys.argv[1], timeout=5).read().decode())' "http://127.0.0.1:${ops[$1]}$2"
}
metric() { # metric SERVICE NAME: summed over its stages
    get "$1" /metrics |
        awk -v name="redress_policy_$2_total" 'index($1, name) == 1 { n += $2 } END { print n + 0 }'
}
refused() { grep '"policy_refused"' "$run/log/$1.log" | tail -1; }
answered() { [ "$(metric "$1" reloads) $(metric "$1" failures)" != "$2" ]; }
hup() { # hup SERVICE: returns when it has taken the files, or refused them
    local before
    before="$(metric "$1" reloads) $(metric "$1" failures)"
    kill -HUP "$(cat "$run/redress-$1.pid")"
    await 20 answered "$1" "$before"
}

make -s down RUN="$run" >/dev/null 2>&1 || true
rm -rf "$run"
mkdir -p "$run"
policy=$(realpath "$run")/policy
cp -R deploy/policy "$policy"
make -s up RUN="$run" PORT_BASE="$port" CLOCK=event PARTITIONS=2 INBOUND_PARTITIONS=1 POLICY="$policy" >/dev/null
# shellcheck disable=SC1091
. "$run/env"
declare -A ops=([intake]=$((port + 10)) [classification]=$((port + 11)) [triage]=$((port + 12)) [sla]=$((port + 13)) [routing]=$((port + 14)))

# --- under the shipped policy -------------------------------------------------------------
say 2026-03-02T09:00:00Z submitted OLD "$submitted"
say 2026-03-02T09:00:00Z submitted WAITS "$submitted"
say 2026-03-02T09:00:00Z submitted LATE "$submitted"
say 2026-03-02T10:00:00Z responded WAITS '"text":"We look into it."'
say 2026-03-03T10:00:00Z waiting WAITS '"for":"third_party","reason":"the maker"'
say 2026-03-04T10:00:00Z resumed WAITS
say 2026-03-04T11:00:00Z waiting WAITS '"for":"customer","reason":"a photo"'
through
shipped=$(sed -n 's/^ *"version": "\(.*\)",/\1/p' "$policy/sla.json" | head -1)
old_resolution=$(clock OLD resolution "policy, policy_version, due_at")
is "a clock starts by the shipped policy" "default $shipped 2026-03-24 00:00:00+00" "$old_resolution"
is "nobody has read anything again" "0 0" "$(metric sla reloads) $(metric sla failures)"
late=$(clock LATE first_response "status, breached_at")
is "first_response of LATE is breached" "breached 2026-03-03 17:00:00+00" "$late"

# --- bad files -----------------------------------------------------------------------------
sed -i '0,/{"hours": 24}/s//{"hours": -3}/' "$policy/sla.json" # the second rung of legal
hup sla
is "a bad number is refused" "0 1" "$(metric sla reloads) $(metric sla failures)"
like "the log names file and place" 'sla\.json: \$\.ladders\.legal\[1\]\.after\.hours: must be' "$(refused sla)"
echo '{"version": "broken",' >"$policy/sla.json"
hup sla
is "a broken file is refused" "0 2" "$(metric sla reloads) $(metric sla failures)"
like "the log names file and line" 'policy_refused.*sla\.json.*line [0-9]|policy_refused.*sla\.json:[0-9]' "$(refused sla)"
like "it still serves" ok "$(get sla /readyz >/dev/null && echo ok)"
say 2026-03-04T12:00:00Z submitted BETWEEN "$submitted"
through
is "a case meanwhile gets the old policy" "default $shipped" "$(clock BETWEEN resolution "policy, policy_version")"

# --- a good one ----------------------------------------------------------------------------
cp tests/scenario/policies/slower/sla.json "$policy/sla.json"
hup sla
is "the good file is taken" "1 2" "$(metric sla reloads) $(metric sla failures)"
say 2026-03-05T09:00:00Z submitted NEW "$submitted"
say 2026-03-05T09:00:00Z message OLD '"text":"Anybody?"'
say 2026-03-05T09:00:00Z reach LATE '"views":5'
through
is "a new case gets it" "slower slower" "$(clock NEW resolution "policy, policy_version")"
is "a running clock keeps policy, version and due time" "$old_resolution" "$(clock OLD resolution "policy, policy_version, due_at")"
is "a breach stays" "$late" "$(clock LATE first_response "status, breached_at")"
is "the open pause stays open" "paused default" "$(clock WAITS resolution "status, policy")"
kill -9 "$(cat "$run/redress-sla.pid")"
say 2026-03-09T11:00:00Z message WAITS '"text":"Here is the photo."'
through
# A day for the maker, then five (three of business) for the customer.
is "pauses before and over the reload count" "running default 518400 2026-03-28 00:00:00+00" \
    "$(clock WAITS resolution "status, policy, paused_seconds::bigint, due_at")"
say 2026-03-09T12:00:00Z responded OLD '"text":"We look into it."'
through
is "what starts anew starts by the new policy" "slower" "$(clock OLD update policy)"
is "after a kill -9 the pinned target is still the old" "$old_resolution" "$(clock OLD resolution "policy, policy_version, due_at")"
redress clock advance --to 2026-03-24T00:00:01Z
through
is "and it breaches when it was due" "breached 2026-03-24 00:00:00+00" "$(clock OLD resolution "status, breached_at")"
is "the new one runs on" "running" "$(clock NEW resolution status)"

# --- triage --------------------------------------------------------------------------------
score() { sql "SELECT score FROM bi.complaints WHERE complaint_ref = '$1'"; }
part() { sql "SELECT severity_part FROM bi.triage WHERE complaint_ref = '$1'"; } # does not age
before=$(score NEW)
is "severity by the shipped points" 14 "$(part NEW)"
sed -i -E '0,/"points": \[[^]]*\]/s//"points": [2, 4, 6, 8, 10]/' "$policy/triage.json"
hup triage
is "triage takes its file" "1 0" "$(metric triage reloads) $(metric triage failures)"
through
is "a score stays until the next event" "$before" "$(score NEW)"
say 2026-03-24T09:00:00Z acknowledged NEW
through
is "and is made anew with it" 4 "$(part NEW)"

# --- classification: models ------------------------------------------------------------------
# What the pipeline found of a text, and which model said so.
product_model() { get classification /metrics | sed -n 's/^redress_classification_model_info{.*task="product".*model="\([^"]*\)".*/\1/p' | head -1; }
product() { sql "SELECT product FROM bi.complaints WHERE complaint_ref = '$1'"; }
words='"channel":"web","text":"Disappointed by the toaster and the toaster."'
mkdir -p "$policy/models"
cp tests/scenario/policies/phrases/models.json "$policy/models.json"
hup classification
is "no models are a policy, too" "1 0" "$(metric classification reloads) $(metric classification failures)"
say 2026-03-24T10:00:00Z submitted PHRASES "$words"
through
is "phrases do not know a toaster" "" "$(product PHRASES)"
cp tests/scenario/policies/trained/models/*.model "$policy/models/"
cp tests/scenario/policies/trained/models.json "$policy/models.json"
hup classification
is "classification takes its models" "2 0" "$(metric classification reloads) $(metric classification failures)"
say 2026-03-24T11:00:00Z submitted MODEL "$words"
through
is "the new model decides" appliances "$(product MODEL)"
model=$(product_model)
like "and names itself" '^product-2026-11-22-[0-9a-f]{8}$' "$model"
# Cut in place, as an interrupted copy leaves it.
head -c 3000 tests/scenario/policies/trained/models/product.model >"$policy/models/product.model"
say 2026-03-24T12:00:00Z submitted CUT "$words"
through
is "a file that is overwritten changes nothing" appliances "$(product CUT)"
hup classification
is "a cut model is refused" "2 1" "$(metric classification reloads) $(metric classification failures)"
like "the log names place and file" 'models\.json: \$\.models\[1\]\.file: models/product\.model: not a usable model: it is cut' "$(refused classification)"
say 2026-03-24T13:00:00Z submitted STAYS "$words"
through
is "the old model stays" "appliances $model" "$(product STAYS) $(product_model)"
refusal=$(redress-classification --config "$REDRESS_CONFIG" --instance cut --ops-port 0 2>&1 | grep '"error"') || true
is "a start with it ends, with one line" 1 "$(grep -c . <<<"$refusal")"
like "which names the file" 'models/product\.model: not a usable model' "$refusal"
redress verify >/dev/null || is "verify is clean" yes no

echo "reload: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
