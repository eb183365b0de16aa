#!/usr/bin/env python3
"""The training files of the starter models: OUT/<task>.jsonl, one line {"id", "text",
"label"} a text, from the written examples, words.json, the phrases of the policy files and,
where there is any, foreign data whose terms allow it (README.md).

prepare.py OUT [--data FOLDER | [--cfpb complaints.csv] [--banking77 train.csv]]

Same input, same bytes: what is taken of a large source is drawn by a hash of its ids."""
import argparse
import csv
import glob
import gzip
import hashlib
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..", "..")
TASKS = ["language", "kind", "product", "issue", "severity", "sentiment",
         "double_deviation", "desired_remedy"]
# Which kind a rule of rules.json or a list of words.json speaks for.
KIND_RULES = {"complaint": ["sentiment-bad", "sentiment-not-good", "kind-complaint"],
              "praise": ["sentiment-good", "kind-praise"],
              "inquiry": ["kind-inquiry"], "suggestion": ["kind-suggestion"]}
KIND_WORDS = {"negative": "complaint", "positive": "praise", "inquiry": "inquiry",
              "suggestion": "suggestion"}
SENTIMENT_RULES = {"negative": ["sentiment-bad", "sentiment-not-good"],
                   "positive": ["sentiment-good"]}
SENTIMENT_WORDS = {"negative": "negative", "positive": "positive", "inquiry": "neutral",
                   "suggestion": "neutral"}
REMEDIES = {"refund", "replacement", "repair", "compensation", "apology", "explanation"}


def load(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return json.load(f)


def draw(key):
    return hashlib.sha256(key.encode()).hexdigest()


# --- our own ------------------------------------------------------------------------------

def examples():
    for path in sorted(glob.glob(os.path.join(HERE, "../examples/*.jsonl"))):
        with open(path, encoding="utf-8") as f:
            for line in f:
                yield json.loads(line)


def own(task):
    for row in examples():
        label = row.get(task)
        if task == "double_deviation":
            label = "yes" if label else "no"
        if label is not None:
            yield row["id"], row["text"], str(label)


def nodes(tree):
    for node in tree:
        yield node
        yield from nodes(node.get("children", []))


def phrases(task, rules, taxonomy, words):
    """(phrase, label): what the policy's own phrases say, as texts of their own."""
    if task in ("kind", "sentiment"):
        by_rule, by_word = {"kind": (KIND_RULES, KIND_WORDS),
                            "sentiment": (SENTIMENT_RULES, SENTIMENT_WORDS)}[task]
        for label, names in by_rule.items():
            for name in names:
                yield from ((p, label) for p in rules[name]["phrases"])
        for name, label in by_word.items():
            yield from ((p, label) for p in words[name])
    if task == "language":
        yield from ((p, "other") for p in words["other"])
    if task in ("product", "issue"):
        for node in nodes(taxonomy[task + "s"]):
            for p in node["phrases"] + [node["en"], node["zh"]]:
                yield p, node["id"]
    for rule in rules.values():
        if task == "severity" and rule.get("severity"):
            yield from ((p, str(rule["severity"])) for p in rule["phrases"])
        if task == "desired_remedy" and rule.get("remedy") in REMEDIES:
            yield from ((p, rule["remedy"]) for p in rule["phrases"])


# --- foreign ------------------------------------------------------------------------------

def json_lines(path):
    if not os.path.exists(path):
        raise SystemExit(f"prepare.py: {path} is not there; without --data only our own "
                         "texts are used")
    with gzip.open(path, "rt", encoding="utf-8") as f:
        for line in f:
            yield json.loads(line)


def cfpb(options, field):
    """(id, text, label) of the CFPB's database; label as its `field` names it."""
    if options.data:
        for row in json_lines(os.path.join(options.data, f"cfpb_{field}/train.jsonl.gz")):
            yield str(row["id"]), row["text"], row["label"]
    elif options.cfpb:
        opened = gzip.open if options.cfpb.endswith(".gz") else open
        with opened(options.cfpb, "rt", encoding="utf-8", newline="") as f:
            for row in csv.DictReader(f):
                text = row.get("Consumer complaint narrative")
                if text:
                    yield row["Complaint ID"], text, row[field.capitalize()]


def banking77(options):
    if options.data:
        for row in json_lines(os.path.join(options.data, "banking77_intent/train.jsonl.gz")):
            yield str(row["id"]), row["text"], row["label"]
    elif options.banking77:
        with open(options.banking77, encoding="utf-8", newline="") as f:
            for number, row in enumerate(csv.DictReader(f)):
                yield str(number), row["text"], row["category"]


def taken(rows, each):
    """At most each(label) rows of a label, whichever their hashes draw."""
    by_label = {}
    for row in rows:
        by_label.setdefault(row[2], []).append(row)
    for label in sorted(by_label):
        yield from sorted(by_label[label], key=lambda r: draw(r[0]))[:each]


def labelled(options, field, source):
    """CFPB rows by their product or issue, as taxonomy.json calls it."""
    for key, text, name in cfpb(options, field):
        label = source["labels"].get(name)
        if field == "product" and name in ("card", "Credit card or prepaid card"):
            if re.search("prepaid|debit card", text, re.I):
                label = None if re.search("credit card", text, re.I) else "debit_card"
        if label:
            yield key, text[:source["characters"]], label


def piece(key, text, most):
    """A few sentences of a long text: else length alone would tell a complaint."""
    pieces, now = [], ""
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", text):
        sentence = re.sub(r"X[X/\s.,:]*X", "", sentence).strip()
        now = (now + " " + sentence).strip()
        if len(now) >= 60:
            pieces.append(now[:most])
            now = ""
    return pieces[int(draw(key)[:8], 16) % len(pieces)] if pieces else None


def foreign_kind(options, sources):
    whole, cut = [], []
    source = sources["cfpb_kind"]
    for key, text, _ in cfpb(options, "product"):
        short = piece(key, text, source["piece"])
        whole.append(("whole-" + key, text[:source["characters"]], "complaint"))
        if short:
            cut.append(("piece-" + key, short, "complaint"))
    yield from taken(whole, source["whole"])
    yield from taken(cut, source["pieces"])
    source = sources["banking77_kind"]
    rows = list(banking77(options))
    for kind in ("inquiry", "complaint"):
        some = [row for row in rows if row[2] in source[kind]]
        for key, text, _ in taken(some, source["each"][kind]):
            yield key, text, kind


def foreign(task, options, sources):
    if task in ("product", "issue"):
        source = sources[f"cfpb_{task}"]
        return taken(labelled(options, task, source), source["each"])
    return foreign_kind(options, sources) if task == "kind" else ()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--data", help="folder with cfpb_product/train.jsonl.gz and so on")
    parser.add_argument("--cfpb", help="complaints.csv of the CFPB, may be .gz")
    parser.add_argument("--banking77", help="its train.csv: text, category")
    options = parser.parse_args()
    rules = {rule["name"]: rule for rule in load(TOP, "deploy/policy/rules.json")["rules"]}
    taxonomy = load(TOP, "deploy/policy/taxonomy.json")
    words, sources = load(HERE, "words.json"), load(HERE, "sources.json")
    os.makedirs(options.out, exist_ok=True)
    for task in TASKS:
        rows = list(own(task))
        ours = len(rows)
        said = {(p.rstrip("*"), l) for p, l in phrases(task, rules, taxonomy, words)}
        rows += [(f"phrase-{i}", p, l) for i, (p, l) in enumerate(sorted(said))]
        short = len(rows) - ours
        rows += foreign(task, options, sources)
        with open(os.path.join(options.out, task + ".jsonl"), "w", encoding="utf-8") as f:
            for key, text, label in rows:
                f.write(json.dumps({"id": key, "text": text, "label": label},
                                   ensure_ascii=False) + "\n")
        print(f"{task}: {ours} examples, {short} phrases, {len(rows) - ours - short} foreign")


if __name__ == "__main__":
    main()
