#!/usr/bin/env python3
"""make_timers.py N: CloudEvents of N complaints of as many customers that nobody ever answers,
all received at one of three instants, so that thousands of timers are due at the same
millisecond.  Every third has a regulator, every second a promise due at one instant for all,
every fifth waits for its customer (paused clocks, resumed by their maximum).
The same N gives the same bytes."""
import json
import sys

TIMES = ["2026-03-02T09:00:00Z", "2026-03-02T09:00:00.001Z", "2026-03-02T10:00:00Z"]


def main():
    n = int(sys.argv[1])
    number = 0

    def event(at, name, i, **data):
        nonlocal number
        number += 1
        print(json.dumps({"specversion": "1.0", "id": f"t{number}", "source": "timers", "time": at,
                          "type": f"complaint.{name}",
                          "data": {"complaint_ref": f"T{i}", "customer": {"id": f"c{i}"}, **data}}))

    for part, at in enumerate(TIMES):
        for i in range(part, n, 3):
            regulator = {"regulator": {"name": "FCA"}} if i % 9 < 3 else {}
            event(at, "submitted", i, channel="web", kind="complaint", product="kettle",
                  issue=f"issue {i % 20}", text="The kettle drips and nobody answers.", **regulator)
    for i in range(0, n, 2):
        event("2026-03-02T11:00:00Z", "promised", i, promise_id="p", due_at="2026-03-05T12:00:00Z")
    for i in range(0, n, 5):
        event("2026-03-02T12:00:00Z", "waiting", i, **{"for": "customer"})


main()
