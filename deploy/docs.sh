#!/usr/bin/env bash
# docs.sh [--check] - pages made from the code's tables; --check fails where one is stale.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${BIN:-build/bin}
stale=0
page() { # page NAME FILE
    if [ "${mode:-}" = check ]; then
        "$bin/redress" docs "$1" | cmp -s - "$2" || { echo "$2 is stale: run make docs"; stale=1; }
    else
        "$bin/redress" docs "$1" >"$2.new" && mv "$2.new" "$2"
    fi
}
[ "${1:-}" != --check ] || mode=check
page settings deploy/CONFIGURATION.md
page lifecycle deploy/LIFECYCLE.md
page topics deploy/TOPICS.md
exit $stale
