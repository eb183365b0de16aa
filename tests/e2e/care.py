"""A case handled well, as a complaints officer expects it: warnings, breaches, rungs, what starts and ends
clocks, evidence and changes of priority, remedy advice, notices.  The hours are those of MINE below."""
import json
import pathlib
from datetime import timedelta

from stack import bi, iso, kcat_read, settle, when


def hours(n, **more):
    return {"target": {"hours": n}, **more}


MINE = {"name": "mine", "match": {"brand": "mine"}, "calendar": "default", "clocks": {
    "acknowledge": hours(10, warn=[50]), "first_response": hours(20, warn=[25, 50], ladder="mine"),
    "next_response": hours(20, max_pause={"hours": 24}), "update": hours(40),
    "resolution": hours(100, warn=[50, 80], ladder="mine", extension={"times": 1, "by": {"hours": 50}}),
    "statutory": hours(1000, ladder="mine"), "promise": {"warn": [50], "ladder": "mine"}, "owner": hours(60),
    "follow_up": hours(48), "recovery_window": hours(672, warn=[25, 50, 75])}}
LADDER = [{"after": {"hours": 0}, "level": 1, "to": "team_lead"},
          {"after": {"hours": 10}, "level": 2, "to": "head_of_complaints"},
          {"after": {"hours": 30}, "level": 3, "to": "executive"}]


def policy(folder):
    path = pathlib.Path(folder) / "sla.json"
    sla = json.loads(path.read_text())
    sla["ladders"]["mine"] = LADDER
    sla["policies"].insert(0, MINE)
    path.write_text(json.dumps(sla, indent=1))


def promise(pid, at):
    return "promised", {"promise_id": pid, "promise": f"A call about {pid}.", "due_at": at}


REFUSE = [(1, "remedy_offered", {"remedy": "voucher", "amount": 5, "currency": "EUR"}),
          (2, "remedy_refused", {"reason": "An insult."})]
# name: (data of the submission, steps (hours, type, data)); a number as due_at is in hours.
CASES = {
    "left": ({}, []),
    "answered": ({}, [(3, "acknowledged", {}), (4, "responded", {"text": "a"})]),
    "done": ({}, [(3, "responded", {"text": "a"}), (4, "resolved", {"cause": "c", "remedy": "refund"}),
                  (5, "closed", {}), (6, "rated", {"score": 5})]),
    "appeal": ({}, [(3, "rejected", {"reason": "no proof"}), (4, "closed", {}), (10, "reopened", {"reason": "I have it."})]),
    "closed twice": ({}, [(3, "resolved", {}), (4, "closed", {}), (5, "reopened", {"reason": "r"}), (6, "resolved", {}), (7, "closed", {})]),
    "rated after the window": ({}, [(3, "resolved", {}), (4, "closed", {}), (700, "rated", {"score": 1})]),
    "late corrected": ({}, [(30, "message", {"text": "Hello?"}), (19.99, "responded", {"text": "In time, sent late."})]),
    "paused out": ({}, [(1, "responded", {"text": "a"}), (2, "message", {"text": "b"}), (5, "waiting", {"for": "third_party", "reason": "expert"})]),
    "extended": ({}, [(1, "extended", {"clock": "resolution", "until": 130, "reason": "expert", "approver": "boss"}),
                      (2, "extended", {"clock": "resolution", "until": 140, "reason": "again", "approver": "boss"})]),
    "extended too far": ({}, [(1, "extended", {"clock": "resolution", "until": 151, "reason": "x", "approver": "boss"})]),
    "extended backwards": ({}, [(1, "extended", {"clock": "resolution", "until": 90, "reason": "x", "approver": "boss"})]),
    "no such clock": ({}, [(1, "extended", {"clock": "statutory", "until": 90, "reason": "x", "approver": "boss"})]),
    "promise": ({}, [(1, *promise("p", 21)), (1.5, *promise("q", 31)), (30, "promise_kept", {"promise_id": "q"})]),
    "promised past": ({}, [(5, *promise("p", 4))]),
    "asks": ({"kind": "inquiry"}, [(30, "message", {"text": "Anybody?"})]),
    "asks a regulator": ({"kind": "inquiry", "channel": "regulator", "regulator": {"name": "FCA", "received_at": -24}}, []),
    "suggests": ({"kind": "suggestion"}, [(3, "resolved", {}), (4, "closed", {})]),
    "praises": ({"kind": "praise"}, [(3, "resolved", {}), (4, "closed", {})]),
    "relabelled": ({}, [(3, "corrected", {"kind": "inquiry"})]),
    "zh": ({"text": "我的包裹一直没有到，客服没有人回复我。", "language": "zh"},
           [(3, "acknowledged", {}), (5, "rejected", {"reason": "没有证据"})]),
    # triage
    "plain": ({}, []),
    "safety": ({"text": "The charger caught fire and burned my hand."}, []),
    "vulnerable": ({"customer": {"vulnerable": True}}, []),
    "best": ({"customer": {"tier": "vip"}}, []),
    "best twice hurt": ({"customer": {"tier": "vip"}}, REFUSE),
    "occasional": ({"customer": {"tier": "new"}}, []),
    "refused twice": ({}, REFUSE + [(3, "remedy_offered", {"remedy": "voucher"}), (4, "remedy_refused", {})]),
    "bounced": ({}, [(1, "transferred", {"team": "banking"}), (2, "transferred", {"team": "retail"})]),
    "bounced answered": ({}, [(1, "transferred", {"team": "banking"}), (1.5, "responded", {"text": "a"}), (2, "transferred", {"team": "retail"})]),
    "silent": ({}, [(72, "message", {"text": "Still there?"})]),
    "silent twice": ({}, [(50, "message", {"text": "Still there?"}), (73, "message", {"text": "Hello, still there?"})]),
    "silent not": ({}, [(71.9, "message", {"text": "Still there?"})]),
    "silent answered": ({}, [(10, "responded", {"text": "a"}), (75, "message", {"text": "Thanks, but?"})]),
    "rated 2": ({}, [(3, "resolved", {}), (4, "rated", {"score": 2})]),
    "rated before": ({}, [(4, "rated", {"score": 1})]),
    "rated twice": ({}, [(3, "resolved", {}), (4, "rated", {"score": 2}), (5, "rated", {"score": 1})]),
    "broken": ({}, [(1, *promise("p", 21))]),
    "kept": ({}, [(1, *promise("p", 21)), (21, "promise_kept", {"promise_id": "p"})]),
    "reopened": ({}, [(3, "resolved", {}), (4, "reopened", {"reason": "r"})]),
    "public": ({"channel": "social", "public_url": "https://example.com/1", "reach": {"views": 500000, "shares": 3000, "replies": 900}}, []),
    "goes viral": ({"channel": "social"}, [(1, "reach", {"views": 1000}), (5, "reach", {"views": 8000}), (9, "reach", {"views": 900000, "shares": 20000})]),
    "media": ({"channel": "media"}, []),
    "withdrawn": ({}, [(3, "withdrawn", {})]),
    "thanks later": ({}, [(3, "resolved", {}), (4, "closed", {}), (9, "message", {"text": "Thank you, all is well now."})]),
    "angry later": ({}, [(3, "resolved", {}), (4, "closed", {}), (9, "message", {"text": "This is unacceptable, still broken, terrible!"})]),
    "order 1": ({"customer": {"id": "care-order"}, "order_ref": "O-1"}, []),
    "order 2": ({"customer": {"id": "care-order"}, "order_ref": "O-1", "shift": 50}, []),
    "safety and best": ({"customer": {"tier": "vip"}, "text": "The heater exploded and my child is injured."}, []),
    "relabelled back": ({}, [(3, "corrected", {"kind": "inquiry"}), (50, "corrected", {"kind": "complaint"})]),
    "regulator relabelled": ({"channel": "regulator", "regulator": {"name": "fca", "received_at": -24}},
                             [(3, "corrected", {"kind": "inquiry"})]),
    "nhs done": ({"channel": "regulator", "regulator": {"name": "nhs"}}, [(3, "resolved", {}), (4, "closed", {})]),
    "messages reset nothing": ({}, [(21, "message", {"text": "one"}), (25, "message", {"text": "two"}), (29, "message", {"text": "three"})]),
    "rejected message": ({}, [(3, "rejected", {"reason": "r"}), (10, "message", {"text": "But look."})]),
    "speaks again": ({}, [(1, "waiting", {"for": "customer"}), (30, "message", {"text": "Here it is."})]),
    "best by value": ({"customer": {"lifetime_value": 20000}}, []),
    "best by years": ({"customer": {"since": "2010-01-01"}}, []),
    "safety asked": ({"kind": "inquiry", "text": "Is it normal that the charger caught fire and burned my hand?"}, []),
    "handed on": ({}, [(n, "transferred", {"team": ("banking", "retail")[n % 2]}) for n in range(1, 7)]),
    "merged away": ({"customer": {"id": "care-merge"}, "channel": "regulator", "regulator": {"name": "FCA", "received_at": -24}},
                    [(1, *promise("m", 21)), (2, *promise("n", 31))]),
    "merged into": ({"customer": {"id": "care-merge"}}, []),
    "kept, known late": ({}, [(1, *promise("p", 21)), (40, "message", {"text": "And?"}), (20.5, "promise_kept", {"promise_id": "p"})]),
    "extended after the breach": ({}, [(110, "extended", {"clock": "resolution", "until": 140, "reason": "x", "approver": "boss"}),
                                       (130, "resolved", {})]),
    "long at the regulator": ({"channel": "regulator", "regulator": {"name": "FCA", "received_at": -24 * 70}}, []),
    "samr before": ({"channel": "regulator", "regulator": {"name": "samr"}, "shift": 1039 - 1 / 3600}, []),
    "samr since": ({"channel": "regulator", "regulator": {"name": "samr"}, "shift": 1039}, []),
    "product 1": ({"customer": {"id": "care-product"}, "product": "mortgage"}, [(1, "resolved", {}), (2, "closed", {})]),
    "product 2": ({"customer": {"id": "care-product"}, "product": "mortgage", "shift": 240}, []),
    "nobody": ({"customer": None}, []),
    "promised anew": ({}, [(1, *promise("p", 20)), (10, *promise("p", 40)), (35, "promise_kept", {"promise_id": "p"})]),
    "waits for one, then another": ({}, [(1, "responded", {"text": "a"}), (10, "waiting", {"for": "customer", "reason": "r"}),
                                         (20, "waiting", {"for": "third_party", "reason": "r"}), (35, "resumed", {})]),
    "elsewhere": ({}, [(1, "referred", {"to": "ombudsman", "case_ref": "O1"}), (50, "resumed", {}), (60, "resolved", {})]),
    "same owner": ({}, [(1, "assigned", {"team": "banking", "owner": "zoe"}), (2, "assigned", {"team": "banking", "owner": "zoe"}),
                        (9, "resolved", {})]),
    "at the last hour": ({}, [(1, "resolved", {}), (721, "reopened", {"reason": "r"})]),
    "too late": ({}, [(1, "resolved", {}), (2, "closed", {}), (722 + 1 / 3600, "reopened", {"reason": "r"})]),
    "refused steps": ({}, [(1, "closed", {}), (2, "remedy_accepted", {}), (3, "resumed", {})]),
}


# What must come of it.  name: [line]; hours from the submission of the case.
#   "clock NAME[ N] STATUS DUE [MET]", "column=value" of bi.complaints, "note TYPE HOUR" (the only ones of
#   that TYPE), "event TYPE HOUR [what its detail says]", "no TYPE", "rows TYPE N", "evidence KIND ...".
WANT = {
    "left": ["clock acknowledge breached 10", "clock first_response breached 20", "clock update breached 40",
             "clock resolution breached 100", "clock statutory breached 1000", "clock recovery_window breached 672",
             "rows sla.escalated 3", "event sla.escalated 20 level=1", "event sla.escalated 30 level=2",
             "event sla.escalated 50 level=3", "rows sla.warned 8", "event sla.warned 5 clock=acknowledge percent=50",
             "event sla.warned 5 clock=first_response percent=25", "event sla.warned 168 clock=recovery_window percent=25",
             "event sla.warned 504 clock=recovery_window percent=75", "event triage.silence 72", "rows triage.silence 1",
             "note acknowledgement 0", "note delay 20 100 1000", "note progress 40", "double_deviation=False",
             "event triage.changed 504 before=P3 after=P2", "event triage.changed 2016 before=P2 after=P1",
             "rows triage.changed 2", "escalation_level=3", "failed_recoveries=0"],
    "answered": ["clock acknowledge met 10 3", "clock first_response met 20 4", "clock update met 40 4",
                 "clock update 2 breached 44", "event sla.escalated 100 level=1", "rows sla.escalated 3", "no triage.silence"],
    "done": ["clock resolution met 100 4", "clock follow_up met 53 6", "clock recovery_window met 672 4",
             "clock recovery_window 2 met 677 677", "rows sla.breached 0", "note resolution 4", "note follow_up 5",
             "note acknowledgement 0", "no triage.changed", "event sla.warned 341 clock=recovery_window percent=50"],
    "appeal": ["clock first_response met 20 3", "clock resolution 2 breached 110", "clock follow_up cancelled 52",
               "clock recovery_window 2 breached 676", "note rejection 3", "note follow_up 4", "failed_recoveries=1",
               "evidence reopened", "event complaint.reopened 10 appeal=True", "event triage.changed 10 before=P3 after=P2"],
    "closed twice": ["clock resolution met 100 3", "clock resolution 2 met 105 6", "clock follow_up cancelled 52",
                     "clock follow_up 2 breached 55", "clock recovery_window 2 breached 676", "clock recovery_window 3 met 679 679",
                     "no sla.escalated", "note resolution 3 6", "note follow_up 4 7", "reopenings=1"],
    "rated after the window": ["clock recovery_window 2 met 676 676", "clock follow_up met_late 52 700", "failed_recoveries=1"],
    "late corrected": ["clock acknowledge met_late 10 19.99", "clock first_response met 20 19.99", "clock update met 40 19.99",
                       "event sla.breach_corrected 19.99 clock=first_response", "rows sla.breach_corrected 1",
                       "event sla.escalated 30 level=2", "event sla.escalated 130 level=3", "event triage.silence 102",
                       "clock next_response breached 50"],
    "paused out": ["clock next_response breached 46", "event sla.resumed 29 clock=next_response", "clock resolution paused 100",
                   "note progress 5 41", "note delay 46 1000"],
    "extended": ["clock resolution breached 130", "rows sla.extension_refused 1", "event sla.extension_refused 2 clock=resolution",
                 "event sla.warned 65 clock=resolution percent=50", "note delay 1 20 130 1000"],
    "extended too far": ["clock resolution breached 100", "rows sla.extension_refused 1", "note delay 20 100 1000"],
    "extended backwards": ["clock resolution breached 100", "rows sla.extension_refused 1"],
    "no such clock": ["clock statutory breached 1000", "rows sla.extension_refused 1"],
    "extended after the breach": ["clock resolution met_late 100 130", "rows sla.extension_refused 1", "no sla.breach_corrected"],
    "promise": ["clock promise breached 21", "clock promise 2 met 31 30", "failed_recoveries=1", "evidence broken_promise",
                "event triage.promise_broken 21", "event triage.changed 21 before=P3 after=P2", "note promise 1 1.5"],
    "kept, known late": ["clock promise met 21 20.5", "failed_recoveries=0", "evidence", "double_deviation=False",
                         "event sla.breach_corrected 20.5 clock=promise", "event triage.changed 20.5 before=P2 after=P3"],
    "promised past": ["clock promise breached 4", "failed_recoveries=1", "note promise", "note delay 20 100 1000"],
    "asks": ["clock acknowledge breached 10", "clock first_response breached 20", "no clock resolution", "no clock update",
             "no clock statutory", "no clock recovery_window", "no clock next_response", "remedy_advice=answer"],
    "asks a regulator": ["clock resolution breached 87 @uk_fca", "clock statutory breached 1334 @uk_fca"],
    "suggests": ["clock acknowledge breached 10", "no clock first_response", "no clock resolution", "no clock follow_up",
                 "note acknowledgement 0", "note resolution 3", "note follow_up"],
    "praises": ["no clock acknowledge", "no clock resolution", "no clock follow_up", "no assign.notified", "team=front-office", "priority=P4"],
    "relabelled": ["clock resolution cancelled 100", "clock recovery_window cancelled 672", "clock first_response breached 20",
                   "flags=kind_drift", "event triage.changed 3 before=P3 after=P4"],
    "relabelled back": ["clock resolution cancelled 100", "clock resolution 2 breached 100", "clock recovery_window 2 breached 672",
                        "event triage.changed 50 before=P4 after=P3"],
    "regulator relabelled": ["clock resolution breached 87 @uk_fca", "clock statutory breached 1334 @uk_fca",
                             "clock update cancelled 40", "flags=kind_drift"],
    "nhs done": ["clock acknowledge breached 87 @nhs_england", "no sla.escalated", "note delay"],
    "messages reset nothing": ["clock first_response breached 20", "no clock next_response", "event sla.escalated 30 level=2",
                               "event sla.escalated 50 level=3", "rows sla.escalated 3", "event triage.silence 72"],
    "rejected message": ["clock next_response breached 30", "state=rejected", "note rejection 3"],
    "speaks again": ["clock resolution breached 129", "clock update breached 69", "clock first_response breached 20"],
    "handed on": ["evidence transfers", "transfers=6", "clock owner 6 breached 66", "clock owner 5 met 65 6",
                  "event triage.changed 2 before=P3 after=P2", "note progress 1 2 3 4 40", "clock owner 7"],
    "merged away": ["clock promise cancelled 21", "clock statutory cancelled 1334 @uk_fca", "clock resolution cancelled 87 @uk_fca",
                    "clock first_response cancelled 20", "no sla.breached", "no sla.escalated", "state=merged"],
    "merged into": ["clock promise breached 21", "clock promise 2 breached 31", "clock statutory breached 1000",
                    "clock statutory 2 breached 1334 @uk_fca", "rows sla.taken_over 3", "failed_recoveries=2", "note delay 20 21 31 100 1000",
                    "event triage.promise_broken 21", "event triage.promise_broken 31", "rows sla.escalated 3"],
    "long at the regulator": ["clock statutory breached -321 @uk_fca", "event sla.escalated 0 level=2", "event sla.escalated 24 level=3",
                              "note delay 20 87", "note acknowledgement 0"],
    "samr before": ["clock first_response breached 216.0003 @cn_samr_20", "clock statutory breached 1560.0003 @cn_samr_20"],
    "samr since": ["clock first_response breached 240 @cn_samr_121", "clock statutory breached 1464 @cn_samr_121"],
    # triage
    "zh": ["language=zh", "note acknowledgement 0", "note rejection 5"],
    "safety": ["first priority=P1", "remedy_advice=stop_and_recall_check", "severity=5"],
    "safety asked": ["first priority=P1", "remedy_advice=stop_and_recall_check"],
    "safety and best": ["first priority=P1", "remedy_advice=stop_and_recall_check"],
    "plain": ["first priority=P3", "remedy_advice=explain_and_repair"],
    "vulnerable": ["first priority=P2"],
    "best": ["remedy_advice=sincere_apology", "betrayal=False"],
    "best by value": ["remedy_advice=sincere_apology"], "best by years": ["remedy_advice=sincere_apology"],
    "best twice hurt": ["event triage.changed 2 before=P3 after=P1", "betrayal=True", "remedy_advice=sincere_apology", "evidence refused_remedy"],
    "occasional": ["remedy_advice=compensation"],
    "refused twice": ["failed_recoveries=2", "evidence refused_remedy refused_remedy", "remedy_advice=escalate_to_authority",
                      "event triage.changed 2 before=P3 after=P2", "note waiting 1 3", "note progress 2 4 40"],
    "bounced": ["evidence transfers", "failed_recoveries=0", "event triage.changed 2 before=P3 after=P2"],
    "bounced answered": ["evidence", "double_deviation=False"],
    "silent": ["double_deviation=False"], "silent not": ["double_deviation=False"], "silent answered": ["double_deviation=False", "event triage.silence 147"],
    "silent twice": ["double_deviation=True", "evidence second_message"],
    "rated 2": ["failed_recoveries=1", "evidence low_rating", "event triage.changed 4 before=P3 after=P2"],
    "rated twice": ["failed_recoveries=2", "evidence low_rating low_rating"],
    "rated before": ["failed_recoveries=0", "evidence"],
    "broken": ["failed_recoveries=1", "evidence broken_promise"], "kept": ["failed_recoveries=0", "evidence", "clock promise met 21 21"],
    "reopened": ["failed_recoveries=1", "evidence reopened", "clock resolution 2 breached 104"],
    "public": ["first priority=P2"], "media": ["first priority=P2"],
    "goes viral": ["first priority=P3", "event triage.changed 5 before=P3 after=P2"],
    "withdrawn": ["priority=P4", "no sla.breached", "no triage.silence", "note acknowledgement 0", "note progress 3"],
    "thanks later": ["clock next_response breached 29", "reopen_advised=False", "state=closed"],
    "angry later": ["clock next_response breached 29", "reopen_advised=True", "remedy_advice=reopen", "state=closed"],
    "order 1": ["evidence"], "order 2": ["evidence repeat", "first priority=P2"],
    "product 1": ["evidence"], "product 2": ["evidence repeat", "first priority=P2"],
    "promised anew": ["clock promise 2 met 40 35", "failed_recoveries=0", "note promise 1", "note delay 10 20 100 1000", "no triage.promise_broken"],
    "waits for one, then another": ["clock resolution breached 125", "clock update 2 breached 51", "clock statutory breached 1000"],
    "elsewhere": ["clock resolution met 149 60", "clock update met_late 40 60", "clock first_response met_late 20 60", "state=resolved"],
    "same owner": ["clock owner met 61 9", "clock owner 2", "owner=zoe"],
    "at the last hour": ["state=open", "clock resolution 2 breached 821", "failed_recoveries=1", "evidence reopened"],
    "too late": ["state=closed", "reopenings=0", "failed_recoveries=0", "no clock next_response"],
    "too late#2": ["state=open", "clock resolution breached 822.0003", "note acknowledgement 722.0003", "evidence reopened"],
    "refused steps": ["note acknowledgement 0", "note resolution", "note progress 40", "rows complaint.step_refused 3"],
}
# Who is helped first: the scores that the last event of the case itself (not of time) left, falling.
ORDER = ["safety", "best twice hurt", "media", "public", "vulnerable", "best", "plain", "occasional", "withdrawn", "praises"]


class Care:
    def __init__(self, base):
        self.base = base

    def at(self, n):
        return self.base + timedelta(milliseconds=round(n * 3600000))

    def ref(self, name):
        return "K-" + name.replace(" ", "-")

    def submit(self, feed, name):
        ref, data = self.ref(name), dict(CASES[name][0])
        at = self.at(data.pop("shift", 0))
        more = data.pop("customer", {})
        who = None if more is None else {"id": ref, "name": "Kim", **more}
        if "received_at" in data.get("regulator", {}):
            data["regulator"] = {**data["regulator"], "received_at": iso(self.at(data["regulator"]["received_at"]))}
        # Not the name: "hurt" in it would be read as a customer's word.
        text = f"The parcel {list(CASES).index(name)} came late."
        feed.submit(at, ref, who, **{"brand": "mine", "product": "appliances", "language": "en", "text": text, **data})
        return who

    def publish(self, feed):
        for name, (data, steps) in CASES.items():
            if name == "merged into":
                continue
            who, shift, late = self.submit(feed, name), data.get("shift", 0), 0
            for n, kind, body in steps:
                body = {key: iso(self.at(value)) if key in ("due_at", "until") else value for key, value in body.items()}
                late = max(late, n)  # one inbound partition: what is told later comes later
                event = feed.event(self.at(late + shift), f"complaint.{kind}", self.ref(name),
                                   {"customer": {"id": who["id"]}, **body})
                event["time"] = iso(self.at(n + shift))
        feed.event(self.at(10), "complaint.merged", "K-merged-away",
                   {"customer": {"id": "care-merge"}, "into": self.target["complaint_id"]})

    def first(self, feed):
        """Ahead of all, for its id is needed: the target of the merge."""
        self.submit(feed, "merged into")
        feed.publish()
        settle()
        (self.target,) = bi("SELECT complaint_id FROM bi.complaints WHERE complaint_ref = 'K-merged-into'")

    def load(self):
        self.cases = {row["complaint_ref"]: row for row in bi(
            "SELECT * FROM bi.complaints WHERE complaint_ref LIKE 'K-%'")}
        self.clocks, self.lines, self.told = {}, {}, {}
        ids = {row["complaint_id"]: ref for ref, row in self.cases.items()}
        for row in bi("SELECT * FROM bi.sla_clocks ORDER BY start_no, promise_id"):
            if row["complaint_id"] in ids:
                self.clocks.setdefault(ids[row["complaint_id"]], []).append(row)
        for row in bi("SELECT * FROM bi.timeline ORDER BY occurred_at, seq NULLS LAST"):
            if row["complaint_id"] in ids:
                self.lines.setdefault(ids[row["complaint_id"]], []).append(row)
        for _, _, value in kcat_read("complaints.notifications"):
            event = json.loads(value)
            if event["data"].get("complaint_id") in ids:
                self.told.setdefault(ids[event["data"]["complaint_id"]], []).append(event)

    def hour(self, text):
        return None if text is None else round((when(text) - self.base).total_seconds() / 3600, 4)

    def check(self, r):
        self.load()
        for name, lines in WANT.items():
            ref = self.ref(name)
            if ref not in self.cases:
                r.true(f"care: {name} is there", False)
                continue
            for line in lines:
                self.line(r, f"care: {name}: {line}", ref, CASES.get(name, ({},))[0].get("shift", 0), line.split())
        score = {name: [x["detail"]["triage_score"] for x in self.lines[self.ref(name)] if "triage_score" in x["detail"]
                        and x["type"] in ("complaint.submitted", "triage.changed")
                        and self.hour(x["occurred_at"]) < 60][-1] for name in ORDER}
        r.check("care: who is helped first", sorted(ORDER, key=lambda name: -score[name]), ORDER)
        ids = [(event["source"], event["id"]) for told in self.told.values() for event in told]
        r.check("care: no notice twice", len(ids), len(set(ids)))
        for ref, told in self.told.items():
            seen = [(e["type"], e["data"].get("about"), e["data"]["cause"]) for e in told]
            r.check(f"care: {ref}: one notice an event", len(seen), len(set(seen)))
            for event in told:
                chinese = any("\u4e00" <= c <= "\u9fff" for c in event["data"]["title"] + event["data"]["text"])
                r.check(f"care: {ref}: language", chinese, ref == "K-zh")
                r.true(f"care: {ref}: no gap in the words", "{" not in event["data"]["text"])

    def line(self, r, label, ref, shift, words):
        kind, *rest = words
        hour = lambda text: None if text is None else round(self.hour(text) - shift, 4)  # noqa: E731
        if kind == "clock" or words[:2] == ["no", "clock"]:
            rows = [x for x in self.clocks.get(ref, []) if x["clock"] == rest[kind == "no"]]
            if kind == "no":
                return r.check(label, len(rows), 0)
            name, *rest = rest
            no = int(rest.pop(0)) if rest and rest[0].isdigit() else 1
            row = next((x for x in rows if x["start_no"] == no), None)
            if not rest:
                return r.check(label, row, None)
            if row is None:
                return r.true(label, False, "no such clock")
            policy = rest.pop()[1:] if rest[-1][0] == "@" else "mine"
            got = (row["status"], hour(row["due_at"]), row["policy"])
            r.check(label, got, (rest[0], float(rest[1]), policy))
            if len(rest) > 2:
                r.check(label, hour(row["met_at"]), float(rest[2]))
            return None
        if kind == "note":
            got = sorted(hour(e["time"].replace("Z", "+00:00")) for e in self.told.get(ref, [])
                         if e["type"] == f"notification.{rest[0]}")
            return r.check(label, got, [float(x) for x in rest[1:]])
        if kind in ("event", "rows", "no"):
            rows = [x for x in self.lines[ref] if x["type"] == rest[0]]
            if kind != "event":
                return r.check(label, len(rows), int(rest[1]) if kind == "rows" else 0)
            found = [x["detail"] for x in rows if hour(x["occurred_at"]) == float(rest[1])]
            return r.true(label, any(all(str(detail.get(k)) == v for k, v in (x.split("=") for x in rest[2:]))
                                     for detail in found), repr(found))
        if kind == "evidence":
            rows = self.cases[ref]["evidence"] or []
            r.true(label, all(x.get("event_id") and x.get("at") for x in rows))
            return r.check(label, [x["kind"] for x in rows], rest)
        if kind == "first":
            name, value = rest[0].split("=")
            row = next(x for x in self.lines[ref] if x["type"] == "complaint.submitted")
            return r.check(label, row["detail"].get(name), value)
        name, value = " ".join(words).split("=")
        return r.check(label, str(self.cases[ref][name]), value)
