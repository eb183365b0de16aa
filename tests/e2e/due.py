"""Due times over random policies, calendars, zones, pauses and extensions: what the stack says
against business time reckoned here, by walking the calendar minute windows with zoneinfo."""
import json
import pathlib
import random
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from stack import T0, bi, iso, redress, when

UTC = timezone.utc
CALENDARS = {
    # Two windows a day, half a Saturday, a holiday that is open for an hour, two make-up days.
    "X-NY": {"zone": "America/New_York",
             "week": {**{d: [["09:00", "12:30"], ["13:30", "18:00"]] for d in ("mon", "tue", "wed", "thu", "fri")},
                      "sat": [["10:00", "12:00"]]},
             "holidays": [{"date": "2026-03-06", "name": "founders"},
                          {"date": "2026-03-09", "name": "inventory", "windows": [["10:00", "11:00"]]},
                          {"date": "2026-03-17", "name": "parade"}],
             "working_days": [{"date": "2026-03-08", "name": "make-up"},
                              {"date": "2026-03-22", "name": "fair", "windows": [["08:00", "09:15"]]}]},
    # Three windows; a week of holidays with make-up days around it.
    "X-SH": {"zone": "Asia/Shanghai",
             "week": {d: [["08:30", "10:00"], ["10:15", "12:00"], ["13:00", "17:45"]]
                      for d in ("mon", "tue", "wed", "thu", "fri")},
             "holidays": [{"date": f"2026-03-{d:02}", "name": "week"} for d in range(9, 14)],
             "working_days": [{"date": "2026-03-07", "name": "make-up"}, {"date": "2026-03-15", "name": "make-up"}]},
    # Open over the hour that the clocks leave out (29 March), and until midnight.
    "X-LON": {"zone": "Europe/London",
              "week": {**{d: [["22:00", "24:00"]] for d in ("mon", "wed", "fri", "sat")},
                       "sun": [["00:30", "03:00"], ["20:00", "24:00"]], "tue": [["00:00", "24:00"]]}},
    # Half an hour of summer time, ends on 5 April.
    "X-LHI": {"zone": "Australia/Lord_Howe", "week": {d: [["00:00", "24:00"]] for d in
              ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}},
}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Calendar:
    def __init__(self, name, zone=None):
        spec = CALENDARS[name]
        self.zone = ZoneInfo(zone or spec["zone"])  # a policy's zone stands over its calendar's
        self.week = [spec["week"].get(d, []) for d in DAYS]
        first = next(w for w in self.week if w)
        self.days = {x["date"]: x.get("windows", []) for x in spec.get("holidays", [])}
        self.days.update({x["date"]: x.get("windows", first) for x in spec.get("working_days", [])})

    def windows(self, day):
        return self.days.get(day.isoformat(), self.week[day.weekday()])

    def instant(self, day, text):
        hour, minute = map(int, text.split(":"))
        if hour == 24:
            day, hour = day + timedelta(days=1), 0
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).astimezone(UTC)

    def open(self, start, end):
        """Open stretches between two instants, cut to them."""
        day = start.astimezone(self.zone).date() - timedelta(days=1)
        while self.instant(day, "00:00") < end:
            for a, b in self.windows(day):
                a, b = max(self.instant(day, a), start), min(self.instant(day, b), end)
                if a < b:
                    yield a, b
            day += timedelta(days=1)


def due(cal, target, start, pauses):
    """The due time; pauses as (from, to), rising: business time for business targets, elapsed time for others."""
    if "hours" in target:
        at = start + timedelta(hours=target["hours"])
        for a, b in pauses:
            if a < at:
                at += b - a
        return at
    if "business_minutes" in target:
        left = timedelta(minutes=target["business_minutes"])
        for a, b in cal.open(start, start + timedelta(days=800)):
            pieces = [(a, b)]
            for p, q in pauses:
                pieces = [c for x, y in pieces for c in ((x, min(y, p)), (max(x, q), y)) if c[0] < c[1]]
            for x, y in sorted(pieces):
                if y - x >= left:
                    return x + left
                left -= y - x
    if pauses:
        at = due(cal, target, start, [])
        for a, b in pauses:
            if "business_days" not in target:
                at += b - a if a < at else timedelta(0)
                continue
            left = sum((y - x for x, y in cal.open(a, b)), timedelta(0)) if a < at else timedelta(0)
            for x, y in cal.open(at, at + timedelta(days=100)) if left else ():
                if y - x >= left:
                    at = x + left
                    break
                left -= y - x
            # Moved to the close of a day it means that whole day again.
            day = at.astimezone(cal.zone).date()
            if target.get("until", "end_of_day") == "end_of_day" and cal.windows(day) and at == cal.instant(
                    day, cal.windows(day)[-1][1]):
                at = cal.instant(day, "24:00")
        return at
    local = start.astimezone(cal.zone)
    until = target.get("until", "end_of_day" if "business_days" in target else "time")
    if "business_days" in target:
        day, n = local.date(), target["business_days"]
        while n:
            day += timedelta(days=1)
            n -= bool(cal.windows(day))
        if until == "end_of_business":
            return cal.instant(day, cal.windows(day)[-1][1])
    elif "months" in target:
        month = local.month - 1 + target["months"]
        year, month = local.year + month // 12, month % 12 + 1
        last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
        day = date(year, month, min(local.day, last))
    else:
        day = local.date() + timedelta(days=target.get("days", 0) + 7 * target.get("weeks", 0))
    if until == "end_of_day":
        return cal.instant(day, "24:00")
    return datetime(day.year, day.month, day.day, local.hour, local.minute, local.second, local.microsecond,
                    tzinfo=cal.zone, fold=local.fold).astimezone(UTC)


def targets(rng):
    every = [{"hours": h} for h in (1, 7, 30, 100, 700)]
    every += [{unit: n, **until} for unit, n in (("days", 1), ("days", 6), ("days", 30), ("weeks", 2), ("months", 1))
              for until in ({}, {"until": "time"}, {"until": "end_of_day"})]
    every += [{"business_days": n, **until} for n in (1, 3, 9) for until in
              ({}, {"until": "time"}, {"until": "end_of_day"}, {"until": "end_of_business"})]
    every += [{"business_minutes": n} for n in (1, 45, 239, 480, 2000, 6000)]
    rng.shuffle(every)
    return every


ANSWERED = ("acknowledge", "first_response", "resolution")


class Due:
    def __init__(self, seed=4, cases=300):
        self.rng = random.Random(seed)
        self.policies = {}
        deck = []
        for i in range(24):
            calendar = list(CALENDARS)[i % 4]
            zone = self.rng.choice([None, None, "Pacific/Auckland", "America/Sao_Paulo"])
            clocks = {}
            for clock in ("acknowledge", "first_response", "next_response", "resolution", "follow_up", "owner"):
                deck = deck or targets(self.rng)
                clocks[clock] = {"target": deck.pop()}
            if i % 3 == 0:
                clocks["resolution"]["max_pause"] = {"hours": self.rng.choice([5, 50])}
            self.policies[f"x{i}"] = {"name": f"x{i}", "match": {"brand": f"X{i}"}, "calendar": calendar,
                                      **({"zone": zone} if zone else {}), "clocks": clocks}
        self.cases = cases

    def policy(self, folder):
        folder = pathlib.Path(folder)
        for name, spec in CALENDARS.items():
            (folder / "calendars" / f"{name}.json").write_text(json.dumps({"name": name, "version": "1", **spec}))
        path = folder / "sla.json"
        sla = json.loads(path.read_text())
        sla["calendars"] += list(CALENDARS)
        sla["policies"] = list(self.policies.values()) + sla["policies"]
        path.write_text(json.dumps(sla, indent=1))

    def publish(self, feed):
        rng = self.rng
        self.want = {}
        for n in range(self.cases):
            ref, name = f"D-{n}", f"x{n % 24}"
            policy = self.policies[name]
            cal, spec = Calendar(policy["calendar"], policy.get("zone")), policy["clocks"]
            start = T0 + timedelta(milliseconds=rng.randrange(34 * 86400000))
            if n % 5 == 0:
                start = start.replace(minute=0, second=0, microsecond=0)
            say = lambda at, kind, data=None: feed.event(  # noqa: E731
                at, f"complaint.{kind}", ref, {"customer": {"id": ref}, **(data or {})})
            feed.submit(start, ref, ref, brand=name.upper())
            pauses, at, want = [], start, {}
            for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
                a = at + timedelta(seconds=rng.randrange(1, 200000))
                b = a + timedelta(seconds=rng.randrange(1, 300000))
                party = rng.choice(["customer", "third_party"])
                say(a, "waiting", {"for": party, "reason": "r"})
                say(b, "resumed")
                pauses.append((a, b))
                at = b
            used = pauses
            if "max_pause" in spec["resolution"]:
                left, used = timedelta(hours=spec["resolution"]["max_pause"]["hours"]), []
                for a, b in pauses:
                    if left:
                        used.append((a, min(b, a + left)))
                        left -= used[-1][1] - a
            for clock in ANSWERED:
                # A pause counts only if the clock still ran towards its due time when it began.
                mine = used if clock == "resolution" else []
                kept = []
                for p in mine:
                    if p[0] < due(cal, spec[clock]["target"], start, kept):
                        kept.append(p)
                want[clock] = [spec[clock]["target"], start, due(cal, spec[clock]["target"], start, kept), kept,
                               due(cal, spec[clock]["target"], start, [])]
            end = None
            if rng.random() < 0.6:
                end = at + timedelta(seconds=rng.randrange(1, 900000))
                sharp, by = rng.random() < 0.25, rng.choice([0, 1])
                if sharp and want["resolution"][2] > at:
                    end = want["resolution"][2] + timedelta(milliseconds=by)
                say(end, "resolved", {"cause": "c"})
                if rng.random() < 0.5:
                    closed = end + timedelta(seconds=rng.randrange(1, 300000))
                    say(closed, "closed")
                    want["follow_up"] = [spec["follow_up"]["target"], closed,
                                         due(cal, spec["follow_up"]["target"], closed, []), [], closed]
            self.want[ref] = (name, end, want)

    def check(self, r):
        rows = {}
        for row in bi("SELECT s.*, c.complaint_ref FROM bi.sla_clocks s JOIN bi.complaints c USING (complaint_id)"
                      " WHERE c.complaint_ref LIKE 'D-%' AND clock <> 'promise' ORDER BY start_no"):
            rows.setdefault((row["complaint_ref"], row["clock"]), []).append(row)
        self.rows = rows
        for ref, (name, end, want) in self.want.items():
            for clock, (target, start, ends, pauses, least) in want.items():
                label = f"due: {ref} {name} {clock} {json.dumps(target)}"
                got = rows.get((ref, clock), [])
                r.check(f"{label}: one start", len(got), 1)
                if not got:
                    continue
                row = got[0]
                due_at = when(row["due_at"])
                r.check(f"{label}: started", when(row["started_at"]), ms(start))
                r.check(f"{label} from {iso(start)} pauses {[(iso(a), iso(b)) for a, b in pauses]}", due_at, ms(ends))
                r.true(f"{label}: a pause moves nothing earlier", due_at >= ms(least), f"{due_at} {least}")
                met = end if clock in ("first_response", "resolution") else None
                status = ("breached" if met is None else "met" if met <= due_at else "met_late")
                r.check(f"{label}: status", row["status"], status)
                r.check(f"{label}: met_at", when(row["met_at"]), met and ms(met))
                r.check(f"{label}: breached_at", when(row["breached_at"]), None if status == "met" else due_at)
                until = min(met, due_at) if met else due_at
                if clock != "resolution" or all(b <= until for _, b in pauses):
                    seconds = sum((b - a).total_seconds() for a, b in pauses)
                    r.true(f"{label}: paused_seconds", abs(row["paused_seconds"] - seconds) <= 1,
                           f"{row['paused_seconds']} {seconds}")


def ms(at):
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def explained(r, rows, count):
    """redress policy explain: contiguous from the start to the due time, and the sums fit."""
    for ref in [f"D-{n}" for n in range(count)]:
        cid = rows[ref, "acknowledge"][0]["complaint_id"]
        status, out, said = redress("policy", "explain", cid, "--json")
        r.check(f"explain {ref}: exit", (status, said), (0, b""))
        if status:
            continue
        told = json.loads(out)
        r.check(f"explain {ref}: id", told["complaint_id"], cid)
        for clock in told["clocks"]:
            label = f"explain {ref} {clock['clock']}"
            missing = {"clock", "policy", "policy_version", "zone", "target", "started_at", "due_at", "status",
                       "intervals"} - set(clock)
            r.check(f"{label}: keys", missing, set())
            row = next((x for x in rows.get((ref, clock["clock"]), []) if when(x["due_at"]) == when(
                clock["due_at"].replace("Z", "+00:00"))), None)
            r.true(f"{label}: due as in bi", row, clock["due_at"])
            at, counted = clock["started_at"], 0.0
            for part in clock["intervals"]:
                r.true(f"{label}: keys of an interval", {"from", "to", "counted", "why"} <= set(part), repr(part))
                r.check(f"{label}: contiguous", part["from"], at)
                at = part["to"]
                if part["counted"]:
                    counted += (stamp(part["to"]) - stamp(part["from"])).total_seconds()
            r.check(f"{label}: ends at the due time", at, clock["due_at"])
            target = clock["target"]
            for unit, seconds in (("hours", 3600), ("business_minutes", 60)):
                if isinstance(target, dict) and unit in target:
                    r.check(f"{label}: counted", counted, float(target[unit] * seconds))


def stamp(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
