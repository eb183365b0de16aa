#!/usr/bin/env python3
"""policy.py events | explain | lives | tighten | compare: the data and the checks of policy.sh.
  events            cases whose due times were worked out by hand, CloudEvents, one a line
  explain DSN       runs `redress policy explain` on them and checks every number
  lives DSN         the same of a sample of whatever a stack has
  tighten IN OUT    an sla.json with a tighter resolution
  compare SIM ROWS  a simulation's JSON against the clocks of a stack that ran the policy"""
import json
import subprocess
import sys
from datetime import datetime, timedelta

SOURCE = "policy-test"


def event(n, at, kind, ref, data):
    return {"specversion": "1.0", "id": f"p{n}", "source": SOURCE, "type": f"complaint.{kind}",
            "time": at, "data": {"complaint_ref": ref, "customer": {"id": f"cust-{ref}"}, **data}}


def submit(at, ref, **data):
    return (at, "submitted", ref, {"channel": "web", "text": "The order came late.", "product": "order",
                                   "kind": "complaint", **data})


# 2026-03-06 is a Friday; the default calendar is Monday to Friday, 09:00 to 17:00 UTC.
STEPS = [
    submit("2026-02-10T02:00:00Z", "festival", regulator={"name": "SAMR", "case_ref": "s1"}),
    submit("2026-03-02T12:00:00Z", "weeks", regulator={"name": "FCA", "case_ref": "f1"}),
    submit("2026-03-06T16:00:00Z", "weekend"),
    submit("2026-03-06T10:00:00Z", "pause"),
    ("2026-03-06T15:00:00Z", "waiting", "pause", {"for": "customer", "reason": "needs the receipt"}),
    ("2026-03-09T11:00:00Z", "resumed", "pause", {}),
    submit("2026-03-02T10:00:00Z", "longer"),
    ("2026-03-03T10:00:00Z", "extended", "longer",
     {"clock": "resolution", "until": "2026-04-10T12:00:00Z", "reason": "expert report", "approver": "Ann"}),
    submit("2026-03-02T09:00:00Z", "promise"),
    ("2026-03-02T10:00:00Z", "promised", "promise",
     {"promise_id": "call", "promise": "a call", "due_at": "2026-03-04T09:00:00Z"}),
    submit("2026-03-02T10:00:00Z", "waits"),
    ("2026-03-04T10:00:00Z", "waiting", "waits", {"for": "third_party"}),
]


def when(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Checks:
    failed = 0
    done = 0

    def same(self, what, have, want):
        self.done += 1
        if have != want:
            self.failed += 1
            print(f"FAILED  {what}: {have!r}, expected {want!r}")


CHECKS = Checks()


def lines(dsn, query):
    return subprocess.run(["psql", dsn, "-XqAt", "-F", " ", "-c", query], check=True, text=True,
                          capture_output=True).stdout.splitlines()


def explain(dsn, ref):
    """The clocks of a case by name; what holds for each is checked here."""
    return explain_id(dsn, ref, lines(dsn, f"SELECT complaint_id FROM redress.complaints WHERE complaint_ref = '{ref}'")[0])


def check_lives(dsn):
    """What holds for any clock, on a sample of a history: each kind of status, and every promise and merge."""
    found = set(lines(dsn, "SELECT complaint_id FROM (SELECT complaint_id, row_number() OVER "
                           "(PARTITION BY clock, status ORDER BY complaint_id) AS n FROM redress.sla_clocks) q WHERE n <= 2"))
    found |= set(lines(dsn, "SELECT complaint_id FROM bi.sla_clocks WHERE paused_seconds > 0 "
                            "ORDER BY complaint_id LIMIT 10"))
    for complaint_id in sorted(found):
        explain_id(dsn, complaint_id, complaint_id)


def explain_id(dsn, ref, found):
    out = subprocess.run(["redress", "policy", "explain", found, "--json"], check=True, text=True,
                         capture_output=True).stdout
    answer = json.loads(out)
    CHECKS.same(f"{ref}: complaint_id", answer["complaint_id"], found)
    for clock in answer["clocks"]:
        name = f"{ref} {clock['clock']}"
        at = clock["started_at"]
        for item in clock["intervals"]:
            CHECKS.same(f"{name}: no gap, no overlap", item["from"], at)
            CHECKS.same(f"{name}: forwards", item["to"] > item["from"], True)
            at = item["to"]
        CHECKS.same(f"{name}: ends at the due time", at, clock["due_at"])
        counted = [i for i in clock["intervals"] if i["counted"]]
        seconds = sum((when(i["to"]) - when(i["from"])).total_seconds() for i in counted)
        target = clock["target"]
        open_pause = clock["status"] == "paused"
        if "business_minutes" in target and not open_pause:
            CHECKS.same(f"{name}: minutes", seconds, target["business_minutes"] * 60)
        if "hours" in target:
            CHECKS.same(f"{name}: hours", seconds, target["hours"] * 3600)
        if "business_days" in target and clock["paused_seconds"] == 0 and not open_pause:
            CHECKS.same(f"{name}: days", len(counted), target["business_days"])
        CHECKS.same(f"{name}: reproduced", clock["reproduced"], True)
    text = subprocess.run(["redress", "policy", "explain", found], check=True, text=True,
                          capture_output=True).stdout
    CHECKS.same(f"{ref}: a text for people", text.startswith(f"Complaint {found}"), True)
    rows = lines(dsn, "SELECT clock, status, floor(extract(epoch FROM due_at))::bigint FROM redress.sla_clocks "
                      f"WHERE complaint_id = '{found}' ORDER BY 1, 3")
    told = sorted(f"{c['clock']} {c['status']} {int(when(c['due_at']).timestamp())}" for c in answer["clocks"])
    CHECKS.same(f"{ref}: clocks as in PostgreSQL", told, sorted(rows))
    return {c["clock"]: c for c in answer["clocks"]}


def whys(clock):
    return [("+" if i["counted"] else "-") + i["why"] for i in clock["intervals"]]


def check_explain(dsn):
    minutes = explain(dsn, "weekend")["first_response"]
    CHECKS.same("weekend: due", minutes["due_at"], "2026-03-10T16:00:00.000Z")
    CHECKS.same("weekend: intervals", whys(minutes),
                ["+business hours", "-outside business hours", "-weekend", "-outside business hours",
                 "+business hours", "-night", "+business hours"])

    festival = explain(dsn, "festival")
    days = festival["first_response"]
    CHECKS.same("festival: zone", days["zone"], "Asia/Shanghai")
    CHECKS.same("festival: policy", days["policy"], "cn_samr_20")
    CHECKS.same("festival: due", days["due_at"], "2026-02-26T16:00:00.000Z")
    told = whys(days)
    CHECKS.same("festival: day of receipt", told[0], "-day of receipt does not count")
    CHECKS.same("festival: make-up day", [w.startswith("+make-up working day (") for w in told][4], True)
    CHECKS.same("festival: holiday", told[5], "-holiday: 春节")
    CHECKS.same("festival: its nine days",
                when(days["intervals"][5]["to"]) - when(days["intervals"][5]["from"]), timedelta(days=9))

    weeks = explain(dsn, "weeks")["statutory"]
    # Eight weeks after 2 March to the end of the day in London, where summer has begun.
    CHECKS.same("weeks: due", weeks["due_at"], "2026-04-27T23:00:00.000Z")
    CHECKS.same("weeks: intervals", len(weeks["intervals"]), 2)

    paused = explain(dsn, "pause")["resolution"]
    # 15 business days: to the end of 27 March; paused for Friday 15-17 and Monday 9-11.
    CHECKS.same("pause: seconds", paused["paused_seconds"], (9 + 48 + 11) * 3600)
    CHECKS.same("pause: why", "-paused: waiting for the customer (needs the receipt)" in whys(paused), True)
    CHECKS.same("pause: later than without", paused["due_at"] > "2026-03-28T00:00:00.000Z", True)

    longer = explain(dsn, "longer")["resolution"]
    CHECKS.same("longer: due", longer["due_at"], "2026-04-10T12:00:00.000Z")
    CHECKS.same("longer: why", whys(longer)[-1],
                "-extension until 2026-04-10T12:00:00.000Z (approved by Ann; expert report)")

    promise = explain(dsn, "promise")["promise"]
    CHECKS.same("promise: due", promise["due_at"], "2026-03-04T09:00:00.000Z")
    CHECKS.same("promise: id", promise["promise_id"], "call")
    CHECKS.same("promise: breached", promise["status"], "breached")

    waits = explain(dsn, "waits")["resolution"]
    CHECKS.same("waits: still", whys(waits)[-1], "-paused: waiting for a third party, still")


def compare(simulated, rows):
    """rows: the clocks of a stack that ran the new policy, "breached clock" a line."""
    sim = json.load(open(simulated))
    after = sim["totals"]["after"]
    have = {name: n for name, n in after["breaches"].items() if n and name != "total"}
    want = {}
    priorities = {}
    for line in open(rows):
        what, name, n = line.split()
        {"breach": want, "priority": priorities}.setdefault(what, {})[name] = int(n)
    CHECKS.same("breaches by clock", have, want)
    CHECKS.same("priorities", {p: n for p, n in after["priorities"].items() if n}, priorities)
    CHECKS.same("something differs", sim["totals"]["difference"]["breaches"]["total"] > 0, True)
    CHECKS.same("the installation's policies give what was recorded", sim["parity"]["equal"], sim["cases"])
    groups = sum(g["after"]["breaches"]["total"] for g in sim["groups"])
    CHECKS.same("groups add up", groups, after["breaches"]["total"])


def tighten(source, target):
    with open(source) as file:
        policy = json.load(file)
    policy["version"] = "tight"
    for rules in policy["policies"]:
        clocks = rules["clocks"]
        clocks["resolution"]["target"] = {"business_days": 2, "until": "end_of_day"}
        clocks["first_response"]["target"] = {"business_minutes": 60}
    with open(target, "w") as file:
        json.dump(policy, file)


def main():
    what, *args = sys.argv[1:]
    if what == "events":
        for n, step in enumerate(sorted(STEPS)):
            print(json.dumps(event(n, *step), ensure_ascii=False))
        return 0
    if what == "tighten":
        tighten(*args)
        return 0
    {"explain": check_explain, "lives": check_lives, "compare": compare}[what](*args)
    print(f"        {what}: {CHECKS.done} checks, {CHECKS.failed} failed")
    return CHECKS.failed > 0


if __name__ == "__main__":
    sys.exit(main())
