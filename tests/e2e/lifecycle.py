"""The lifecycle, cell for cell, and naming, timeline, promises, ratings, double deviation
(design, "Lifecycle", "Naming a complaint later", "Timeline")."""
from datetime import timedelta

from stack import T0, after, bi, iso

STATES = ("open", "proposed", "resolved", "closed", "rejected", "withdrawn", "external")
# design.md: -> state, "." stays, "x" refused; columns as STATES.
TABLE = """
message         . . . . . . .
submitted       . . . . . . .
reach           . . . . . . .
corrected       . . . . . . .
rated           . . . . . . .
acknowledged    . . x x x x .
responded       . . . . . x .
assigned        . . . x x x .
transferred     . . . x x x .
waiting         waiting_customer waiting_customer x x x x x
resumed         x x x x x x open
promised        . . . x x x .
extended        . . . x x x .
promise_kept    . . . . . . .
unknown_kept    x x x x x x x
remedy_offered  proposed . x x x x x
remedy_accepted x . x x x x x
remedy_refused  x open x x x x x
resolved        resolved resolved x x x x resolved
rejected        rejected rejected x x x x rejected
closed          x x closed x closed x x
withdrawn       withdrawn withdrawn withdrawn x x x withdrawn
merged          merged merged x x x x merged
referred        external external external external external x .
reopened        x x open open open open x
"""
DATA = {
    "message": {"text": "Where is it?"}, "reach": {"views": 5}, "corrected": {"severity": 2},
    "rated": {"score": 3}, "assigned": {"team": "banking"}, "transferred": {"team": "banking"},
    "waiting": {"for": "customer"}, "promise_kept": {"promise_id": "p1"},
    "unknown_kept": {"promise_id": "p9"}, "remedy_offered": {"remedy": "refund"},
    "promised": {"promise_id": "p2", "due_at": "2026-06-01T00:00:00Z"},
    "extended": {"clock": "resolution", "until": "2026-06-01T00:00:00Z", "reason": "r", "approver": "a"},
    "referred": {"to": "ombudsman"}, "submitted": {"channel": "web", "text": "Again, other words."},
}
WAY = {"open": [], "waiting_customer": [("waiting", {"for": "customer"})],
       "waiting_third_party": [("waiting", {"for": "third_party"})],
       "proposed": ["remedy_offered"], "resolved": ["resolved"], "closed": ["resolved", "closed"],
       "rejected": ["rejected"], "withdrawn": ["withdrawn"], "external": ["referred"]}


def cells():
    """(state, type, wanted) with the waiting states, which count as open unless said."""
    for line in TABLE.split("\n"):
        if not line:
            continue
        kind, *row = line.split()
        for state, want in zip(STATES, row):
            yield state, kind, want
        for state in ("waiting_customer", "waiting_third_party"):
            want = row[0]
            if kind == "resumed":
                want = "open"
            if kind in ("message", "submitted") and state == "waiting_customer":
                want = "open"
            if kind == "waiting" and state == "waiting_customer":
                want = "."
            yield state, kind, want


class Life:
    def __init__(self, feed):
        self.feed = feed
        self.cells = list(cells())

    def step(self, ref, customer, number, kind, data=None, base=T0):
        kind = {"unknown_kept": "promise_kept"}.get(kind, kind)
        body = {"customer": {"id": customer}}
        body.update(DATA.get(kind, {}) if data is None else data)
        return self.feed.event(base + timedelta(seconds=number), f"complaint.{kind}", ref, body)

    def publish(self):
        feed = self.feed
        for state, kind, _ in self.cells:
            ref = f"L-{state}-{kind}"
            feed.submit(T0, ref, ref)
            if kind == "merged":
                feed.submit(T0, f"{ref}-target", ref)
            number = 1
            self.step(ref, ref, number, "promised", {"promise_id": "p1", "due_at": "2026-06-01T00:00:00Z"})
            for step in WAY[state]:
                number += 1
                kind_of, data = step if isinstance(step, tuple) else (step, None)
                self.step(ref, ref, number, kind_of, data)
            if kind != "merged":  # that needs the target's id: a later phase
                self.step(ref, ref, number + 1, kind, DATA.get(kind, {}))
        self.stories()

    def stories(self):
        feed = self.feed
        # accepted once, refused, offered anew
        feed.submit(T0, "S-offer", "S-offer")
        for i, kind in enumerate(("remedy_offered", "remedy_accepted", "remedy_accepted",
                                  "remedy_refused", "remedy_refused", "remedy_offered",
                                  "remedy_accepted", "resolved", "closed")):
            self.step("S-offer", "S-offer", i + 1, kind)
        # duplicates: the same (source, id); a submission again with old and with new text
        first = feed.submit(T0, "S-dup", "S-dup")
        for seconds in (1, 2):
            feed.waiting.append((T0 + timedelta(seconds=seconds), feed.made, first))
        same = dict(first["data"])
        feed.event(T0 + timedelta(seconds=3), "complaint.submitted", "S-dup", same)
        feed.event(T0 + timedelta(seconds=4), "complaint.submitted", "S-dup", {**same, "text": "New words."})
        feed.event(T0 + timedelta(seconds=5), "complaint.submitted", "S-dup", {**same, "customer": {"id": "S-dup-2"}})
        # later events by ref alone, by id of a submission without customer, by another source
        feed.submit(T0, "S-alone")
        feed.event(T0 + timedelta(seconds=1), "complaint.acknowledged", "S-alone")
        feed.event(T0 + timedelta(seconds=2), "complaint.message", "S-alone",
                   {"text": "From the app.", "complaint_source": "e2e"}, source="app")
        # the wrong first identifier finds nothing: parked
        feed.submit(T0, "S-mail", {"email": "Ann@Example.com", "phone": "+14155550123"})
        feed.event(T0 + timedelta(seconds=1), "complaint.message", "S-mail",
                   {"text": "me", "customer": {"email": "ann@example.com"}})
        feed.event(T0 + timedelta(seconds=2), "complaint.message", "S-mail",
                   {"text": "me", "customer": {"phone": "+14155550123"}})
        # parked until its complaint comes
        self.step("S-early", "S-early", 1, "acknowledged")
        feed.submit(T0 + timedelta(seconds=5), "S-early", "S-early")
        # failed recoveries, each sign alone
        for name, steps in self.failures().items():
            feed.submit(T0, f"F-{name}", f"F-{name}")
            for hours, kind, data in steps:
                self.step(f"F-{name}", f"F-{name}", hours * 3600, kind, data)
        # late reopening
        feed.submit(T0, "S-late", "S-late")
        self.step("S-late", "S-late", 60, "resolved")
        self.step("S-late", "S-late", 60 + 31 * 86400, "reopened", {"reason": "again"})
        self.step("S-late", "S-late", 120 + 31 * 86400, "message", {"text": "It broke again."})
        feed.submit(T0, "S-intime", "S-intime")
        self.step("S-intime", "S-intime", 60, "resolved")
        self.step("S-intime", "S-intime", 60 + 30 * 86400 - 1, "reopened", {"reason": "again"})

    def failures(self):
        refused = [(1, "remedy_offered", None), (2, "remedy_refused", {"reason": "too little"})]
        promise = {"promise_id": "q", "promise": "By tomorrow.", "due_at": iso(after(10))}
        return {
            "none": [(1, "responded", {"text": "We look."})],
            "refused": refused,
            "refused-twice": refused + [(3, "remedy_offered", None), (4, "remedy_refused", None)],
            "reopened": [(1, "resolved", None), (2, "reopened", {"reason": "no"})],
            "broken": [(1, "promised", promise)],
            "kept": [(1, "promised", promise), (9, "promise_kept", {"promise_id": "q"})],
            "kept-at-due": [(1, "promised", promise), (10, "promise_kept", {"promise_id": "q"})],
            "rated-2": [(1, "resolved", None), (2, "rated", {"score": 2})],
            "rated-3": [(1, "resolved", None), (2, "rated", {"score": 3})],
            "rated-early": [(1, "responded", {"text": "We look."}), (2, "rated", {"score": 1})],
            "bounced": [(1, "transferred", {"team": "a"}), (2, "transferred", {"team": "b"})],
            "answered": [(1, "transferred", {"team": "a"}), (2, "responded", {"text": "Hello."}),
                         (3, "transferred", {"team": "b"})],
            "silent": [(73, "message", {"text": "Is anybody there?"})],
            "asked-soon": [(71, "message", {"text": "Any news?"}), (71.5, "responded", {"text": "Soon."})],
        }

    def later(self):
        """What needs the ids that the pipeline gave."""
        ids = {row["complaint_ref"]: row["complaint_id"] for row in
               bi("SELECT complaint_ref, complaint_id FROM bi.complaints WHERE source = 'e2e'")}
        at = after(24 * 40)
        for state, kind, _ in self.cells:
            if kind == "merged":
                ref = f"L-{state}-{kind}"
                self.step(ref, ref, 0, "merged", {"into": ids.get(f"{ref}-target", "")}, base=at)
                self.step(ref, ref, 1, "message", {"text": "After the merge."}, base=at)
        for name, into in (("itself", ids["S-dup"]), ("another's", ids["S-offer"]),
                           ("unknown", "00000000-0000-8000-8000-000000000000")):
            self.step("S-dup", "S-dup", 2, "merged", {"into": into}, base=at)
        # complaint_id beats customer
        self.feed.event(at, "complaint.message", None, {
            "complaint_id": ids["S-alone"], "customer": {"id": "S-dup"}, "text": "By id."})
        self.ids = ids

    def check(self, r):
        lines = {}
        for row in bi("SELECT t.*, c.complaint_ref FROM bi.timeline t JOIN bi.complaints c USING (complaint_id)"
                      " WHERE c.source = 'e2e' AND seq IS NOT NULL ORDER BY complaint_id, seq"):
            lines.setdefault(row["complaint_ref"], []).append(row)
        cases = {row["complaint_ref"]: row for row in bi("SELECT * FROM bi.complaints WHERE source = 'e2e'")}
        for state, kind, want in self.cells:
            ref = f"L-{state}-{kind}"
            rows = lines.get(ref, [])
            name = f"lifecycle: {kind} on {state}"
            r.check(f"{name}: seq without gaps", [row["seq"] for row in rows], list(range(1, len(rows) + 1)))
            at = 2 + len(WAY[state])
            if len(rows) <= at:
                r.true(name, False, f"only {len(rows)} rows")
                continue
            row = rows[at]
            said = {"unknown_kept": "promise_kept", "submitted": "message"}.get(kind, kind)
            if want == "x":
                r.check(name, (row["type"], row["detail"].get("refused_type")),
                        ("complaint.step_refused", f"complaint.{said}"))
                r.true(f"{name}: says why", row["detail"].get("reason"))
            else:
                r.check(name, row["type"], f"complaint.{said}")
            end = state if want in ".x" else want
            if kind == "merged" and want == "x" and state == "waiting_customer":
                end = "open"
            r.check(f"{name}: state after", row["detail"].get("state"), end)
            r.check(f"{name}: register's", row["stage"], "register")
            if kind == "merged" and want == "merged":
                target = [x["type"] for x in lines.get(f"{ref}-target", [])]
                r.check(f"{name}: goes on at the target", target, ["complaint.submitted", "complaint.message"])
        types = lambda ref: [row["type"].split(".")[1] for row in lines.get(ref, [])]  # noqa: E731
        r.check("an offer: twice accepted, refused", types("S-offer"), [
            "submitted", "remedy_offered", "remedy_accepted", "step_refused", "remedy_refused",
            "step_refused", "remedy_offered", "remedy_accepted", "resolved", "closed"])
        r.check("an offer: state", cases["S-offer"]["state"], "closed")
        r.check("an offer: failed recoveries", cases["S-offer"]["failed_recoveries"], 1)
        both = [row["type"] for row in bi("SELECT type FROM bi.timeline t JOIN bi.complaints c USING (complaint_id)"
                                          " WHERE complaint_ref = 'S-dup' AND seq IS NOT NULL ORDER BY seq, type")]
        r.check("duplicates and another customer's", sorted(both), sorted(
            ["complaint.submitted"] * 2 + ["complaint.message"] + ["complaint.step_refused"] * 3))
        r.check("by ref alone, by id, by complaint_source", types("S-alone"),
                ["submitted", "acknowledged", "message", "message"])
        r.check("by the first identifier", types("S-mail"), ["submitted", "message"])
        r.check("parked until it came", types("S-early"), ["submitted", "acknowledged"])
        r.check("reopened in time", (types("S-intime"), cases["S-intime"]["state"]),
                (["submitted", "resolved", "reopened"], "open"))
        r.check("reopened late: the old case", (types("S-late"), cases["S-late"]["state"]),
                (["submitted", "resolved"], "resolved"))
        new = cases.get("S-late#2", {})
        r.check("reopened late: the new case", (types("S-late#2"), new.get("state"),
                                                new.get("previous_complaint_id")),
                (["reopened", "message"], "open", cases["S-late"]["complaint_id"]))
        failed = {"none": (0, False), "refused": (1, True), "refused-twice": (2, True), "reopened": (1, True),
                  "broken": (1, True), "kept": (0, False), "kept-at-due": (0, False), "rated-2": (1, True),
                  "rated-3": (0, False), "rated-early": (0, False), "bounced": (0, True),
                  "answered": (0, False), "silent": (0, True), "asked-soon": (0, False)}
        for name, want in failed.items():
            case = cases[f"F-{name}"]
            r.check(f"failed recoveries, double deviation: {name}",
                    (case["failed_recoveries"], case["double_deviation"]), want)
        for row in bi("SELECT seq, cause, stage, type FROM bi.timeline WHERE seq IS NULL AND stage <> 'register'"
                      " AND cause IS NULL LIMIT 5"):
            r.true(f"timeline: {row['type']} of {row['stage']} names its cause", False)
        dead = bi("SELECT reason, count(*) AS n FROM bi.dead_letters WHERE reason = 'unknown_complaint' GROUP BY 1")
        r.check("what stayed parked became unknown_complaint", dead and dead[0]["n"] >= 1, True)
