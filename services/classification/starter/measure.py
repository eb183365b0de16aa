#!/usr/bin/env python3
"""What the starter models are worth on texts they were not made from, and what kind and
double deviation learned on one source are worth on another.

measure.py MODELS DATA [--sources]
  MODELS  folder of recipe.sh's models; DATA  folder of the sets that README.md names
  --sources  also trains on one source and measures on the others (minutes)
  REDRESS  the command line, build/bin/redress"""
import glob
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile

import prepare

HERE = os.path.dirname(os.path.abspath(__file__))
REDRESS = os.environ.get("REDRESS", os.path.join(HERE, "../../../build/bin/redress"))
MOST = 1500  # texts of a set
SHOP = {"tablet": "electronics", "phone": "electronics", "computer": "electronics",
        "water_heater": "appliances", "clothes": "clothing", "hotel": "hotel"}
SIGN_KIND = {"negative": "complaint", "neg": "complaint", "positive": "praise",
             "pos": "praise"}
SIGNS = {"neg": "negative", "pos": "positive"}


def draw(rows, most=MOST):
    """Some of (text, label) with a label, always the same."""
    rows = [row for row in rows if row[1]]
    return sorted(rows, key=lambda r: hashlib.sha256(r[0].encode()).hexdigest())[:most]


class Data:
    def __init__(self, folder):
        self.folder = folder

    def rows(self, task):
        with gzip.open(os.path.join(self.folder, task, "train.jsonl.gz"), "rt",
                       encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def take(self, task, label=lambda row: row["label"], some=lambda row: True):
        return draw([(r["text"], label(r)) for r in self.rows(task) if some(r)])

    def not_drawn(self, field):
        """CFPB narratives, by product or issue, that the model was not made from."""
        self.data, self.cfpb = self.folder, None  # as options of prepare.py
        source = prepare.load(HERE, "sources.json")[f"cfpb_{field}"]
        rows = list(prepare.labelled(self, field, dict(source, characters=5000)))
        drawn = {row[0] for row in prepare.taken(rows, source["each"])}
        return draw([row[1:] for row in rows if row[0] not in drawn])


def examples(task, languages=("en", "zh", "other")):
    rows = []
    for path in sorted(glob.glob(os.path.join(HERE, "../examples/*.jsonl"))):
        with open(path, encoding="utf-8") as f:
            rows += [json.loads(line) for line in f]
    label = (lambda r: "yes" if r[task] else "no") if task == "double_deviation" else \
        (lambda r: str(r[task]))
    return [(r["text"], label(r)) for r in rows if r["language"] in languages]


def foreign(data):
    """task, name of the set, its (text, label)."""
    def sure(row):
        return row.get("confidence", 1) > 0.6

    for origin in ("airline", "app", "twc"):
        yield "kind", f"kind_mixed_en, {origin}", data.take(
            "kind_mixed_en", some=lambda r, o=origin: r["origin"] == o)
    yield "kind", "kind_zh_weak", data.take("kind_zh_weak")
    yield "kind", "suggestion_en, suggestions", data.take(
        "suggestion_en", some=lambda r: r["label"] == "suggestion")
    yield "kind", "app reviews: bug, wish", data.take(
        "app_review_type", lambda r: {"bug_report": "complaint",
                                      "feature_request": "suggestion"}.get(r["label"]))
    for task in ("waimai_sentiment_zh", "hotel_sentiment_zh", "shopping10_sentiment_zh"):
        yield "kind", task, data.take(task, lambda r: SIGN_KIND[r["label"]])
    yield "sentiment", "airline_sentiment", data.take("airline_sentiment", some=sure)
    yield "sentiment", "airline, not neutral", data.take(
        "airline_sentiment", some=lambda r: sure(r) and r["label"] != "neutral")
    for task in ("waimai_sentiment_zh", "hotel_sentiment_zh", "shopping10_sentiment_zh"):
        yield "sentiment", task, data.take(task, lambda r: SIGNS[r["label"]])
    yield "product", "waimai_sentiment_zh", data.take("waimai_sentiment_zh",
                                                      lambda r: "food_delivery")
    yield "product", "airline_sentiment", data.take("airline_sentiment",
                                                    lambda r: "flight")
    yield "product", "shopping10, 6 categories", data.take(
        "shopping10_category_zh", lambda r: SHOP.get(r["label"]))
    for task in ("product", "issue"):
        yield task, "CFPB, not drawn", data.not_drawn(task)
    yield "language", "language", data.take("language")


def ask(model, rows):
    lines = "".join(json.dumps({"id": str(i), "text": text}) + "\n"
                    for i, (text, _) in enumerate(rows))
    said = subprocess.run([REDRESS, "classify", "--model", model], input=lines,
                          capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def score(said, rows):
    """accuracy, macro-F1 over the labels that the set has"""
    pairs = [(s["label"], truth) for s, (_, truth) in zip(said, rows)]
    f1 = []
    for label in sorted({truth for _, truth in rows}):
        both = sum(s == label == t for s, t in pairs)
        f1.append(2 * both / sum((s == label) + (t == label) for s, t in pairs))
    return sum(s == t for s, t in pairs) / len(pairs), sum(f1) / len(f1)


def kept(said, rows, threshold):
    right = [s["label"] == t for s, (_, t) in zip(said, rows)
             if s["confidence"] >= threshold]
    return len(right) / len(rows), sum(right) / max(1, len(right))


def thresholds():
    path = os.path.join(HERE, "../../../deploy/policy/models.json")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        return {m["task"]: m["threshold"] for m in json.load(f)["models"]
                if "threshold" in m}


def measure(models, data):
    ours = thresholds()
    pool = {}
    print("| task | texts | accuracy | macro-F1 | kept | right of these |\n"
          "|---|---|---|---|---|---|")
    for task, name, rows in foreign(data):
        model = os.path.join(models, task + ".model")
        said = ask(model, rows)
        with open(model + ".card.json", encoding="utf-8") as f:
            at = ours.get(task, json.load(f)["threshold"]["at"])
        print("| %s | %s (%d) | %.3f | %.3f | %.0f %% | %.3f |" % (
            task, name, len(rows), *score(said, rows), 100 * kept(said, rows, at)[0],
            kept(said, rows, at)[1]), flush=True)
        if name != "airline, not neutral":
            pool.setdefault(task, []).append((said, rows))
    print("\nAll sets of a task, each as heavy as the others:\n")
    for task, sets in pool.items():
        for at in (0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99):
            two = [kept(said, rows, at) for said, rows in sets]
            share = sum(k for k, _ in two)
            print("%s from %.2f: kept %.3f, right %.3f" % (
                task, at, share / len(two), sum(k * r for k, r in two) / max(share, 1e-9)))


def sources(data):
    """Trained on one source, measured on the others."""
    mixed = data.rows("kind_mixed_en")
    kind = {o: [(r["text"], r["label"]) for r in mixed if r["origin"] == o]
            for o in ("airline", "app", "twc")}
    kind["examples (en)"] = examples("kind", ("en",))
    double = {
        "cfpb (credit reports)": data.take("cfpb_double_deviation", lambda r: {
            "failed_handling": "yes", "first_failure": "no"}[r["label"]]),
        "examples (en)": examples("double_deviation", ("en",)),
        "examples (zh)": examples("double_deviation", ("zh",))}
    print("\n| task | learned on | asked about | accuracy | macro-F1 | always the most "
          "frequent |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        for task, parts in (("kind", kind), ("double_deviation", double)):
            for learned, rows in parts.items():
                lines, model = os.path.join(place, "l.jsonl"), os.path.join(place, "m")
                with open(lines, "w", encoding="utf-8") as f:
                    for i, (text, label) in enumerate(rows):
                        f.write(json.dumps({"id": str(i), "text": text,
                                            "label": label}) + "\n")
                subprocess.run([REDRESS, "train", "--task", task, "--labels", lines,
                                "-o", model], check=True, capture_output=True)
                known = {label for _, label in rows}
                for asked, others in parts.items():
                    test = draw([row for row in others if row[1] in known])
                    if asked == learned or len({t for _, t in test}) < 2:
                        continue
                    most = max(sum(t == k for _, t in test) for k in known) / len(test)
                    print("| %s | %s (%d) | %s (%d) | %.3f | %.3f | %.3f |" % (
                        task, learned, len(rows), asked, len(test),
                        *score(ask(model, test), test), most), flush=True)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    data = Data(sys.argv[2])
    measure(sys.argv[1], data)
    if "--sources" in sys.argv:
        sources(data)


main()
