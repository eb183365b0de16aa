#!/usr/bin/env python3
"""show.py - `redress show` over a rich case: its story in words, key lines compared.
Alone on a running, empty stack under the event clock: . RUN/env; python3 tests/e2e/show.py"""
import json
import re
import sys

from stack import Feed, Results, advance, after, bi, redress, settle

REF = "SHOW-1"
WHO = {"id": "show-1", "name": "Ann Lee", "tier": "gold", "email": "ann@example.com"}
ME = {"id": "show-1"}


def publish(feed):
    """A kettle, a regulator, two transfers, a broken promise, an insulting offer, an appeal."""
    def at(hours, kind, data=None, ref=REF):
        feed.event(after(hours), f"complaint.{kind}", ref, {"customer": ME, **(data or {})})

    feed.submit(after(0), REF, WHO, product="appliances", brand="Acme", channel="regulator",
                text="My name is Ann Lee. The kettle arrived broken, write to ann@example.com.",
                regulator={"name": "FCA", "case_ref": "F-77"}, desired_remedy="refund")
    feed.submit(after(0.5), "SHOW-0", ME, text="The lid of the kettle is missing, too.")
    at(1, "acknowledged", {"automatic": True})
    at(2, "assigned", {"team": "returns", "owner": "kim"})
    at(3, "closed")
    at(4, "transferred", {"team": "electronics", "reason": "not returns"})
    at(5, "transferred", {"team": "returns", "reason": "not electronics, ask bob@example.com"})
    at(6, "promised", {"promise_id": "p1", "promise": "The refund comes on Wednesday.", "due_at": "2026-03-04T17:00:00Z"})
    at(7, "promised", {"promise_id": "p2", "promise": "A call on Friday.", "due_at": "2026-03-06T17:00:00Z"})
    at(80, "message", {"text": "Still nothing. Unacceptable! I call you every day."})
    at(90, "promise_kept", {"promise_id": "p2"})
    at(100, "remedy_offered", {"remedy": "voucher", "amount": 5, "currency": "GBP"})
    at(101, "remedy_refused", {"reason": "Five pounds? An insult."})
    at(102, "waiting", {"for": "third_party", "reason": "the carrier's report"})
    at(120, "resumed")
    at(121, "corrected", {"kind": "inquiry"})
    at(122, "corrected", {"kind": "complaint", "severity": 4})
    at(123, "extended", {"clock": "resolution", "until": "2026-03-12T17:00:00Z", "reason": "expert's opinion",
                         "approver": "head of returns"})
    at(200, "rejected", {"reason": "The kettle was dropped by the customer."})
    at(230, "reopened", {"reason": "I appeal: it was broken in the box."})
    at(240, "reach", {"views": 250000, "shares": 900})
    at(260, "resolved", {"cause": "packing", "remedy": "refund", "amount": 49.9, "currency": "GBP"})
    at(270, "rated", {"score": 2, "comment": "At last."})
    at(280, "closed")


def merge(feed, ids):
    feed.event(after(300), "complaint.merged", "SHOW-0", {"customer": ME, "into": ids[REF]})


def ids():
    return {row["complaint_ref"]: row["complaint_id"] for row in
            bi("SELECT complaint_ref, complaint_id FROM bi.complaints WHERE complaint_ref LIKE 'SHOW-%'")}


# In this order; a line of the terminal may be broken between two words.
LINES = """
SHOW-1 of e2e: complaint about appliances
severity 4, by regulator through FCA
closed; P1 (immediate); owner
DOUBLE DEVIATION, a best customer
they wrote "My name is [name]. The kettle arrived broken, write to [e-mail]."
Classified as
kind complaint: upstream said so; the model says so, too,
confirmed by a person
severity 2: the default
corrected by a person to 4
Why P1 (immediate): score
severity 4 of 5 (38 points); the handling failed, too (evidence: 7)
failed recoveries
an authority is involved
2026-03-02 09:00 P2 (urgent): as submitted
P2 → P1 (immediate):
The handling failed, too (double deviation)
2026-03-02 14:00 passed from desk to desk without an answer - transferred
2026-03-04 17:00 a promise was not kept at its time - promised
2026-03-06 14:00 the customer refused what we offered - remedy refused
2026-03-11 23:00 the customer had to reopen the complaint - reopened
2026-03-13 15:00 rated 2 or less after the resolution - rated
advice sincere apology
checklist [ ] Acknowledge both failures
2026-03-06 13:00 offered voucher 5 GBP
2026-03-06 14:00 refused: "Five pounds? An insult."
2026-03-13 05:00 given refund 49.9 GBP
first response due
resolution due 2026-03-06 00:00 MET LATE 2026-03-10 17:00, 4 d 17 h late [uk_fca
statutory due 2026-04-27 23:00 met 2026-03-10 17:00
promise p1 due 2026-03-04 17:00 BREACHED, not met
recovery window #3 due 2026-04-11 01:00
p1, given 2026-03-02 15:00 for 2026-03-04 17:00: "The refund comes on Wednesday." - BROKEN
p2, given 2026-03-02 16:00 for 2026-03-06 17:00: "A call on Friday." - kept
Escalations
escalates to
2026-03-02 11:00 kim of team returns, for 2 h
transfers so far: 2
to win back
2026-04-11 01:00
took in SHOW-0 (
#1 2026-03-02 09:00 customer: complains by regulator, through FCA; about appliances
#2 2026-03-02 10:00 machine: acknowledges the complaint (automatic notice)
#4 2026-03-02 12:00 returns: "closed" is refused: only a resolved or rejected complaint can be closed
#6 2026-03-02 14:00 electronics: hands it over to team returns: "not electronics, ask [e-mail]"
clock: first response is BREACHED; it was due
#12 2026-03-06 14:00 customer: refuses what was offered: "Five pounds? An insult." (proposed → open)
#15 2026-03-07 10:00 returns: corrects kind to inquiry
#18 2026-03-10 17:00 returns: rejects it: "The kettle was dropped by the customer."; the customer may appeal until 2026-04-09 17:00 (open → rejected)
#19 2026-03-11 23:00 customer: appeals against the rejection: "I appeal: it was broken in the box." (rejected → open)
#21 2026-03-13 05:00 returns: resolves it by refund, 49.9 GBP; cause: packing (open → resolved)
#23 2026-03-14 01:00 returns: closes it (resolved → closed)
""".strip().split("\n")
SECRET = ["Ann", "ann@example.com", "bob@example.com", "F-77", "I call you every day"]
KEYS = ["as_of", "event_clock", "headline", "complaint", "classification", "priority", "double_deviation", "remedy", "promises",
        "clocks", "escalations", "owners", "notices", "appeal", "recovery", "links", "timeline"]


def wide(text):
    return len(text) + sum(1 for c in text if "\u2e80" <= c <= "\ua4cf" or "\uff00" <= c <= "\uff60")


def check(r):
    shown = ids()
    status, out, said = redress("show", shown[REF])
    text = out.decode()
    flat = " ".join(re.sub(r"\s+", " ", text).split(" "))
    r.check("show: exit", (status, said), (0, b""))
    at = 0
    for line in LINES:
        found = flat.find(line, at)
        r.true(f"show: {line}", found >= 0, "missing" if line not in flat else "in another place")
        at = max(at, found)
    for secret in SECRET:
        r.true(f"show: keeps {secret} to itself", secret not in text)
    r.check("show: fits 100 columns", [x for x in text.split("\n") if wide(x) > 100], [])
    r.true("show: no colour where nobody looks", "\x1b" not in text)
    status, out, _ = redress("show", shown[REF], "--json")
    story = json.loads(out)
    r.check("show --json: keys", list(story), KEYS)
    for secret in SECRET:
        r.true(f"show --json: keeps {secret} to itself", secret not in out.decode())
    r.check("show --json: the timeline's numbers", [row["seq"] for row in story["timeline"] if row["seq"]],
            list(range(1, story["complaint"]["last_seq"] + 1)))
    r.check("show --json: the last change of priority", story["priority"]["changes"][-1]["after"],
            story["complaint"]["priority"])
    r.check("show --json: the appeal was used", story["appeal"], None)
    r.check("show --json: who", {row["who"] for row in story["timeline"]} >= {
        "customer", "machine", "public", "clock", "triage", "returns"}, True)
    r.check("show --json: clocks as in bi", len(story["clocks"]), len(bi(
        f"SELECT 1 FROM bi.sla_clocks WHERE complaint_id = '{shown[REF]}'")))
    merged = json.loads(redress("show", shown["SHOW-0"], "--json")[1])
    r.check("show --json: where it went", [(x["link"], x["complaint_ref"]) for x in merged["links"]],
            [("merged_into", REF)])
    status, out, said = redress("show", "00000000-0000-8000-8000-000000000000")
    r.check("show: unknown", (status, out, said.count(b"\n")), (1, b"", 1))
    r.check("show: no id", redress("show", "nonsense")[0], 2)
    r.true("show --help: documents the keys", b"left_seconds" in redress("show", "--help")[1])


if __name__ == "__main__":
    results = Results()
    if not ids():
        events = Feed()
        publish(events)
        events.publish()
        settle()
        merge(events, ids())
        events.publish()
        advance(after(320))
    check(results)
    print(f"{results.passed} passed, {len(results.failed)} failed")
    sys.exit(1 if results.failed else 0)
