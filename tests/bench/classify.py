#!/usr/bin/env python3
"""classify.py - texts a second of our models and of two others: what classify.sh prints.

Rows with a date are split by time, the last fifth unseen; others by a hash of their text.
Every contender learns the same rows and is then asked, from the raw text, for the labels of
the same unseen rows, in memory, on one core: CPU time of the process.  Rounds go through all
contenders in turn, so that what else the machine does meets all of them."""
import gzip
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
OUT = pathlib.Path(os.environ["OUT"])
BIN = pathlib.Path(os.environ["BIN"])
DATA = pathlib.Path(os.environ["DATA"])
TASKS = os.environ.get("BENCH_TASKS", "cfpb_product airline_sentiment shopping10_category_zh").split()
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
ROWS = int(os.environ.get("BENCH_ROWS", "3000"))
MODELS = os.environ.get("BENCH_MODELS")
PYTHON = os.environ["BENCH_PYTHON"]
CORE = max(os.sched_getaffinity(0))


def say(*words):
    print(*words, flush=True)


def split(task):
    """Writes train and test rows; gives the paths."""
    with gzip.open(DATA / task / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if isinstance(row.get("text"), str) and row.get("label") is not None]
    for row in rows:
        row["label"] = str(row["label"])
    when = [row.get("date") or row.get("occurred_at") for row in rows]
    if all(when):
        order = sorted(range(len(rows)), key=lambda i: (str(when[i]), rows[i]["text"]))
        last = set(order[len(rows) - len(rows) // 5 :])
        unseen = [i in last for i in range(len(rows))]
    else:
        unseen = [hashlib.sha256(row["text"].encode()).digest()[0] < 51 for row in rows]
    paths = {}
    for name, wanted in (("train", False), ("test", True)):
        chosen = [row for row, late in zip(rows, unseen) if late == wanted]
        paths[name] = OUT / f"{task}.{name}.jsonl"
        with open(paths[name], "w", encoding="utf-8") as out:
            for row in chosen[: ROWS if wanted else None]:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return paths


def train(task, rows):
    if MODELS:
        return pathlib.Path(MODELS) / f"{task}.model"
    path = OUT / f"{task}.model"
    if not path.exists() or path.stat().st_mtime < (BIN / "redress").stat().st_mtime:
        say(f"training {task} ...")
        subprocess.run([BIN / "redress", "train", "--task", task, "--labels", rows, "-o", path],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


class Ours:
    def __init__(self, model, rows):
        self.command = [BIN / "bench_classify", "--model", model, "--rows", rows, "--repeats", "6"]
        self.rounds = []

    def round(self):
        done = subprocess.run(self.command, check=True, capture_output=True,
                              preexec_fn=lambda: os.sched_setaffinity(0, {CORE}))
        self.rounds.append(json.loads(done.stdout))

    def median(self, name):
        return statistics.median(one[name] for one in self.rounds)


class Other:
    """A process that has learned and waits for rounds (classify_other.py)."""

    def __init__(self, kind, paths, chars):
        self.kind = kind
        self.speeds = []
        self.said = {}
        self.process = subprocess.Popen(
            [PYTHON, HERE / "classify_other.py", kind, paths["train"], paths["test"],
             "chars" if chars else "words"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {CORE}))
        self.name = self.process.stdout.readline().strip()

    def round(self):
        print("go", file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench-classify: {self.kind} broke")
        self.said = json.loads(line)
        self.speeds.append(self.said["speed"])

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def bench(task):
    paths = split(task)
    ours = Ours(train(task, paths["train"]), paths["test"])
    others = [Other(kind, paths, task.endswith("_zh")) for kind in ("sklearn1", "sklearn2", "fasttext")]
    others = [other for other in others if other.name or other.stop()]
    for _ in range(ROUNDS):
        for one in [ours, *others]:
            one.round()
    for other in others:
        other.stop()
    first = ours.rounds[0]
    fastest = ours.median("label")
    say(f"\n{task}: {first['texts']} unseen texts, {first['text_bytes'] // first['texts']} bytes of JSON each;"
        f" median of {ROUNDS} rounds, one core")
    say(f"  {'':42}{'texts/s':>10}{'accuracy':>10}{'MB':>7}  ours is")
    for name, what in (("label", "label and confidence"), ("reasons", "and reasons"),
                       ("json", "and reading the line of JSON")):
        say(f"  redress, {what:33}{ours.median(name):>10.0f}{first['accuracy']:>10.3f}"
            f"{ours.median('max_rss_kb') / 1024:>7.0f}")
    for other in others:
        speed = statistics.median(other.speeds)
        say(f"  {other.name:42}{speed:>10.0f}{other.said['accuracy']:>10.3f}{other.said['rss_mb']:>7.0f}"
            f"  {fastest / speed:.1f} x as fast; with reasons {ours.median('reasons') / speed:.1f} x")
    say(f"  model {first['model_bytes'] / 1e6:.1f} MB, opened and checked in {ours.median('open_us') / 1000:.1f} ms"
        f" ({ours.median('open_cold_us') / 1000:.1f} ms when it is not in the page cache);"
        f" {first['thread_bytes'] / 1e6:.1f} MB of room a thread; {ours.median('table_us') / 1000:.0f} ms once for"
        " the table of code points")


def main():
    load = os.getloadavg()[0]
    say(f"{os.cpu_count()} cores, load {load:.1f}" + (" (noisy: others run here)" if load > 0.5 else ""))
    missing = [task for task in TASKS if not (DATA / task / "train.jsonl.gz").exists()]
    for task in missing:
        say(f"{DATA / task}/train.jsonl.gz: not there (DATA=folder says where), skipped")
    for task in TASKS:
        if task not in missing:
            bench(task)
    return 0


if __name__ == "__main__":
    sys.exit(main())
