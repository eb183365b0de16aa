#!/usr/bin/env bash
# golden.sh - after a schema changed: keeps the old version, adds golden bytes of the new.
#
# Never rewrites a file.  What it adds is to be committed with the schema:
#   schemas/history/<name>.<n>.avsc            a version that golden bytes exist of
#   tests/golden/<name>/<fingerprint>*         bytes, JSON and schema of a new version
# Only records that travel alone get golden bytes: those that are inside no other.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
make -s "$build/bin/avsc2c"
versions=$("$build/bin/avsc2c" -f schemas/*.avsc)

while read -r fingerprint name kind; do
    [ "$kind" = root ] && mkdir -p "tests/golden/$name"
    for schema in "tests/golden/$name"/*.avsc; do
        [ -e "$schema" ] || continue
        [ "${schema##*/}" = "$fingerprint.avsc" ] && continue
        known=
        next=1
        for old in schemas/history/"$name".*.avsc; do
            [ -e "$old" ] || continue
            cmp -s "$old" "$schema" && known=$old
            number=${old%.avsc}
            number=${number##*.}
            [ "$number" -ge "$next" ] && next=$((number + 1))
        done
        [ -n "$known" ] && continue
        cp "$schema" "schemas/history/$name.$next.avsc"
        echo "new: schemas/history/$name.$next.avsc"
    done
done <<<"$versions"

make -s "$build/release/test/test_codec"
GOLDEN_WRITE=1 "$build/release/test/test_codec" 2>&1 | grep -E '^new:|FAILED|PASSED|error|again|gone' || true
