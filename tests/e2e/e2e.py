#!/usr/bin/env python3
"""e2e.py event|wall - the contract (design.md) checked from outside, on a running, empty stack."""
import sys

import care
import cli
import clocks
import door
import due
import journey
import lifecycle
import policies
import show
import wall
from stack import T0, Feed, Results, advance, after, settle


def event_clock(r):
    rows = door.publish()
    feed = Feed()
    cared = care.Care(T0)
    cared.first(feed)
    dues = due.Due()
    dues.publish(feed)
    cared.publish(feed)
    rest = [item for item in feed.waiting if item[0] > after(24 * 40)]
    feed.waiting = [item for item in feed.waiting if item[0] <= after(24 * 40)]
    life = lifecycle.Life(feed)
    life.publish()
    clocks.publish(feed)
    cli.publish(feed)
    journey.publish(feed)
    show.publish(feed)
    feed.publish()
    cli.imports(r)
    settle()
    life.later()
    journey.answer(feed)
    show.merge(feed, show.ids())
    feed.waiting += rest
    feed.publish()
    advance(after(24 * 60))
    door.check(rows, 0, r)
    cli.check_imports(r)
    life.check(r)
    journey.check(r)
    show.check(r)
    clocks.check(r)
    clocks.late(feed)
    feed.publish()
    settle()
    clocks.check_late(r)
    cli.check_views(r)
    cli.check(r)
    advance(after(24 * 150))
    cared.check(r)
    dues.check(r)
    due.explained(r, dues.rows, 24)
    policies.check(r)


def main():
    r = Results()
    if sys.argv[1:2] == ["policy"]:
        clocks.policy(sys.argv[2], sys.argv[3])
        due.Due().policy(sys.argv[3])
        care.policy(sys.argv[3])
        return 0
    (event_clock if sys.argv[1] == "event" else wall.check)(r)
    print(f"{r.passed} {len(r.failed)}", file=open(sys.argv[2], "a", encoding="utf-8"))
    return 1 if r.failed else 0


sys.exit(main())
