#!/usr/bin/env bash
# Fresh random cases of the oracle for business time (tests/oracle); CASES=100000 for a long run.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
dir=$build/oracle
program=$build/release/test/test_business_time
make -s "$program"
rm -rf "$dir" && mkdir -p "$dir"
python3 tests/oracle/business_time.py "$dir" "${CASES:-5000}" "${SEED:-26}" >/dev/null
ORACLE=$dir "$program" >"$dir/log" 2>&1 || { tail -n 12 "$dir/log"; exit 1; }
grep 'cases agree' "$dir/log"
