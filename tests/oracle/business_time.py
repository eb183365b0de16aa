#!/usr/bin/env python3
"""An independent oracle for business time: the rules of the design once more, in another
language and on other libraries.

    business_time.py DIR [COUNT [SEED]]

writes DIR/calendars/* (random calendars, their holidays as JSON or as iCalendar) and
DIR/cases.txt, one case a line:

    calendar start unit n until pauses [from to]... due due_after_pauses     (milliseconds)

tests/unit/test_business_time.c reads such a folder and must agree on every line.

What is independent of the C: time zones are Python's zoneinfo on the system's tz data (C: ICU
and its own data), recurring holidays are expanded by dateutil (C: libical), months are added
by dateutil, and the holidays of the shipped calendars are not read from deploy/policy at all
but come from the packages `holidays` and `chinesecalendar`: a wrong date in a shipped file is
a wrong due time here.  Without these packages the shipped calendars are left out, loudly.

ICU 72 brings tz data 2022e, the system newer ones.  They differ where a government changed its
mind after October 2022, so each zone has the years in which both know the same rules.
"""
import datetime as dt
import json
import multiprocessing
import os
import random
import shutil
import sys
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

try:
    import chinese_calendar
    import holidays
except ImportError:
    holidays = None

HERE = os.path.dirname(os.path.abspath(__file__))
SHIPPED = os.path.join(HERE, "../../deploy/policy/calendars")
UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1)
SECOND, MINUTE, HOUR, DAY = 1000, 60000, 3600000, 86400000
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

# First and last year of starts; due times may lie up to 3 years behind the last.
ZONES = {
    "Europe/London": (2014, 2034), "Europe/Berlin": (2014, 2034),
    "Europe/Dublin": (2014, 2034),          # winter time is the one with the offset
    "America/New_York": (2004, 2034),       # other rules before 2007
    "America/Los_Angeles": (2014, 2034),
    "America/St_Johns": (2005, 2034),       # 3:30; up to 2011 from 00:01 back to 23:01
    "America/Havana": (2014, 2030),         # changes at midnight
    "America/Sao_Paulo": (2010, 2034),      # midnight does not exist; ended in 2019
    "America/Caracas": (2006, 2030),        # half an hour in 2007, back in 2016
    "America/Asuncion": (2010, 2020),
    "Asia/Shanghai": (2014, 2034), "Asia/Kolkata": (2014, 2034),
    "Asia/Kathmandu": (2014, 2034),         # 5:45
    "Asia/Tehran": (2012, 2034), "Asia/Pyongyang": (2012, 2030),
    "Australia/Sydney": (2014, 2034), "Australia/Adelaide": (2014, 2034),
    "Australia/Lord_Howe": (2014, 2034),    # summer time is half an hour
    "Pacific/Auckland": (2014, 2034), "Pacific/Chatham": (2014, 2034),
    "Pacific/Apia": (2009, 2030),           # no 30 December 2011
    "Pacific/Fakaofo": (2009, 2030),
    "Africa/Casablanca": (2012, 2019), "Africa/Cairo": (2010, 2019),  # back for Ramadan
    "Antarctica/Troll": (2014, 2034),       # summer time is two hours
    "Etc/UTC": (2014, 2034),
}


def ms_of(moment):
    """Of a datetime without zone."""
    return (moment - EPOCH) // dt.timedelta(milliseconds=1)


def moment_of(ms):
    return EPOCH + dt.timedelta(milliseconds=ms)


class Zone:
    def __init__(self, name):
        self.info = ZoneInfo(name)

    def local(self, ms):
        utc = moment_of(ms).replace(tzinfo=UTC)
        return utc.astimezone(self.info).replace(tzinfo=None)

    def read(self, local, fold):
        offset = local.replace(tzinfo=self.info, fold=fold).utcoffset()
        return ms_of(local - offset)

    def instant(self, local):
        """The first instant that shows this local time, else the jump that skips it."""
        early = self.read(local, 0)
        if self.local(early) == local:
            return early
        late = self.read(local, 1)
        low, high = min(early, late), max(early, late)  # the jump lies between them
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.local(middle) > local else (middle, high)
        return high


class Calendar:
    def __init__(self, name, zone, years, windows_of):
        self.name, self.zone, self.years = name, Zone(zone), years
        self.windows, self.opened, self.starts = windows_of, {}, {}

    def at(self, day, minutes):
        return self.zone.instant(dt.datetime.combine(day, dt.time()) +
                                 dt.timedelta(minutes=minutes))

    def begin(self, day):
        if day not in self.starts:
            self.starts[day] = self.at(day, 0)
        return self.starts[day]

    def end(self, day):
        return self.begin(day + dt.timedelta(days=1))

    def is_business_day(self, day):
        """A day that the local clock never shows is none."""
        return bool(self.windows(day)) and self.begin(day) < self.end(day)

    def opening(self, day):
        """Open stretches of a local day, as pairs of instants."""
        if day not in self.opened:
            pairs = [(self.at(day, a), self.at(day, b)) for a, b in self.windows(day)]
            self.opened[day] = [(a, b) for a, b in pairs if a < b]
        return self.opened[day]

    def stretches(self, start):
        """Open stretches from start on.  From the day before: local clocks run back."""
        day = self.zone.local(start).date() - dt.timedelta(days=1)
        while True:
            for a, b in self.opening(day):
                if b > start:
                    yield max(a, start), b
            day += dt.timedelta(days=1)

    def between(self, start, end):
        total = 0
        for a, b in self.stretches(start):
            if a >= end or a - start > 4000 * DAY:
                return total
            total += min(b, end) - a

    def add(self, start, span):
        if span <= 0:
            return start
        for a, b in self.stretches(start):
            if span <= b - a:
                return a + span
            span -= b - a


# --- the rules of targets and pauses ------------------------------------------------------


def due(cal, start, unit, n, until):
    if unit == "hours":
        return start + n * HOUR
    if unit == "business_minutes":
        return cal.add(start, n * MINUTE)
    local = cal.zone.local(start)
    day = local.date()
    if unit == "business_days":
        while n > 0:
            day += dt.timedelta(days=1)
            n -= cal.is_business_day(day)
    else:
        day += relativedelta(**{unit: n})
    if until == "end_of_day":
        return cal.end(day)
    if until == "end_of_business":
        return cal.at(day, cal.windows(day)[-1][1])
    return cal.zone.instant(dt.datetime.combine(day, local.time()))


def after(cal, unit, until, first_due, pauses):
    """All pauses at once; the C adds them one by one."""
    if not unit.startswith("business"):
        return first_due + sum(b - a for a, b in pauses)
    span = sum(cal.between(a, b) for a, b in pauses)
    if not span:
        return first_due
    moved = cal.add(first_due, span)
    if unit == "business_days" and until == "end_of_day":
        # 24:00 belongs to the day that it ends: hence the day of the moment before.
        end = cal.end(cal.zone.local(moved - 1).date())
        if not cal.between(moved, end):
            return end
    return moved


# --- random calendars ---------------------------------------------------------------------


def random_windows(rng):
    marks = sorted(rng.sample(range(0, 97), 2 * rng.choice([1, 1, 1, 2, 2, 3, 6])))
    return [(15 * a, 15 * b) for a, b in zip(marks[::2], marks[1::2])]


def text_of(windows):
    return [[f"{a // 60:02}:{a % 60:02}", f"{b // 60:02}:{b % 60:02}"] for a, b in windows]


def event(day, lines, days=1):
    end = day + dt.timedelta(days=days)
    return (f"BEGIN:VEVENT\r\nUID:{day}-{len(lines)}\r\nDTSTART;VALUE=DATE:{day:%Y%m%d}\r\n"
            f"DTEND;VALUE=DATE:{end:%Y%m%d}\r\n{lines}END:VEVENT\r\n")


def random_rule(rng, years):
    """A recurring holiday: its event, and its days by dateutil."""
    month, nth = rng.randrange(1, 13), rng.choice([1, 2, 3, 4, -1])
    rule = rng.choice([
        "FREQ=YEARLY",
        f"FREQ=YEARLY;BYMONTH={month};BYDAY={nth}{rng.choice(['MO', 'TU', 'TH', 'FR'])}",
        f"FREQ=YEARLY;INTERVAL=2;BYMONTH={month};BYMONTHDAY=-1",
        f"FREQ=MONTHLY;BYDAY={nth}MO;COUNT={rng.randrange(1, 40)}",
        "FREQ=MONTHLY;BYMONTHDAY=1,15,31",
        f"FREQ=WEEKLY;INTERVAL={rng.randrange(3, 30)};BYDAY=WE,SA;"
        f"UNTIL={rng.randrange(*years)}0630",
    ])
    start = rrulestr(rule, dtstart=dt.datetime(years[0] - 3, rng.randrange(1, 13), 1))[0]
    days = [d.date() for d in rrulestr(rule, dtstart=start).between(
        dt.datetime(years[0], 1, 1), dt.datetime(years[1], 12, 31), inc=True)]
    lines = f"RRULE:{rule}\r\n"
    dropped = rng.sample(days, min(len(days), rng.randrange(0, 4)))
    if dropped:
        lines += "EXDATE;VALUE=DATE:" + ",".join(f"{d:%Y%m%d}" for d in dropped) + "\r\n"
    return event(start.date(), lines), set(days) - set(dropped)


def random_calendar(rng, folder, name, zone):
    """Writes a calendar; its holidays are in JSON or in an .ics, half of them each."""
    years = (ZONES[zone][0], ZONES[zone][1] + 3)
    usual = rng.choice([[(540, 1020)], [(540, 720), (780, 1080)], [(0, 1440)], None])
    week = [usual or random_windows(rng) if d < 5 or rng.random() < 0.2 else []
            for d in range(7)]
    first, span = dt.date(years[0], 1, 1), 365 * (years[1] - years[0])
    by_day, holidays_, worked, events = {}, [], [], []
    in_file = rng.random() < 0.5
    if in_file:
        for _ in range(rng.randrange(1, 4)):
            text, days = random_rule(rng, years)
            events.append(text)
            by_day.update({d: [] for d in days})
    for _ in range(rng.randrange(10, 70)):
        day, style = first + dt.timedelta(days=rng.randrange(0, span)), rng.random()
        if in_file and style < 0.5 and day not in by_day:
            by_day[day] = []
            events.append(event(day, rng.choice(["", "TRANSP:TRANSPARENT\r\n"])))
        elif in_file and style < 0.7 and day not in by_day:
            by_day[day] = week[0]
            events.append(event(day, "CATEGORIES:x,working-day\r\n"))
        elif str(day) not in {item["date"] for item in holidays_ + worked}:
            by_day[day] = rng.choice([[], [(540, 720)], random_windows(rng)])
            item = {"date": str(day), "name": "x", "windows": text_of(by_day[day])}
            (worked if by_day[day] else holidays_).append(item)
    doc = {"name": name, "version": "1", "zone": zone, "years": years,
           "week": {k: text_of(w) for k, w in zip(WEEK, week)},
           "holidays": holidays_, "working_days": worked}
    if in_file:
        doc["icalendar"] = [f"{name}.ics"]
        with open(os.path.join(folder, f"{name}.ics"), "w", encoding="utf-8", newline="") as out:
            out.write("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + "".join(events) +
                      "END:VCALENDAR\r\n")
    with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as out:
        json.dump(doc, out, indent=0)
        out.write("\n")
    return Calendar(name, zone, ZONES[zone],
                    lambda day: by_day.get(day, week[day.weekday()]))


# --- the shipped calendars, from packages -------------------------------------------------


def package_days(name, years):
    """The test whether the package has a day of these years as a working day."""
    if name == "CN":
        ours = holidays.country_holidays("CN", years=years)

        def is_open(day):
            if day.year > 2026:  # not announced: the days by law, no make-up days
                return day.weekday() < 5 and (day not in ours or "observed" in ours[day])
            known = chinese_calendar.is_workday(day)
            assert known == ours.is_working_day(day), f"the packages differ on {day}"
            return known
        return is_open
    if name == "AU":
        states = [holidays.country_holidays("AU", subdiv=s, years=years) for s in
                  ("ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA")]
        return lambda day: day.weekday() < 5 and not all(day in s for s in states)
    ours = {
        "GB": lambda: holidays.country_holidays("GB", subdiv="ENG", years=years),
        "GB-SCT": lambda: holidays.country_holidays("GB", subdiv="SCT", years=years),
        "GB-NIR": lambda: holidays.country_holidays("GB", subdiv="NIR", years=years),
        "US": lambda: holidays.country_holidays("US", years=years),
        "EU": lambda: holidays.financial_holidays("XECB", years=years),
    }[name]()
    return lambda day: day.weekday() < 5 and day not in ours


def shipped_calendar(name):
    """Only the week, the zone and the years are read from the shipped file."""
    with open(os.path.join(SHIPPED, f"{name}.json"), encoding="utf-8") as file:
        doc = json.load(file)
    minutes = lambda text: int(text[:2]) * 60 + int(text[3:])
    week = [[(minutes(a), minutes(b)) for a, b in doc["week"].get(d, [])] for d in WEEK]
    years = range(doc["years"][0], doc["years"][1] + 1)
    is_open = package_days(name, range(doc["years"][0], doc["years"][1] + 2))

    def windows(day):
        if day.year not in years:
            return week[day.weekday()]
        return (week[day.weekday()] or week[0]) if is_open(day) else []
    return Calendar(name, doc["zone"], (2023, 2028), windows)


def shipped_calendars():
    if not holidays:
        print("business_time.py: no packages holidays and chinesecalendar: the shipped "
              "calendars are left out; run make deps", file=sys.stderr)
        return []
    names = sorted(f[:-5] for f in os.listdir(SHIPPED) if f.endswith(".json"))
    return [shipped_calendar(name) for name in names if name != "default"]


# --- cases --------------------------------------------------------------------------------

# Moments around which mistakes live: year ends, leap days, the zones' jumps, 调休.
EDGES = [(2, 28, 12), (3, 8, 6), (3, 29, 0), (4, 5, 15), (9, 27, 14), (10, 4, 15),
         (10, 25, 0), (11, 1, 5), (12, 29, 12), (12, 31, 12), (1, 26, 3), (9, 30, 3)]
TARGETS = [("hours", 400, ["time"]), ("days", 90, ["time", "end_of_day"]),
           ("weeks", 9, ["time", "end_of_day"]), ("months", 14, ["time", "end_of_day"]),
           ("business_days", 45, ["time", "end_of_day", "end_of_business"]),
           ("business_minutes", 12000, ["time"])]


def random_start(rng, cal):
    first, last = cal.years
    if rng.random() < 0.5:
        month, day, hour = rng.choice(EDGES)
        edge = ms_of(dt.datetime(rng.randrange(first, last + 1), month, day, hour))
        return edge + rng.randrange(-2 * DAY, 2 * DAY, SECOND)
    begin = ms_of(dt.datetime(first, 1, 1))
    return begin + rng.randrange(0, (last + 1 - first) * 365 * DAY)


def near_a_jump(rng, cal):
    """A start so that a target of n days ends in a local hour that is skipped or doubled."""
    start = random_start(rng, cal)
    day = cal.zone.local(start).date()
    for _ in range(200):
        day += dt.timedelta(days=1)
        if cal.end(day) - cal.begin(day) != DAY:
            break
    n = rng.randrange(1, 40)
    clock = dt.time(rng.choice([0, 0, 1, 2, 3, 23]), rng.randrange(0, 60))
    return cal.zone.instant(dt.datetime.combine(day - dt.timedelta(days=n), clock)), n


def random_pauses(rng, cal, start, unit, until, first):
    """Up to six in a row: some touch, some last no time, some end behind the due time, some
    lie in a night or over a weekend, some are as long as weeks."""
    pauses, at, until_now = [], start, first
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3, 4, 6])):
        if at >= until_now:
            break
        begin = at if rng.random() < 0.25 else at + int((until_now - at) * rng.random())
        kind = rng.random()
        if kind < 0.1:
            end = begin
        elif kind < 0.3:
            end = begin + rng.randrange(0, HOUR)
        elif kind < 0.6:  # to a local midnight, where days and sometimes clocks change
            day = cal.zone.local(begin).date() + dt.timedelta(days=rng.randrange(1, 5))
            end = max(begin, cal.begin(day))
        else:
            end = begin + rng.randrange(0, rng.choice([DAY, 10 * DAY, 40 * DAY]))
        pauses.append((begin, end))
        until_now, at = after(cal, unit, until, first, pauses), end
    return pauses


def random_case(rng, cal):
    unit, top, untils = rng.choice(TARGETS)
    n, until, start = rng.randrange(1, top + 1), rng.choice(untils), random_start(rng, cal)
    if rng.random() < 0.1:
        start, n = near_a_jump(rng, cal)
        unit, until = rng.choice(["days", "business_days"]), "time"
    first = due(cal, start, unit, n, until)
    pauses = random_pauses(rng, cal, start, unit, until, first)
    return start, unit, n, until, pauses, first, after(cal, unit, until, first, pauses)


def every_day(cal):
    """One business minute from each midnight: is that day open, and from when?"""
    day = dt.date(2023, 12, 1)
    while day < dt.date(2028, 2, 1):
        start = cal.begin(day)
        end = due(cal, start, "business_minutes", 1, "time")
        yield start, "business_minutes", 1, "time", [], end, end
        day += dt.timedelta(days=1)


def line_of(cal, case):
    start, unit, n, until, pauses, first, last = case
    marks = " ".join([str(len(pauses))] + [f"{a} {b}" for a, b in pauses])
    return f"{cal.name} {start} {unit} {n} {until} {marks} {first} {last}\n"


JOBS = []  # for the processes that are forked when it is full: calendars do not travel


def block(number):
    """Cases that follow from the seed and the block alone, whichever process makes them."""
    made, shipped, seed, count = JOBS[number]
    rng = random.Random(f"{seed} {number}")
    cals = [rng.choice(shipped) if shipped and rng.random() < 0.3 else rng.choice(made)
            for _ in range(count)]
    return [line_of(cal, random_case(rng, cal)) for cal in cals]


def main():
    folder = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    seed = sys.argv[3] if len(sys.argv) > 3 else "1"
    rng = random.Random(seed)
    calendars = os.path.join(folder, "calendars")
    shutil.rmtree(calendars, ignore_errors=True)
    os.makedirs(calendars)
    is_large = count >= 5000
    made = [random_calendar(rng, calendars, f"r{i}", zone)
            for i, zone in enumerate(list(ZONES) * (4 if is_large else 1))]
    shipped = shipped_calendars()
    lines = [line_of(cal, case) for cal in shipped if is_large for case in every_day(cal)]
    # A block has calendars of its own, so that a process works out few days.
    n = 13 if is_large else 1
    share = -(-(count - len(lines)) // n)
    JOBS.extend((made[i::n], shipped, seed, share) for i in range(n))
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        for more in pool.map(block, range(n), chunksize=1):
            lines += more
    with open(os.path.join(folder, "cases.txt"), "w", encoding="utf-8") as out:
        out.writelines(lines[:max(count, 1)])
    print(f"{len(lines[:count])} cases, {len(made)} random calendars, {len(shipped)} shipped")


if __name__ == "__main__":
    main()
