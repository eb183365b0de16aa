#!/usr/bin/env bash
# policy.sh - `redress policy check|explain|simulate` on real stacks (event clock).
# 1. Cases with due times worked out by hand: every interval that explain prints is checked.
# 2. A history of COMPLAINTS lives: the current policy replayed makes no difference and gives
#    what was recorded; nothing is written by simulate.
# 3. The same events on a second stack that runs the tightened policy: its breaches and
#    priorities are those that the simulation said.
# 4. Under the wall clock: no difference, and what was recorded.
set -euo pipefail
cd "$(dirname "$0")/../.."
complaints=${COMPLAINTS:-200} seed=${SEED:-5} port=${PORT_BASE:-19800}
top=$(realpath "${BUILD:-build}")/it/policy
rm -rf "$top"
mkdir -p "$top"
unset RUN CLOCK PARTITIONS INBOUND_PARTITIONS THREADS POLICY PORT_BASE
failed=0 run=
trap '[ -z "$run" ] || make -s down RUN="$run" >/dev/null 2>&1 || true' EXIT

stack() { # stack NAME SETTING... : an empty stack of its own
    run=$top/stack.$1
    shift
    unset "${!REDRESS_@}"
    make -s up RUN="$run" PORT_BASE="$port" PARTITIONS=4 INBOUND_PARTITIONS=1 "$@"
    # shellcheck disable=SC1091
    . "$run/env"
}
down() {
    make -s down RUN="$run"
    rm -rf "$run"
    run=
}
check() { # check TEXT COMMAND...
    local text=$1
    shift
    if "$@" >"$top/check.log" 2>&1; then
        echo "ok      $text"
    else
        head -n 30 "$top/check.log"
        echo "FAILED  $text"
        failed=$((failed + 1))
    fi
}
no_difference() { # no_difference JSON
    python3 - "$1" <<'PY'
import json, sys
sim = json.load(open(sys.argv[1]))
print(sim["parity"], sim["totals"]["difference"])
assert sim["cases"] > 0 and sim["events"] > 0 and sim["refused"] == 0
assert sim["differing"] == 0 and sim["most"] == []
assert sim["parity"]["equal"] == sim["cases"], sim["parity"]
assert sim["totals"]["before"] == sim["totals"]["after"]
PY
}
same_offsets() { # nothing was written to any topic
    redress status --json >"$top/after.status"
    python3 - "$top/before.status" "$top/after.status" <<'PY'
import json, sys
a, b = ([(t["topic"], t["reader"], t["end"], t["position"]) for t in json.load(open(f))["topics"]]
        for f in sys.argv[1:])
assert a and a == b, (a, b)
PY
}

stack hand CLOCK=event
python3 tests/integration/policy.py events >"$top/hand.jsonl"
redress import "$top/hand.jsonl"
redress clock advance --to 2026-03-13T00:00:00Z
redress wait --timeout 120
check "explain: every interval of cases done by hand" \
    python3 tests/integration/policy.py explain "$REDRESS_PG_DSN"
check "explain: an unknown complaint is exit 1 and one line" bash -c '
    out=$(redress policy explain 00000000-0000-8000-8000-000000000000 2>&1); [ $? -eq 1 ] &&
    [ "$(printf "%s\n" "$out" | wc -l)" -eq 1 ]'

check "check: the shipped policies are fine" redress policy check
mkdir -p "$top/wrong"
cp -r deploy/policy/. "$top/wrong"
sed -i 's/"statutory"/"statutary"/' "$top/wrong/sla/eu_adr.json"
echo '{' >"$top/wrong/calendars/GB.json"
check "check: two bad files are told both, exit 1" bash -c '
    out=$(redress policy check '"$top/wrong"' --json); [ $? -eq 1 ] && printf %s "$out" | python3 -c "
import json, sys
bad = [f for f in json.load(sys.stdin)[\"files\"] if not f[\"ok\"]]
assert [f[\"kind\"] for f in bad] == [\"calendar\", \"sla preset\"], bad"'
check "check: one file in its place" redress policy check deploy/policy/sla/uk_fca.json

python3 tests/integration/make_input.py "$complaints" "$seed" >"$top/input.jsonl"
redress import "$top/input.jsonl"
redress clock advance --to 2026-06-01T00:00:00Z --timeout 600
redress wait --timeout 600
check "explain: any case of the history adds up" \
    python3 tests/integration/policy.py lives "$REDRESS_PG_DSN"
redress status --json >"$top/before.status"
redress policy simulate --policy deploy/policy --json >"$top/same.json"
check "simulate: the current policy makes no difference and gives what was recorded" \
    no_difference "$top/same.json"
mkdir -p "$top/tight"
cp -r deploy/policy/. "$top/tight"
python3 tests/integration/policy.py tighten deploy/policy/sla.json "$top/tight/sla.json"
redress policy simulate --policy "$top/tight/sla.json" --json >"$top/tight.json"
check "simulate: wrote nothing" same_offsets
check "simulate: a bad file is exit 1 and one line" bash -c '
    echo "{\"version\":\"1\",\"policies\":[],\"calendars\":[\"nowhere\"]}" >'"$top/bad.json"'
    out=$(redress policy simulate --policy '"$top/bad.json"' 2>&1); [ $? -eq 1 ] &&
    [ "$(printf "%s\n" "$out" | wc -l)" -eq 1 ]'
down

stack tight CLOCK=event POLICY="$top/tight"
redress import "$top/hand.jsonl"
redress clock advance --to 2026-03-13T00:00:00Z
redress import "$top/input.jsonl"
redress clock advance --to 2026-06-01T00:00:00Z --timeout 600
redress wait --timeout 600
psql "$REDRESS_PG_DSN" -XqAt -F ' ' >"$top/tight.rows" <<'SQL'
SELECT 'breach', clock, count(*) FROM redress.sla_clocks
WHERE status IN ('breached', 'met_late') GROUP BY 2 ORDER BY 2;
SELECT 'priority', priority, count(*) FROM redress.complaints WHERE priority IS NOT NULL GROUP BY 2 ORDER BY 2;
SQL
check "simulate: what it said is what a stack with that policy does" \
    python3 tests/integration/policy.py compare "$top/tight.json" "$top/tight.rows"
down

stack wall CLOCK=wall
python3 - >"$top/wall.jsonl" <<'PY'
import json
from datetime import datetime, timedelta, timezone
now = datetime.now(timezone.utc) - timedelta(days=3)
for n in range(20):
    ref = f"w{n}"
    for k, (kind, data) in enumerate([("submitted", {"channel": "web", "text": "Broken again.", "kind": "complaint"}),
                                      ("responded", {"text": "We look into it."})][:1 + n % 2]):
        print(json.dumps({"specversion": "1.0", "id": f"{ref}-{k}", "source": "policy-test",
                          "type": f"complaint.{kind}", "time": (now + timedelta(hours=30 * k)).isoformat(),
                          "data": {"complaint_ref": ref, "customer": {"id": ref}, **data}}))
PY
redress import "$top/wall.jsonl"
redress wait --timeout 120
redress policy simulate --policy deploy/policy --json >"$top/wall.json"
check "simulate: no difference under the wall clock either" no_difference "$top/wall.json"
down

echo "policy: $failed failed"
[ "$failed" -eq 0 ]
