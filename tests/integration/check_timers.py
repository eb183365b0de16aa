#!/usr/bin/env python3
"""check_timers.py N: reads the events of complaints.routed (redress tail) and says what fired
twice, or not at all: each of the N cases of make_timers.py must have warned, breached and
climbed exactly once per clock, start, percent and rung.  Prints the counts, sorted."""
import json
import sys
from collections import Counter

# What a case without any answer goes through until June (deploy/policy/sla.json).
ALL = {("sla.breached", c) for c in
       ("acknowledge", "first_response", "update", "resolution", "recovery_window")}


def main():
    n = int(sys.argv[1])
    fired = Counter()
    ids = Counter()
    per_case = {}
    refs = {}
    for line in sys.stdin:
        ev = json.loads(line)
        ev = ev.get("value", ev)
        case = ev.get("complaint_id")
        if not case:
            continue
        ids[ev["event_id"]] += 1
        register = ev.get("register") or {}
        if register.get("complaint_ref"):
            refs[case] = int(register["complaint_ref"][1:])
        kind = ev["type"]
        if not kind.startswith(("sla.", "triage.")):
            continue
        what = (ev.get("sla") or {}).get("fired") or {}
        key = (kind, what.get("clock"), what.get("start_no"), what.get("promise_id"),
               what.get("percent"), what.get("level"), ev["occurred_at"])
        fired[(case, *key)] += 1
        per_case.setdefault(case, Counter())[(kind, what.get("clock"))] += 1
        if kind == "sla.escalated":
            fired[(case, "rung", what["level"])] += 1
    bad = [f"twice: {key}" for key, count in fired.items() if count > 1]
    bad += [f"event {key} twice" for key, count in ids.items() if count > 1]
    if len(refs) != n:
        bad.append(f"{len(refs)} cases of {n}")
    for case, ref in refs.items():
        have = per_case.get(case, Counter())
        want = set(ALL)
        if ref % 2 == 0:
            want |= {("sla.breached", "promise"), ("triage.promise_broken", None)}
        if ref % 9 < 3:
            want |= {("sla.breached", "statutory")}
        for key in want:
            if have[key] != 1:
                bad.append(f"T{ref}: {key} {have[key]} times")
        if sum(fired[(case, "rung", level)] for level in (1, 2, 3)) != 3 and ref % 9 >= 3:
            bad.append(f"T{ref}: not all rungs")
    for (kind, clock), count in sorted(sum(per_case.values(), Counter()).items(), key=str):
        print(kind, clock or "-", count)
    for line in bad[:20]:
        print(line, file=sys.stderr)
    sys.exit(1 if bad else 0)


main()
