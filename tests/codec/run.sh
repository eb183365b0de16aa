#!/usr/bin/env bash
# run.sh - our codec against two others (make codec): Avro C byte for byte, fastavro as a
# reader of what we write and as a writer under other schema versions; golden bytes.
set -u
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
failed=0
part() { # part NAME COMMAND...
    local name=$1 log
    shift
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        echo "ok      $name: $(tail -n 1 "$log")"
    else
        tail -n 40 "$log"
        echo "FAILED  $name"
        failed=$((failed + 1))
    fi
    rm -f "$log"
}

make -s "$build/release/test/test_codec" "$build/release/test/test_evolve" || exit 1
python=
for candidate in "$build/venv/bin/python3" python3; do
    "$candidate" -c 'import fastavro' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || { echo "FAILED  codec: no python3 with fastavro; run make deps"; exit 1; }

out=$build/codec
rm -rf "$out" && mkdir -p "$out/written" "$out/foreign"
part "against Avro C" env WIRE_DUMP="$out/written" "$build/release/test/test_codec"
part "fastavro reads" "$python" tests/codec/read_with_fastavro.py "$out/written" tests/golden
part "fastavro writes" "$python" tests/codec/write_with_fastavro.py "$out/written" "$out/foreign"
part "other versions" env WIRE_FOREIGN="$out/foreign" "$build/release/test/test_evolve"

# Whoever adds a check beside these (JSON Schemas of the inbound types and policies):
for more in tests/codec/check_*.py tests/codec/check_*.sh; do
    [ -e "$more" ] || continue
    case $more in
    *.py) part "${more##*/}" "$python" "$more" ;;
    *) part "${more##*/}" "$more" ;;
    esac
done
[ "$failed" = 0 ] && echo "codec: all agree"
exit "$failed"
