#!/bin/sh
# The starter models, again and byte for byte: recipe.sh OUT [options of prepare.py]
# README.md says what goes in.  REDRESS: the command line, build/bin/redress.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
redress=${REDRESS:-$here/../../../build/bin/redress}
out=$1
shift
date=2026-11-22 # of the texts; stands in the models, so it is not today's
own="written examples of this project (Apache-2.0)"
cfpb="CFPB Consumer Complaint Database (public domain)"
banking="banking77 (c) PolyAI, CC BY 4.0, github.com/PolyAI-LDN/task-specific-datasets"
note="Texts of other sources are answered less well than its validation says: see services/classification/starter/README.md"

mkdir -p "$out/texts"
python3 "$here/prepare.py" "$out/texts" "$@"
for task in language kind product issue severity sentiment double_deviation desired_remedy; do
    source=$own
    licence=Apache-2.0
    if [ $# -gt 0 ]; then
        case $task in
        kind) source="$own; $cfpb; $banking" licence="Apache-2.0, public domain, CC BY 4.0" ;;
        product | issue) source="$own; $cfpb" licence="Apache-2.0, public domain" ;;
        esac
    fi
    "$redress" train --task "$task" --labels "$out/texts/$task.jsonl" -o "$out/$task.model" \
        --licence "$licence" --source "$source. $note" --date "$date" >"$out/$task.txt"
    echo "$task: $(grep '^validation' "$out/$task.txt" | sed 's/^validation *//')"
done
