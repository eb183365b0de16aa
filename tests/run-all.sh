#!/usr/bin/env bash
# run-all.sh TARGET... - `make TARGET` one after the other, each with its time; then a
# table and one line "N passed, N failed" over everything that was counted.
# A part that counts nothing itself ("unit: 12 passed, 0 failed") counts as one.
set -u
cd "$(dirname "$0")/.."
mkdir -p "${BUILD:-build}/test-log"
logs=$(cd "${BUILD:-build}/test-log" && pwd)
passed=0 failed=0 skipped=0 table=() broken=
for part in "$@"; do
    echo "==> make $part"
    began=$SECONDS
    ${MAKE:-make} --no-print-directory -j2 "$part" </dev/null 2>&1 | tee "$logs/$part.log"
    status=${PIPESTATUS[0]}
    counts=$(sed -nE 's/^([a-zA-Z0-9_-]+: )?([0-9]+) passed, ([0-9]+) failed.*/\2 \3/p' "$logs/$part.log")
    ok=$(awk '{n += $1} END {print n + 0}' <<<"$counts")
    bad=$(awk '{n += $2} END {print n + 0}' <<<"$counts")
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    word=ok
    if [ "$status" -ne 0 ]; then
        word=FAILED
    elif [ -z "$counts" ] && grep -qiE '^[a-z/.-]+:.*\bskipped$' "$logs/$part.log"; then
        word=skipped
        skipped=$((skipped + 1))
    elif [ -z "$counts" ]; then
        ok=1
    fi
    passed=$((passed + ok)) failed=$((failed + bad))
    table+=("$(printf '%-14s %-7s %5d s  %6d passed %4d failed' "$part" $word $((SECONDS - began)) "$ok" "$bad")")
    case $part in
    deps | build)
        if [ "$status" -ne 0 ]; then broken=1; break; fi ;;
    esac
done
echo
printf '%s\n' "${table[@]}"
[ -z "$broken" ] || echo "the rest was not run"
echo "all in $SECONDS s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
