"""What holds by the wall clock only: history, times ahead, clock advance refused."""
from datetime import datetime, timedelta, timezone

from stack import Feed, bi, redress, settle, when


def check(r):
    now = datetime.now(timezone.utc)
    feed = Feed("wall")
    table = [("now", timedelta(0), None), ("in 23 h", timedelta(hours=23), None),
             ("in 25 h", timedelta(hours=25), "time_out_of_range"),
             ("27 days ago", timedelta(days=-27), None), ("29 days ago", timedelta(days=-29), None)]
    for name, shift, _ in table:
        feed.submit(now + shift, name, name)
    # Read out in the order of times: the offsets are those of the sorted lines.
    order = sorted(range(len(table)), key=lambda i: table[i][1])
    feed.event(now - timedelta(days=28, hours=20), "complaint.responded", "29 days ago",
               {"customer": {"id": "29 days ago"}, "text": "Sorry."})
    feed.publish()
    feed.event(now, "complaint.acknowledged", "now", {"customer": {"id": "now"}})
    feed.publish()
    settle()
    rows = {row["complaint_ref"]: row for row in bi("SELECT * FROM bi.complaints")}
    dead = bi("SELECT reason, path FROM bi.dead_letters")
    for name, _, reason in (table[i] for i in order):
        r.check(f"wall: {name} is taken", name in rows, reason is None)
    r.check("wall: dead letters", [row["reason"] for row in dead], ["time_out_of_range"])
    r.check("wall: 29 days ago is history", rows.get("29 days ago", {}).get("history"), True)
    r.check("wall: 27 days ago is not", rows.get("27 days ago", {}).get("history"), False)
    clocks = {(row["complaint_ref"], row["clock"], row["start_no"]): row for row in bi(
        "SELECT s.*, complaint_ref FROM bi.sla_clocks s JOIN bi.complaints c USING (complaint_id)")}
    for clock in ("acknowledge", "first_response"):
        row = clocks.get(("29 days ago", clock, 1), {})
        r.check(f"wall: history: {clock} by later events", row.get("status"), "met")
    row = clocks.get(("27 days ago", "acknowledge", 1), {})
    r.check("wall: overdue at once", row.get("status"), "breached")
    told = bi("SELECT type, occurred_at FROM bi.timeline t JOIN bi.complaints c USING (complaint_id)"
              " WHERE complaint_ref = '27 days ago' AND type = 'sla.breached' ORDER BY occurred_at LIMIT 1")
    r.true("wall: stamped with the due time", told and when(told[0]["occurred_at"]) < now - timedelta(days=25))
    silent = bi("SELECT type FROM bi.timeline t JOIN bi.complaints c USING (complaint_id)"
                " WHERE complaint_ref = '29 days ago' AND seq IS NULL AND type IN"
                " ('sla.warned', 'sla.breached', 'sla.escalated', 'assign.notified', 'assign.escalated')")
    r.check("wall: history is silent", silent, [])
    row = clocks.get(("now", "acknowledge", 1), {})
    r.check("wall: now: acknowledged", row.get("status"), "met")
    status, _, said = redress("clock", "advance", "--to", "2030-01-01T00:00:00Z")
    r.true("wall: clock advance is refused", status == 2 and len(said.splitlines()) == 1, f"{status} {said!r}")
    r.check("wall: verify", redress("verify")[0], 0)
