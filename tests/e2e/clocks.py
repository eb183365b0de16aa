"""Every clock of the table in design.md: start, met, pause, cancel; targets; presets.
The hours are those of policy() below, so that due times can be reckoned here."""
import json
import pathlib
import shutil
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from stack import T0, after, bi, iso, when

HOURS = {"acknowledge": 24, "first_response": 48, "next_response": 48, "update": 120,
         "resolution": 360, "owner": 100, "follow_up": 120, "recovery_window": 672}


def policy(origin, folder):
    """deploy/policy with whole hours as targets and without ladders or limits of pauses."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(origin, folder)
    path = pathlib.Path(folder) / "sla.json"
    text = json.loads(path.read_text())
    clocks = text["policies"][0]["clocks"]
    for name, hours in HOURS.items():
        clocks[name] = {"target": {"hours": hours}}
    clocks["promise"] = {}
    clocks["acknowledge"]["automatic_counts"] = False
    text["version"] = "e2e"
    path.write_text(json.dumps(text))


def due(clock, start=0.0, pause=0.0):
    return start + HOURS[clock] + pause


PROMISE = {"promise_id": "p", "promise": "A call.", "due_at": iso(after(50))}
# name: (data of the submission, steps (hour, type, data), {clock: [(status, started, due, met)]})
# Hours from the submission; None as due: not looked at; () : no such clock.
CASES = {
    "nothing": ({}, [], {
        "acknowledge": [("breached", 0, 24, None)], "first_response": [("breached", 0, 48, None)],
        "update": [("breached", 0, 120, None)], "resolution": [("breached", 0, 360, None)],
        "recovery_window": [("breached", 0, 672, None)], "owner": [], "next_response": [],
        "follow_up": [], "statutory": [], "promise": []}),
    "acknowledged": ({}, [(5, "acknowledged", {})], {
        "acknowledge": [("met", 0, 24, 5)], "first_response": [("breached", 0, 48, None)]}),
    "automatic": ({}, [(5, "acknowledged", {"automatic": True})], {
        "acknowledge": [("breached", 0, 24, None)]}),
    "at the due time": ({}, [(24, "acknowledged", {}), (48, "responded", {"text": "a"})], {
        "acknowledge": [("met", 0, 24, 24)], "first_response": [("met", 0, 48, 48)]}),
    "1 ms late": ({}, [(24 + 1 / 3600000, "acknowledged", {})], {
        "acknowledge": [("met_late", 0, 24, 24 + 1 / 3600000)]}),
    "answered": ({}, [(5, "responded", {"text": "a"}), (10, "responded", {"text": "b"})], {
        "acknowledge": [("met", 0, 24, 5)], "first_response": [("met", 0, 48, 5)],
        "update": [("met", 0, 120, 5), ("met", 5, 125, 10), ("breached", 10, 130, None)],
        "resolution": [("breached", 0, 360, None)]}),
    "resolved": ({}, [(30, "resolved", {})], {
        "acknowledge": [("breached", 0, 24, None)], "first_response": [("met", 0, 48, 30)],
        "update": None, "resolution": [("met", 0, 360, 30)], "recovery_window": [("met", 0, 672, 30)]}),
    "rejected": ({}, [(30, "rejected", {"reason": "r"})], {
        "first_response": [("met", 0, 48, 30)], "resolution": [("met", 0, 360, 30)]}),
    "withdrawn": ({}, [(3, "promised", PROMISE), (4, "assigned", {"team": "t"}), (5, "withdrawn", {})], {
        clock: [("cancelled", None, None, None)] for clock in
        ("acknowledge", "first_response", "update", "resolution", "recovery_window", "promise", "owner")}),
    "waits for the customer": ({}, [(10, "waiting", {"for": "customer"}), (34, "resumed", {})], {
        "acknowledge": [("breached", 0, 24, None)], "first_response": [("breached", 0, 48, None)],
        "update": [("breached", 0, 144, None)], "resolution": [("breached", 0, 384, None)]}),
    "the customer speaks": ({}, [(1, "responded", {"text": "a"}), (10, "waiting", {"for": "customer"}), (34, "message", {"text": "m"})], {
        "resolution": [("breached", 0, 384, None)], "next_response": [("breached", 34, 82, None)],
        "update": [("met", 0, 120, 1), ("breached", 1, 145, None)]}),
    "waits for others": ({}, [(0.5, "responded", {"text": "a"}), (1, "message", {"text": "m"}), (10, "waiting", {"for": "third_party"}), (34, "resumed", {})], {
        "update": [("met", 0, 120, 0.5), ("breached", 0.5, 120.5, None)],
        "resolution": [("breached", 0, 384, None)], "next_response": [("breached", 1, 73, None)]}),
    "external": ({}, [(10, "referred", {"to": "o"}), (34, "resumed", {})], {
        "update": [("breached", 0, 120, None)], "resolution": [("breached", 0, 384, None)],
        "first_response": [("breached", 0, 48, None)]}),
    "messages": ({}, [(0.5, "responded", {"text": "z"}), (1, "message", {"text": "a"}), (2, "message", {"text": "b"}), (3, "responded", {"text": "c"}),
                      (4, "message", {"text": "d"})], {
        "next_response": [("met", 1, 49, 3), ("breached", 4, 52, None)]}),
    "promise kept": ({}, [(1, "promised", PROMISE), (50, "promise_kept", {"promise_id": "p"})], {
        "promise": [("met", 1, 50, 50)]}),
    "promise broken": ({}, [(1, "promised", PROMISE)], {"promise": [("breached", 1, 50, None)]}),
    "promise late": ({}, [(1, "promised", PROMISE), (51, "promise_kept", {"promise_id": "p"})], {
        "promise": [("met_late", 1, 50, 51)]}),
    "owner": ({}, [(1, "assigned", {"team": "a"}), (2, "transferred", {"team": "b"}), (3, "resolved", {})], {
        "owner": [("met", 1, 101, 2), ("met", 2, 102, 3)]}),
    "owner waits": ({}, [(1, "assigned", {"team": "a"}), (2, "waiting", {"for": "third_party"}), (4, "resumed", {})], {
        "owner": [("breached", 1, 103, None)]}),
    "follow up": ({}, [(1, "resolved", {}), (2, "closed", {}), (3, "rated", {"score": 5})], {
        "follow_up": [("met", 2, 122, 3)], "recovery_window": [("met", 0, 672, 1), ("met", 2, 674, None)]}),
    "no follow up": ({}, [(1, "resolved", {}), (2, "closed", {})], {"follow_up": [("breached", 2, 122, None)]}),
    "badly rated": ({}, [(1, "resolved", {}), (2, "closed", {}), (3, "rated", {"score": 2})], {
        "recovery_window": [("met", 0, 672, 1), ("breached", 2, 674, None)]}),
    "reopened": ({}, [(1, "resolved", {}), (2, "closed", {}), (3, "reopened", {"reason": "r"})], {
        "follow_up": [("cancelled", 2, 122, None)],
        "resolution": [("met", 0, 360, 1), ("breached", 3, 363, None)]}),
    "extended": ({}, [(1, "extended", {"clock": "resolution", "until": iso(after(500)), "reason": "r", "approver": "a"})], {
        "resolution": [("breached", 0, 500, None)]}),
    "resolved late": ({}, [(400, "resolved", {})], {"resolution": [("met_late", 0, 360, 400)]}),
    "an inquiry": ({"kind": "inquiry"}, [], {
        "acknowledge": [("breached", 0, 24, None)], "first_response": [("breached", 0, 48, None)],
        "update": [], "resolution": [], "recovery_window": []}),
    "a suggestion": ({"kind": "suggestion"}, [], {
        "acknowledge": [("breached", 0, 24, None)], "first_response": [], "update": [], "resolution": [],
        "recovery_window": []}),
    "praise": ({"kind": "praise"}, [], {clock: [] for clock in HOURS}),
}


def local(zone, year, month, day):
    """The local midnight that ends that day."""
    return datetime(year, month, day, tzinfo=ZoneInfo(zone)) + timedelta(days=1)


# regulator, received_at, submission: {clock: (policy, due)}.  T0 is Monday 2026-03-02 09:00 UTC.
PRESETS = {
    "CFPB": ("CFPB", T0, {"first_response": ("us_cfpb", local("America/New_York", 2026, 3, 17)),
                          "statutory": ("us_cfpb", local("America/New_York", 2026, 5, 1))}),
    "cfpb, earlier": ("cfpb", after(-240), {"statutory": ("us_cfpb", local("America/New_York", 2026, 4, 21))}),
    "FCA": ("fca", T0, {"resolution": ("uk_fca", local("Europe/London", 2026, 3, 5)),
                        "statutory": ("uk_fca", local("Europe/London", 2026, 4, 27))}),
    "ADR": ("ADR", T0, {"statutory": ("eu_adr", None)}),
    "SAMR before": ("SAMR", T0, {"first_response": ("cn_samr_20", local("Asia/Shanghai", 2026, 3, 11)),
                                 "statutory": ("cn_samr_20", None)}),
    "12315 since": ("12315", datetime(2026, 4, 15, 1, tzinfo=ZoneInfo("Asia/Shanghai")), {
        "first_response": ("cn_samr_121", local("Asia/Shanghai", 2026, 4, 24)),
        "statutory": ("cn_samr_121", local("Asia/Shanghai", 2026, 6, 14))}),
    "DOT": ("DOT", T0, {"acknowledge": ("us_dot_air", local("America/New_York", 2026, 4, 1)),
                        "statutory": ("us_dot_air", local("America/New_York", 2026, 5, 1))}),
    "NHS": ("nhs", T0, {"acknowledge": ("nhs_england", local("Europe/London", 2026, 3, 5))}),
    "ASIC": ("ASIC", T0, {"acknowledge": ("au_rg271", after(24)),
                          "statutory": ("au_rg271", local("Australia/Sydney", 2026, 4, 1))}),
    "ISO": ("ISO", T0, {"acknowledge": ("iso_10002", after(24)), "update": ("iso_10002", None)}),
    "nobody": ("Ombudsman of Oz", T0, {"acknowledge": ("default", after(24))}),
}


def publish(feed):
    for name, (data, steps, _) in CASES.items():
        ref = f"C-{name}"
        feed.submit(T0, ref, ref, **data)
        for hours, kind, body in steps:
            feed.event(after(hours), f"complaint.{kind}", ref, {"customer": {"id": ref}, **body})
    for name, (regulator, received, _) in PRESETS.items():
        ref = f"P-{name}"
        at = max(received, T0)
        feed.submit(at, ref, ref, channel="regulator", regulator={"name": regulator, "received_at": iso(received)})


def late(feed):
    """Answers given in time that arrive after the breach was recorded."""
    feed.event(after(20), "complaint.responded", "C-nothing",
               {"customer": {"id": "C-nothing"}, "text": "It was answered long ago."})


def check(r):
    rows = {}
    for row in bi("SELECT s.*, c.complaint_ref FROM bi.sla_clocks s JOIN bi.complaints c USING (complaint_id)"
                  " WHERE c.source = 'e2e' ORDER BY start_no"):
        rows.setdefault((row["complaint_ref"], row["clock"]), []).append(row)
    for name, (_, _, clocks) in CASES.items():
        for clock, want in clocks.items():
            if want is None:
                continue
            got = rows.get((f"C-{name}", clock), [])
            r.check(f"clocks: {name}: {clock}: starts", len(got), len(want))
            for i, (row, (status, start, ends, met)) in enumerate(zip(got, want)):
                label = f"clocks: {name}: {clock} {i + 1}"
                r.check(f"{label}: status", row["status"], status)
                if start is not None:
                    r.check(f"{label}: started", when(row["started_at"]), after(start))
                if ends is not None:
                    r.check(f"{label}: due", when(row["due_at"]), after(ends))
                if met is not None:
                    r.check(f"{label}: met_at", when(row["met_at"]), after(met))
                r.check(f"{label}: breached_at", row["breached_at"] is not None,
                        status in ("breached", "met_late"))
    for name, (_, received, clocks) in PRESETS.items():
        for clock, (preset, ends) in clocks.items():
            got = rows.get((f"P-{name}", clock), [])
            r.true(f"preset {name}: {clock} is there", got)
            if got:
                r.check(f"preset {name}: {clock}", got[0]["policy"], preset)
                if ends is not None:
                    r.check(f"preset {name}: {clock} due", when(got[0]["due_at"]), ends)
                if clock == "statutory":
                    r.check(f"preset {name}: statutory start", when(got[0]["started_at"]), received)


def check_late(r):
    rows = {row["clock"]: row for row in bi(
        "SELECT s.* FROM bi.sla_clocks s JOIN bi.complaints c USING (complaint_id)"
        " WHERE complaint_ref = 'C-nothing' AND start_no = 1")}
    r.check("an answer in time, come late", [rows[c]["status"] for c in ("acknowledge", "first_response", "resolution")],
            ["met", "met", "breached"])
    said = bi("SELECT detail FROM bi.timeline t JOIN bi.complaints c USING (complaint_id)"
              " WHERE complaint_ref = 'C-nothing' AND type = 'sla.breach_corrected'")
    r.check("an answer in time, come late: events", sorted(row["detail"]["clock"] for row in said),
            ["acknowledge", "first_response", "update"])
