#!/usr/bin/env python3
"""The written training examples (services/classification/examples): each line by its
schema, codes that the taxonomy knows, ids used once, no two texts alike, nothing that looks
like a real person's address or number, and enough of each kind and language.

check_examples.py [FOLDER]"""
import collections
import glob
import json
import os
import re
import sys
import unicodedata

import jsonschema

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FOLDER = os.path.join(TOP, "services/classification/examples")
MAX_LINES = 400       # of one file
MAX_JACCARD = 0.5     # of the 5-grams of characters of two texts
LEAST = {             # examples by kind, by language, and of both
    "complaint": 1400, "inquiry": 600, "suggestion": 470, "praise": 510,
    "en": 1500, "zh": 1400, "other": 90, "all": 3000,
    "zh in traditional characters": 85,
}
DOUBLE_SHARE = (0.28, 0.45)  # of the complaints
CONTACT = [
    re.compile(r"[\w.+-]+@(?!example\.(?:com|org|net)\b)[\w-]+\.[a-z]{2,}", re.I),  # e-mail
    re.compile(r"(?<![\d.,])\+?\d(?:[ ().-]?\d){6,}(?![\d.,]?\d)"),                 # telephone
    re.compile(r"https?://(?!example\.(?:com|org|net)\b)|\bwww\.", re.I),
    re.compile(r"(?<!\w)@(?!example|某)\w+", re.I),                                  # handle
    re.compile(r"\b\d{17}[\dXx]\b"),                                                # 身份证
]
# Characters that only traditional script has, of those that complaints use most.
TRADITIONAL = set("請貴個這來錢說會沒電話訂單務員務題處後時間師們還給讓嗎點擾機車帳"
                  "戶寫發實費應爲為與無從過進選對開關難麼幾號長門問書東聽樓圖網護")


def codes(nodes):
    for node in nodes:
        yield node["id"]
        yield from codes(node.get("children", []))


def line_schema():
    with open(os.path.join(TOP, "deploy/policy/taxonomy.json"), encoding="utf-8") as f:
        taxonomy = json.load(f)
    text = {"type": "string", "minLength": 1, "maxLength": 4000}
    properties = {
        "id": {"type": "string", "pattern": "^ex-(en|zh|other)-[0-9]{4}$"},
        "text": text,
        "language": {"enum": ["en", "zh", "other"]},
        "kind": {"enum": ["inquiry", "complaint", "suggestion", "praise"]},
        "product": {"enum": sorted(codes(taxonomy["products"]))},
        "issue": {"enum": sorted(codes(taxonomy["issues"]))},
        "severity": {"type": "integer", "minimum": 1, "maximum": 5},
        "sentiment": {"enum": ["negative", "neutral", "positive"]},
        "double_deviation": {"type": "boolean"},
        "desired_remedy": {"enum": ["refund", "replacement", "repair", "apology",
                                    "explanation", "compensation", "fix", "none"]},
        "channel": {"enum": ["web", "email", "social", "app", "phone"]},
    }
    return jsonschema.Draft202012Validator({
        "type": "object", "properties": properties, "additionalProperties": False,
        "required": sorted(set(properties) - {"product", "issue"}),
        # Only a handling that failed is a double deviation, and only of a complaint.
        "if": {"properties": {"double_deviation": {"const": True}}},
        "then": {"properties": {"kind": {"const": "complaint"},
                                "sentiment": {"const": "negative"}}},
    })


def grams(text):
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = "".join(c for c in folded if c.isalnum())
    return {folded[i:i + 5] for i in range(max(1, len(folded) - 4))}


def near_duplicates(rows):
    """Pairs (id, id, Jaccard) at or above MAX_JACCARD; an index by 5-gram finds them."""
    index = collections.defaultdict(list)
    seen = []
    for number, (row, _) in enumerate(rows):
        mine = grams(row["text"])
        shared = collections.Counter()
        for gram in mine:
            shared.update(index[gram])
            index[gram].append(number)
        for other, count in shared.items():
            jaccard = count / (len(mine) + len(seen[other]) - count)
            if jaccard >= MAX_JACCARD:
                yield rows[other][0]["id"], row["id"], jaccard
        seen.append(mine)


def read(folder, problems):
    validator = line_schema()
    rows = []
    for path in sorted(glob.glob(os.path.join(folder, "*.jsonl"))):
        name = os.path.basename(path)
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines()
        if len(lines) > MAX_LINES:
            problems.append(f"{name}: {len(lines)} lines, more than {MAX_LINES}")
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except ValueError as broken:
                problems.append(f"{name}:{number}: {broken}")
                continue
            where = f"{name}:{number}"
            wrong = [f"{where}: {e.json_path}: {e.message[:200]}"
                     for e in validator.iter_errors(row)]
            if not wrong and not re.match(f"{row['language']}-{row['kind']}(-[0-9])?[.]", name):
                wrong.append(f"{where}: {row['language']} {row['kind']} is in the wrong file")
            wrong += [f"{where}: looks like contact data: {found.group()}"
                      for pattern in CONTACT if (found := pattern.search(line))]
            problems += wrong
            if not wrong:
                rows.append((row, where))
    return rows


def main():
    problems = []
    rows = read(sys.argv[1] if len(sys.argv) > 1 else FOLDER, problems)
    ids = collections.Counter(row["id"] for row, _ in rows)
    problems += [f"id {i} is used {n} times" for i, n in ids.items() if n > 1]
    problems += [f"{a} and {b} are too alike ({j:.2f})" for a, b, j in near_duplicates(rows)]

    have = collections.Counter(all=len(rows))
    for row, _ in rows:
        have[row["kind"]] += 1
        have[row["language"]] += 1
        have["double"] += row["double_deviation"]
        if row["language"] == "zh" and len(TRADITIONAL & set(row["text"])) >= 2:
            have["zh in traditional characters"] += 1
    problems += [f"{what}: {have[what]} examples, at least {least} wanted"
                 for what, least in LEAST.items() if have[what] < least]
    share = have["double"] / max(1, have["complaint"])
    if not DOUBLE_SHARE[0] <= share <= DOUBLE_SHARE[1]:
        problems.append(f"double deviations are {share:.0%} of the complaints")

    for problem in problems[:30]:
        print(f"FAILED {problem}")
    counts = ", ".join(f"{what} {have[what]}" for what in LEAST)
    print(f"written examples: {counts}, double deviation {share:.0%} of complaints; "
          f"{len(problems)} failed")
    return 1 if problems else 0


sys.exit(main())
