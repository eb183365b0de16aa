"""Identity, dates, redaction, corrections, notifications, feedback and its answers, parked events."""
import json
import uuid

from stack import T0, after, bi, kcat_read, when


def publish(feed):
    say = lambda ref, hours, kind, data=None: feed.event(  # noqa: E731
        after(hours), f"complaint.{kind}", ref, {"customer": {"id": ref}, **(data or {})})
    feed.submit(T0, "J-life", "J-life", product="toaster", issue="sparks", order_ref="4111 1111 1111 1111",
                text="Card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00, id 11010519491231002X, "
                     "mail me@example.com or +1 415 555 0100. My name is John Smith.",
                secret={"card": "5500005555555559"})
    say("J-life", 1, "acknowledged")
    say("J-life", 2, "responded", {"text": "We look."})
    say("J-life", 3, "assigned", {"team": "banking", "owner": "dev"})
    say("J-life", 4, "corrected", {"product": "mortgage", "issue": "fees", "severity": 5, "kind": "complaint"})
    say("J-life", 5, "resolved", {"cause": "thin wire", "remedy": "refund", "amount": 12.5, "currency": "EUR"})
    say("J-life", 6, "closed")
    say("J-life", 7, "reopened", {"reason": "Sparks again."})
    say("J-life", 8, "resolved", {"cause": "thin wire"})
    say("J-life", 9, "closed")
    say("J-life", 10, "rated", {"score": 5, "comment": "Fine."})
    # The same person by another spelling; another person by the same words.
    feed.submit(T0, "J-mail-1", {"email": " Jo.Doe@EXAMPLE.com"})
    feed.submit(T0, "J-mail-2", {"email": "jo.doe@example.com"})
    feed.submit(T0, "J-phone-1", {"phone": "(415) 555-0177"})
    feed.submit(T0, "J-phone-2", {"phone": "+1 415 555 0177"})
    feed.submit(T0, "J-handle-1", {"handle": "@Jo"}, channel="social")
    feed.submit(T0, "J-handle-2", {"handle": "jo"}, channel="social")
    feed.submit(T0, "J-handle-3", {"handle": "jo"}, channel="chat")
    feed.event(T0, "complaint.submitted", "J-life", {"channel": "web", "text": "t", "customer": {"id": "J-life"}},
               source="another")
    # Never comes; the dead letter says where it lay.
    feed.event(after(1), "complaint.message", "J-never", {"customer": {"id": "J-never"}, "text": "Hello?"})
    for name in ("updated", "erased"):
        feed.event(after(1), f"customer.{name}", None, {"customer": {"id": "J-person", "tier": "gold"}})
    for i in range(3):
        feed.submit(T0, f"J-cluster-{i}", f"J-cluster-{i}", product="kettle", issue="leaks")


def answer(feed):
    """What product teams say about the item that they were sent."""
    (item,) = bi("SELECT feedback_id FROM bi.feedback_loop WHERE product = 'kettle'")
    at = after(24 * 40)
    for i, (kind, data) in enumerate((("acknowledged", {}), ("cause_found", {"cause": "seal"}),
                                      ("planned", {"due_at": "2026-09-01T00:00:00Z"}), ("fixed", {"version": "2.1"}))):
        feed.event(at.replace(minute=i), f"feedback.{kind}", None, {"feedback_id": item["feedback_id"], **data})
    feed.event(at, "feedback.declined", None, {"feedback_id": "00000000-0000-8000-8000-000000000000", "reason": "r"})


def check(r):
    rows = {(row["source"], row["complaint_ref"]): row for row in bi("SELECT * FROM bi.complaints")}
    one = rows["e2e", "J-life"]
    known = uuid.UUID(one["complaint_id"])
    r.check("identity: version 8", known.version, 8)
    r.check("identity: begins with the customer's key", known.hex[:12], one["customer_key"])
    r.true("identity: another source, another complaint",
           rows["another", "J-life"]["complaint_id"] != one["complaint_id"])
    r.check("identity: same customer over sources", rows["another", "J-life"]["customer_key"], one["customer_key"])
    key = lambda ref: rows["e2e", ref]["customer_key"]  # noqa: E731
    r.check("identity: e-mail normalised", key("J-mail-1"), key("J-mail-2"))
    r.check("identity: phone normalised", key("J-phone-1"), key("J-phone-2"))
    r.check("identity: handle normalised", key("J-handle-1"), key("J-handle-2"))
    r.true("identity: handle of another channel", key("J-handle-1") != key("J-handle-3"))
    for name, want in (("received_at", 0), ("first_response_at", 2), ("resolved_at", 8), ("closed_at", 9),
                       ("recovery_ends_at", 9 + 28 * 24)):
        r.check(f"dates: {name}", when(one[name]), after(want))
    for name, want in (("state", "closed"), ("reopenings", 1), ("failed_recoveries", 1), ("transfers", 0),
                       ("product", "mortgage"), ("issue", "fees"), ("severity", 5), ("last_seq", 11),
                       ("team", "banking"), ("owner", "dev"), ("double_deviation", True), ("channel", "web")):
        r.check(f"journey: {name}", one[name], want)
    secrets = ("4111 1111", "4111111111111111", "DE89", "0532 0130", "11010519491231002X", "5500005555555559")
    for name in ("complaints.keyed", "complaints.routed", "products.observed", "complaints.notifications"):
        everything = b"".join(value for _, _, value in kcat_read(name)).decode(errors="replace")
        for secret in secrets:
            r.true(f"redaction: {secret} in {name}", secret not in everything)
    for word in ("me@example.com", "555 0100", "John Smith"):
        r.true(f"mask: {word}", word not in one["text"], one["text"])
    told = [json.loads(value) for _, _, value in kcat_read("complaints.notifications")]
    mine = sorted(event["type"] for event in told if event["data"].get("complaint_id") == one["complaint_id"])
    # Received; another owner, taken up again; decided, and asked whether it helped, twice each.
    expected = ["acknowledgement"] + ["follow_up"] * 2 + ["progress"] * 2 + ["resolution"] * 2
    r.check("notifications: each once", mine, ["notification." + name for name in expected])
    ids = [(event["source"], event["id"]) for event in told]
    r.check("notifications: ids are unique", len(ids), len(set(ids)))
    first = next((event for event in told if event["data"].get("complaint_id") == one["complaint_id"]), {"data": {}})
    r.true("notifications: the acknowledgement carries ref and dates", first["data"].get("complaint_ref") == "J-life"
           and first["data"].get("first_response_by") and first["specversion"] == "1.0")
    loop = {row["product"]: row for row in bi("SELECT * FROM bi.feedback_loop")}
    kettle = loop.get("kettle", {})
    r.check("feedback: one item with its count", (kettle.get("complaints"), kettle.get("customers")), (3, 3))
    r.check("feedback: as answered", (kettle.get("status"), kettle.get("cause"), kettle.get("version")),
            ("fixed", "seal", "2.1"))
    for name in ("acknowledged_at", "cause_found_at", "planned_at", "fixed_at", "due_at"):
        r.true(f"feedback: {name}", kettle.get(name))
    r.check("feedback: corrected away, it left", loop.get("toaster", {}).get("complaints", 0), 0)
    strays = bi("SELECT stage, reason FROM bi.dead_letters WHERE reason = 'unroutable' AND stage = 'collect'")
    r.check("feedback: no such item", len(strays), 1)
    parked = [headers for headers, _, _ in kcat_read("complaints.deadletter")
              if headers.get("redress-error-reason") == "unknown_complaint"]
    r.true("parked: the dead letter is the event", parked and all(
        h.get("redress-error-encoding") == "avro" and h.get("redress-error-topic") == "complaints.inbound"
        and h.get("redress-error-stage") == "register" and h.get("redress-error-offset", "").isdigit() for h in parked),
        repr(parked))
    typed = bi("SELECT type, seq, cause, complaint_id FROM bi.timeline WHERE type LIKE 'customer.%'")
    r.check("timeline: customer.* have no seq", {(x["seq"], x["complaint_id"]) for x in typed}, {(None, None)})
    extra = bi("SELECT type, stage FROM bi.timeline WHERE stage NOT IN"
               " ('register', 'classification', 'triage', 'sla', 'assign', 'collect')")
    r.check("timeline: stages", extra, [])
    gaps = bi("SELECT complaint_id FROM bi.timeline WHERE seq IS NOT NULL GROUP BY 1"
              " HAVING min(seq) <> 1 OR max(seq) <> count(*)")
    r.check("timeline: seq without gaps", gaps, [])
