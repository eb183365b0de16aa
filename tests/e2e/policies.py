"""redress policy check on broken files, policy simulate: what would have differed, and nothing touched."""
import json
import os
import pathlib
import shutil
import tempfile

from care import CASES
from stack import must, redress

BAD_ICS = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:garbage\n"


def mine(sla):
    return next(x for x in sla["policies"] if x["name"] == "mine")["clocks"]


def setter(*path):
    *way, last, value = path

    def change(doc):
        for step in way:
            doc = doc[step]
        doc[last] = value
    return change


# file, what is wrong with it, what the message must name (besides the file)
BROKEN = [
    ("sla.json", '{"version":', "line"),
    ("triage.json", '{"version": "a", "version": "b"}', "duplicate"),
    ("calendars/GB.ics", BAD_ICS, "line"),
    ("sla.json", lambda d: mine(d)["resolution"].update(target={"fortnights": 1}), "clocks.resolution.target"),
    ("sla.json", lambda d: mine(d)["resolution"].update(target={"days": 1, "hours": 1}), "clocks.resolution.target"),
    ("sla.json", lambda d: mine(d)["resolution"].update(target={"business_days": 0}), "clocks.resolution.target.business_days"),
    ("sla.json", lambda d: mine(d)["resolution"].update(warn=[150]), "clocks.resolution.warn[0]"),
    ("sla.json", lambda d: mine(d)["resolution"].update(ladder="none"), "clocks.resolution"),
    ("sla.json", lambda d: mine(d)["statutory"].update(max_pause={"days": 3}), "clocks.statutory.max_pause"),
    ("sla.json", lambda d: mine(d).update(nonsense={"target": {"hours": 1}}), "nonsense"),
    ("sla.json", setter("policies", 0, "calendar", "nowhere"), "nowhere"),
    ("sla.json", setter("policies", 0, "zone", "Mars/Base"), "Mars/Base"),
    ("sla.json", setter("policies", 0, "match", {"colour": "x"}), "policies[0].match"),
    ("sla.json", lambda d: d["policies"].pop(), "$.policies"),
    ("sla.json", lambda d: d["ladders"]["mine"][1].update(level=1), "$.ladders.mine[1]"),
    ("sla.json", setter("version", ""), "$.version"),
    ("sla/us_cfpb.json", setter("in_force", {"from": "15.4.2026"}), "$.in_force.from"),
    ("calendars/X-NY.json", setter("week", "mon", [["12:00", "09:00"]]), "$.week.mon[0]"),
    ("calendars/X-NY.json", setter("holidays", 0, "date", "2026-02-30"), "$.holidays[0].date"),
    ("calendars/X-NY.json", setter("week", {}), "$.week"),
    ("triage.json", setter("severity", "points", [1, 2]), "$.severity.points"),
    ("triage.json", setter("priorities", {"P1": 10, "P2": 30, "P3": 8}), "$.priorities"),
    ("triage.json", setter("ageing", [{"after_hours": 72, "add": 1}]), "$.ageing"),
    ("routing.json", setter("unknown_key", 1), "unknown_key"),
    ("notices/en.json", lambda d: d["notices"].pop("rejection"), "$.notices.rejection"),
    ("notices/zh.json", setter("notices", "acknowledgement", "lines", 0, "{nonsense}"), "{nonsense}"),
]


def broken(r, good):
    status, out, said = redress("policy", "check", str(good))
    r.check("policy check: good", (status, said), (0, b""))
    with tempfile.TemporaryDirectory() as top:
        for n, (name, wrong, place) in enumerate(BROKEN):
            copy = pathlib.Path(top) / str(n)
            shutil.copytree(good, copy)
            if isinstance(wrong, str):
                (copy / name).write_text(wrong)
            else:
                doc = json.loads((copy / name).read_text())
                wrong(doc)
                (copy / name).write_text(json.dumps(doc))
            status, out, said = redress("policy", "check", str(copy), "--json")
            label = f"policy check: {name}: {place}"
            r.check(f"{label}: exit", status, 1)
            try:
                told = [x for x in json.loads(out)["files"] if not x["ok"]]
            except ValueError:
                r.true(label, False, repr(out[:200] + said[:200]))
                continue
            r.check(f"{label}: names the file", [str(pathlib.Path(x["file"]).relative_to(copy)) for x in told], [name])
            r.true(f"{label}: names the place", any(place in json.dumps(x["errors"]) for x in told), repr(told)[:300])
    for arguments, status in ((("check", "/nonexistent"), 1), (("simulate",), 2), (("simulate", "--policy", "/nonexistent.json"), 1)):
        got, out, said = redress("policy", *arguments)
        r.check(f"policy {' '.join(arguments)}: exit", got, status)
        r.check(f"policy {' '.join(arguments)}: one line", (out, said.count(b"\n")), (b"", 1))


def trace():
    """End offsets of all topics, and the contents of all tables."""
    brokers = os.environ["REDRESS_KAFKA_BROKERS"]
    topics = json.loads(must("kcat", "-L", "-J", "-b", brokers))["topics"]
    wanted = [arg for topic in sorted(topics, key=lambda t: t["topic"]) if not topic["topic"].startswith("__")
              for part in topic["partitions"] for arg in ("-t", f"{topic['topic']}:{part['partition']}:-1")]
    ends = must("kcat", "-Q", "-b", brokers, *wanted)
    dump = must("pg_dump", "--data-only", "--no-comments", "-n", "redress", os.environ["REDRESS_PG_DSN"])
    return sorted(ends.split(b"\n")), [line for line in dump.split(b"\n") if not line.startswith(b"\\")]


def first_answers():
    """Hours until each of care's cases that has a first_response clock was answered, as it was told."""
    for name, (data, steps) in CASES.items():
        if data.get("kind") in ("suggestion", "praise") or data.get("regulator", {}).get("name", "").startswith("samr"):
            continue  # those have no such clock, or the preset's
        answer, late = None, 0
        for n, kind, *_ in steps:
            late = max(late, n)
            if answer is None and kind in ("responded", "resolved", "rejected", "withdrawn"):
                answer = late
        yield 10 if name == "merged away" else answer


def simulate(r, good):
    sla = json.loads((good / "sla.json").read_text())
    mine(sla)["first_response"]["target"] = {"hours": 3}
    reversed_ = json.loads((good / "sla.json").read_text(), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    before = trace()
    with tempfile.TemporaryDirectory() as top:
        new, same = pathlib.Path(top) / "sla.json", pathlib.Path(top) / "same.json"
        new.write_text(json.dumps(sla))
        same.write_text(json.dumps(reversed_))
        told = json.loads(must("redress", "policy", "simulate", "--policy", str(new), "--json"))
        status, out, said = redress("policy", "simulate", "--policy", str(same), "--json")
        text = must("redress", "policy", "simulate", "--policy", str(new)).decode()
    r.check("policy simulate: replayed as recorded", told["parity"]["cases"], told["parity"]["equal"])
    was, now = told["totals"]["before"], told["totals"]["after"]
    hours = list(first_answers())
    due = lambda limit: sum(1 for h in hours if h is None or h > limit)  # noqa: E731
    r.check("policy simulate: more breaches", now["breaches"]["first_response"] - was["breaches"]["first_response"],
            due(3) - due(20) + 1)  # and the one whose answer of hour 19.99 was told at hour 30
    warned = lambda limits: sum(1 for x in limits for h in hours if h is None or h >= x)  # noqa: E731
    r.check("policy simulate: more warnings", now["warnings"]["first_response"] - was["warnings"]["first_response"],
            warned([0.75, 1.5]) - warned([5, 10]))
    for clock in ("acknowledge", "resolution", "statutory", "follow_up", "owner", "promise", "recovery_window"):
        r.check(f"policy simulate: {clock} stays", now["breaches"][clock], was["breaches"][clock])
    r.check("policy simulate: the order of keys changes nothing", (status, said, json.loads(out)["differing"]), (0, b"", 0))
    r.true("policy simulate: in words", "first_response" in text and "front-office" in text)
    after = trace()
    r.check("policy simulate: topics as before", after[0], before[0])
    r.true("policy simulate: tables as before", after[1] == before[1])


def check(r):
    good = pathlib.Path(os.environ["REDRESS_POLICY_DIR"])
    broken(r, good)
    simulate(r, good)
