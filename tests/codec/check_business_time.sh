#!/usr/bin/env bash
# Fresh random cases of the oracle for business time (tests/oracle): CASES=100000 SEED=26.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
dir=$build/oracle
program=$build/release/test/test_business_time
make -s "$program"
python=$build/venv/bin/python3
"$python" -c 'import holidays, chinese_calendar, dateutil' 2>/dev/null || {
    echo "no Python with holidays, chinesecalendar and dateutil; run make deps"
    exit 1
}
rm -rf "$dir" && mkdir -p "$dir"
"$python" tests/oracle/business_time.py "$dir" "${CASES:-100000}" "${SEED:-26}" >"$dir/made"
ORACLE=$dir "$program" >"$dir/log" 2>&1 || { tail -n 12 "$dir/log"; exit 1; }
made=$(cat "$dir/made")
echo "$(grep 'cases agree' "$dir/log"), ${made#*, }"
