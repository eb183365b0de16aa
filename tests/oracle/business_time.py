#!/usr/bin/env python3
"""An independent oracle for business time: the same rules, written from the design and not
from the C, on Python's datetime and zoneinfo (system tz data) instead of ICU's tables.

    business_time.py DIR [COUNT [SEED]]

writes DIR/calendars/r*.json (random calendars: several windows a day, holidays, half days,
make-up days, many zones) and DIR/cases.txt, one case a line:

    calendar start unit n until pauses [from to]... due due_after_pauses     (milliseconds)

tests/unit/test_business_time.c reads such a folder and must agree on every line.  Zones are
ones whose rules did not change after 2022, so that ICU's and the system's tables are alike.
"""
import bisect
import calendar as months
import datetime as dt
import json
import os
import random
import sys
from zoneinfo import ZoneInfo

UTC = dt.timezone.utc
ZONES = ["Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles",
         "America/St_Johns", "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu",
         "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "America/Havana",
         "Etc/UTC"]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def ms_of(instant):
    return (instant - EPOCH) // dt.timedelta(milliseconds=1)


def instant_of(ms):
    return EPOCH + dt.timedelta(milliseconds=ms)


class Calendar:
    def __init__(self, name, zone, week, exceptions):
        self.name, self.zone = name, ZoneInfo(zone)
        self.week, self.exceptions, self.opened = week, exceptions, {}

    def local(self, instant):
        return instant.astimezone(self.zone).replace(tzinfo=None)

    def instant(self, local):
        """The first instant that shows this local time, else the jump that skips it."""
        candidate = local.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
        if self.local(candidate) == local:
            return candidate
        low, high = ms_of(candidate) - 7200000, ms_of(candidate) + 7200000
        return instant_of(bisect.bisect_left(
            range(low, high), local, key=lambda ms: self.local(instant_of(ms))) + low)

    def windows(self, day):
        return self.exceptions.get(day, self.week[day.weekday()])

    def opening(self, day):
        """Open stretches of a local day, as pairs of instants."""
        if day not in self.opened:
            midnight = dt.datetime.combine(day, dt.time())
            pairs = [(self.instant(midnight + dt.timedelta(minutes=a)),
                      self.instant(midnight + dt.timedelta(minutes=b)))
                     for a, b in self.windows(day)]
            self.opened[day] = [(a, b) for a, b in pairs if a < b]
        return self.opened[day]

    def between(self, start, end):
        total, day = dt.timedelta(), self.local(start).date()
        while day <= self.local(end).date():
            for a, b in self.opening(day):
                total += max(dt.timedelta(), min(b, end) - max(a, start))
            day += dt.timedelta(days=1)
        return total

    def add(self, start, span):
        if span <= dt.timedelta():
            return start
        day = self.local(start).date()
        while True:
            for a, b in self.opening(day):
                a = max(a, start)
                if b > a:
                    if span <= b - a:
                        return a + span
                    span -= b - a
            day += dt.timedelta(days=1)

    def end_of_day(self, day):
        return self.instant(dt.datetime.combine(day + dt.timedelta(days=1), dt.time()))


def plus_months(day, n):
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    last = months.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))


def due(cal, start, unit, n, until):
    if unit == "hours":
        return start + dt.timedelta(hours=n)
    if unit == "business_minutes":
        return cal.add(start, dt.timedelta(minutes=n))
    local = cal.local(start)
    day = local.date()
    if unit == "days":
        day += dt.timedelta(days=n)
    elif unit == "weeks":
        day += dt.timedelta(weeks=n)
    elif unit == "months":
        day = plus_months(day, n)
    else:
        while n > 0:
            day += dt.timedelta(days=1)
            n -= 1 if cal.windows(day) else 0
    if until == "end_of_day":
        return cal.end_of_day(day)
    if until == "end_of_business":
        minutes = cal.windows(day)[-1][1]
        return cal.instant(dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=minutes))
    return cal.instant(dt.datetime.combine(day, local.time()))


def after(cal, unit, until, first_due, pauses):
    """All pauses at once; the C adds them one by one."""
    if not unit.startswith("business"):
        return first_due + sum((b - a for a, b in pauses), dt.timedelta())
    span = sum((cal.between(a, b) for a, b in pauses), dt.timedelta())
    if not span:
        return first_due
    moved = cal.add(first_due, span)
    if unit == "business_days" and until == "end_of_day":
        end = cal.end_of_day(cal.local(moved).date())
        if not cal.between(moved, end):
            return end
    return moved


def random_windows(rng):
    marks = sorted(rng.sample(range(0, 97), 2 * rng.choice([1, 1, 1, 2, 2, 3])))
    return [(15 * a, 15 * b) for a, b in zip(marks[::2], marks[1::2])]


def make_calendar(rng, i):
    zone = ZONES[i % len(ZONES)]
    usual = rng.choice([[(540, 1020)], [(540, 720), (780, 1080)], [(0, 1440)], None])
    week = [usual or random_windows(rng) if d < 5 or rng.random() < 0.2 else []
            for d in range(7)]
    exceptions = {}
    for _ in range(rng.randrange(0, 120)):
        day = dt.date(2016, 1, 1) + dt.timedelta(days=rng.randrange(0, 5200))
        exceptions[day] = rng.choice([[], [], [], [(540, 720)], random_windows(rng)])
    return zone, week, exceptions


def text_of(windows):
    return [[f"{a // 60:02}:{a % 60:02}", f"{b // 60:02}:{b % 60:02}"] for a, b in windows]


def write_calendar(path, name, zone, week, exceptions):
    days = [{"date": str(d), "name": "x", "windows": text_of(w)}
            for d, w in sorted(exceptions.items())]
    doc = {"name": name, "version": "1", "zone": zone,
           "week": {k: text_of(w) for k, w in zip(DAYS, week)},
           "holidays": [d for d in days if not d["windows"]],
           "working_days": [d for d in days if d["windows"]]}
    for day in doc["holidays"]:
        del day["windows"]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(doc, file, indent=0)
        file.write("\n")


# Moments around which mistakes live: year ends, leap days, and the zones' jumps.
EDGES = [dt.datetime(y, m, d, h, tzinfo=UTC) for y in (2020, 2024, 2025, 2026, 2028)
         for m, d, h in ((2, 28, 12), (3, 8, 6), (3, 29, 0), (4, 5, 15), (9, 27, 14),
                         (10, 4, 15), (10, 25, 0), (11, 1, 5), (12, 31, 12))]


def into_a_jump(rng, cal):
    """A start whose local time is skipped or comes twice on the day of the target."""
    days = [dt.date(e.year, e.month, e.day) + dt.timedelta(days=d)
            for e in EDGES for d in (-1, 0, 1)]
    jumps = [d for d in days if cal.end_of_day(d) - cal.end_of_day(d - dt.timedelta(days=1))
             != dt.timedelta(days=1)]
    if not jumps:
        return None
    n = rng.randrange(1, 60)
    clock = dt.time(rng.randrange(0, 4), rng.randrange(0, 60))
    return cal.instant(dt.datetime.combine(rng.choice(jumps) - dt.timedelta(days=n), clock)), n


def random_case(rng, cal):
    jump = into_a_jump(rng, cal) if rng.random() < 0.1 else None
    if jump:
        first = due(cal, jump[0], "days", jump[1], "time")
        return jump[0], "days", jump[1], "time", [], first, first
    if rng.random() < 0.5:
        start = rng.choice(EDGES) + dt.timedelta(seconds=rng.randrange(-172800, 172800))
    else:
        start = dt.datetime(2018, 1, 1, tzinfo=UTC) + dt.timedelta(
            milliseconds=rng.randrange(0, 12 * 365 * 86400000))
    unit, top = rng.choice([("hours", 400), ("days", 90), ("weeks", 9), ("months", 14),
                            ("business_days", 45), ("business_minutes", 12000)])
    n = rng.randrange(1, top + 1)
    until = "time"
    if unit == "business_days":
        until = rng.choice(["time", "end_of_day", "end_of_business"])
    elif unit in ("days", "weeks", "months"):
        until = rng.choice(["time", "end_of_day"])
    first = due(cal, start, unit, n, until)
    pauses, at, until_now = [], start, first
    for _ in range(rng.choice([0, 0, 1, 2, 4])):
        begin = at + (until_now - at) * rng.random()
        begin = instant_of(ms_of(begin))
        if not at <= begin < until_now:
            break
        end = begin + dt.timedelta(milliseconds=rng.randrange(0, 10 * 86400000))
        pauses.append((begin, end))
        until_now, at = after(cal, unit, until, first, pauses), end
        if at >= until_now:
            break
    return start, unit, n, until, pauses, first, after(cal, unit, until, first, pauses)


def main():
    folder = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 400
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    os.makedirs(os.path.join(folder, "calendars"), exist_ok=True)
    calendars = []
    for i in range(len(ZONES)):
        made = make_calendar(rng, i)
        write_calendar(os.path.join(folder, "calendars", f"r{i}.json"), f"r{i}", *made)
        calendars.append(Calendar(f"r{i}", *made))
    with open(os.path.join(folder, "cases.txt"), "w", encoding="utf-8") as file:
        for _ in range(count):
            cal = rng.choice(calendars)
            start, unit, n, until, pauses, first, last = random_case(rng, cal)
            marks = [f"{ms_of(a)} {ms_of(b)}" for a, b in pauses]
            print(cal.name, ms_of(start), unit, n, until, len(pauses), *marks,
                  ms_of(first), ms_of(last), file=file)
    print(f"{count} cases")


if __name__ == "__main__":
    main()
