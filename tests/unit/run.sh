#!/usr/bin/env bash
# Runs unit test programs one by one and counts what they say.
#   run.sh BUILT PROGRAM...    BUILT: exit status of the build before (0: all there)
# A program that could not be built, crashed or ran too long counts as one failed test.
set -u
built=$1
shift
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for program in "$@"; do
    name=${program##*/}
    if [ ! -x "$program" ]; then
        echo "FAILED  $name: not built"
        failed=$((failed + 1))
        continue
    fi
    timeout "${UNIT_SECONDS:-300}" "$program" >"$log" 2>&1
    status=$?
    ok=$(grep -cE '^\[ +OK +\]' "$log")
    bad=$(grep -cE '^\[  FAILED  \] [A-Za-z0-9_]+$' "$log")
    if [ $status -eq 0 ] && [ "$ok" -gt 0 ]; then
        echo "ok      $name ($ok)"
    else
        [ $status -eq 0 ] && echo "$name ran no test"
        # cmocka lists each failed test twice: in place and in the summary.
        bad=$(grep -E '^\[  FAILED  \] [A-Za-z0-9_]+$' "$log" | sort -u | wc -l)
        [ "$bad" -gt 0 ] || bad=1
        failed=$((failed + bad))
        tail -n "${UNIT_LINES:-60}" "$log"
        echo "FAILED  $name (exit $status)"
    fi
    passed=$((passed + ok))
done
if [ "$built" -ne 0 ] && [ $failed -eq 0 ]; then
    echo "FAILED  the build of a test (see above); an older program ran in its place"
    failed=1
fi
echo "unit: $passed passed, $failed failed"
[ $failed -eq 0 ]
