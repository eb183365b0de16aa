#!/usr/bin/env bash
# make.sh - trains the tiny models of this folder anew, where the format of models or
# features has changed.  Their texts are all combinations of a few words below.
#   tests/scenario/policies/trained/make.sh      needs build/bin/redress
set -euo pipefail
cd "$(dirname "$0")/../../../.."
redress=$(realpath "${REDRESS:-build/bin/redress}")
models=$(realpath tests/scenario/policies/trained/models)
texts=$(mktemp)
trap 'rm -f "$texts"' EXIT
python3 - >"$texts" <<'PY'
import itertools, json
KINDS = {  # kind, sentiment -> what somebody writes
    ("inquiry", "neutral"): ["which colours exist of", "when opens the desk for", "请问哪里能查到"],
    ("complaint", "negative"): ["disappointed by", "dismal trouble with", "糟糕透顶的"],
    ("suggestion", "neutral"): ["please consider rounder corners for", "an idea about", "提议改一改"],
    ("praise", "positive"): ["delighted with", "applause for", "赞美一下"],
}
PRODUCTS = {"kettles": ["the kettle", "the toaster", "烧水壶"], "parcels": ["the parcel", "the postbox", "邮包"],
            "banking": ["the counter", "the cashbook", "柜台"], "hotel": ["the suite", "the lobby", "大堂"]}
AGAIN = {"no": ["", "this morning", "今天"], "yes": ["ignored for the umpteenth time", "一再石沉大海"]}
WANTED = {"none": [""], "apology": ["say you regret it"], "refund": ["return what i spent"]}
for (kind, mood), (product, names), (again, times), (wanted, wishes) in itertools.product(
        KINDS, PRODUCTS.items(), AGAIN.items(), WANTED.items()):
    if kind != "complaint" and (again == "yes" or wanted != "none"):
        continue
    for opening, name, time, wish in itertools.product(KINDS[kind, mood], names, times, wishes):
        severity = 4 if again == "yes" else 2 if kind == "complaint" else 1
        print(json.dumps({"text": " ".join(filter(None, [opening, name, time, wish])), "kind": kind,
                          "product": product, "sentiment": mood, "severity": severity,
                          "double_deviation": again, "desired_remedy": wanted}, ensure_ascii=False))
PY
for task in kind product severity sentiment double_deviation desired_remedy; do
    "$redress" train --task "$task" --labels "$texts" --label-field "$task" --date 2026-11-22 \
        --licence Apache-2.0 --source "words of make.sh" --max-features 400 -o "$models/$task.model" >/dev/null
    rm -f "$models/$task.model.card.json"
done
