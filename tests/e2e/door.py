"""The door: CloudEvents modes, dead-letter reasons, limits in bytes (design, "Dead letters")."""
import base64
import json

from stack import T0, bi, iso, kcat_read, kcat_send, must

WHO = {"id": "door"}
KB = 1024


def ce(number, kind="complaint.submitted", data=None, **attributes):
    event = {"specversion": "1.0", "id": f"d{number}", "source": "door", "type": kind,
             "time": iso(T0)}
    if data is not None:
        event["data"] = data
    event.update(attributes)
    return {name: value for name, value in event.items() if value is not ...}


def sub(ref, **data):
    body = {"complaint_ref": ref, "channel": "web", "text": "late", "customer": {"id": f"k{ref}"}}
    body.update(data)
    return {name: value for name, value in body.items() if value is not ...}


def later(**data):
    return {"complaint_ref": "base", "customer": WHO, **data}


def table():
    """(name, kind, data or whole event, reason or None, path)"""
    rows = []

    def data(name, kind, body, reason=None, path=None, **attributes):
        rows.append((name, json.dumps(ce(len(rows), kind, body, **attributes),
                                      ensure_ascii=False).encode(), reason, path))

    def raw(name, text, reason, path=None):
        rows.append((name, text if isinstance(text, bytes) else text.encode(), reason, path))

    data("base", "complaint.submitted", sub("base", customer=WHO))
    # envelope
    for name in ("specversion", "id", "source", "type"):
        data(f"no {name}", "complaint.submitted", sub("x"), "bad_cloudevent", f"$.{name}",
             **{name: ...})
        data(f"empty {name}", "complaint.submitted", sub("x"), "bad_cloudevent", f"$.{name}",
             **{name: ""})
        data(f"number as {name}", "complaint.submitted", sub("x"), "bad_cloudevent", f"$.{name}",
             **{name: 1})
    data("specversion 0.3", "complaint.submitted", sub("x"), "bad_cloudevent", None, specversion="0.3")
    data("time is no time", "complaint.submitted", sub("x"), "bad_cloudevent", "$.time", time="today")
    data("time without zone", "complaint.submitted", sub("x"), "bad_cloudevent", "$.time",
         time="2026-03-02T09:00:00")
    data("1999", "complaint.submitted", sub("x"), "time_out_of_range", None,
         time="1999-12-31T23:59:59.999Z")
    data("no such type", "complaint.exploded", sub("x"), "unknown_type", "$.type")
    data("type of 513 bytes", "c" * 513, sub("x"), "unknown_type", "$.type")
    data("data content type xml", "complaint.submitted", sub("x"), "bad_cloudevent", None,
         datacontenttype="application/xml")
    data("data content type +json", "complaint.submitted", sub("ct1"), None, None,
         datacontenttype="application/vnd.crm+json; charset=utf-8")
    data("data beside data_base64", "complaint.submitted", sub("x"), "bad_cloudevent", None,
         data_base64="e30=")
    event = ce(900, data_base64=base64.b64encode(json.dumps(sub("b64")).encode()).decode())
    raw("data_base64", json.dumps(event), None)
    raw("data_base64 is none", json.dumps(ce(901, data_base64="***")), "bad_cloudevent")
    raw("data_base64 no json", json.dumps(ce(902, data_base64="e30x")), "bad_json")
    raw("no data", json.dumps(ce(903)), "missing_field")
    raw("data is a list", json.dumps(ce(904, data=[1])), "bad_field")
    raw("a list", "[]", "bad_cloudevent")
    raw("a string", '"x"', "bad_cloudevent")
    raw("not JSON", "{nope", "bad_json")
    raw("trailing comma", '{"a":1,}', "bad_json")
    raw("two values", "{} {}", "bad_json")
    raw("NaN", json.dumps(ce(905, data=sub("x"))).replace('"late"', "NaN"), "bad_json")
    raw("duplicate keys", json.dumps(ce(906, data=sub("x")))[:-1] + ',"id":"again"}', "bad_json")
    raw("duplicate keys inside", json.dumps(ce(907, data=sub("x"))).replace(
        '"text": "late"', '"text": "late", "text": "again"'), "bad_json")
    raw("same key, escaped", json.dumps(ce(908, data=sub("x"))).replace(
        '"text": "late"', '"text": "late", "t\\u0065xt": "again"'), "bad_json")
    raw("BOM", b"\xef\xbb\xbf" + json.dumps(ce(909, data=sub("bom"))).encode(), None)
    raw("not UTF-8", json.dumps(ce(910, data=sub("x"))).encode().replace(b"late", b"l\xfft"),
        "bad_encoding")
    raw("overlong", json.dumps(ce(911, data=sub("x"))).encode().replace(b"late", b"\xc0\xaf"),
        "bad_encoding")
    raw("surrogate bytes", json.dumps(ce(912, data=sub("x"))).encode().replace(
        b"late", b"\xed\xa0\x80"), "bad_encoding")
    raw("lone surrogate", json.dumps(ce(913, data=sub("x"))).replace("late", "\\ud83d"),
        "bad_encoding")
    raw("surrogates reversed", json.dumps(ce(914, data=sub("x"))).replace(
        "late", "\\ude00\\ud83d"), "bad_encoding")
    raw("pair of surrogates", json.dumps(ce(915, data=sub("pair"))).replace(
        "late", "\\ud83d\\ude00"), None)
    raw("NUL escaped", json.dumps(ce(916, data=sub("nul"))).replace("late", "a\\u0000b"), None)
    raw("controls", json.dumps(ce(917, data=sub("ctl"))).replace(
        "late", "a\\u0007b\\tc\\nd\\u200be\\u202ef"), None)
    # required fields
    for name in ("complaint_ref", "channel"):
        for what, value in (("absent", ...), ("null", None), ("empty", "")):
            body = sub("x", **{name: value})
            reason = "missing_field"
            if name == "complaint_ref":
                body.pop("complaint_ref", None) if value is ... else None
            data(f"{name} {what}", "complaint.submitted", body, reason, f"$.data.{name}")
    data("no text, subject, issue", "complaint.submitted", sub("x", text=...), "missing_field")
    data("subject alone", "complaint.submitted", sub("subj", text=..., subject="s"))
    data("issue alone", "complaint.submitted", sub("iss", text=None, issue="late"))
    needs = [("message", {"text": "t"}), ("rated", {"score": 3}), ("assigned", {"team": "t"}),
             ("transferred", {"team": "t"}), ("waiting", {"for": "customer"}),
             ("promised", {"promise_id": "p", "due_at": "2026-03-09T00:00:00Z"}),
             ("promise_kept", {"promise_id": "p"}), ("remedy_offered", {"remedy": "r"}),
             ("merged", {"into": "x"}), ("referred", {"to": "o"}),
             ("extended", {"clock": "resolution", "until": "2026-04-01T00:00:00Z",
                           "reason": "r", "approver": "a"}),
             ("reach", {"views": 1}), ("corrected", {"severity": 2})]
    for kind, fields in needs:
        for name in fields:
            for what in ("absent", "null", "empty"):
                body = later(**fields)
                if what == "absent":
                    del body[name]
                else:
                    body[name] = None if what == "null" else ""
                if what == "empty" and name in ("score", "views", "severity"):
                    continue  # a string there is a wrong type
                data(f"{kind}.{name} {what}", f"complaint.{kind}", body, "missing_field")
    for kind in ("acknowledged", "cause_found", "planned", "fixed", "declined"):
        data(f"feedback.{kind} without id", f"feedback.{kind}", {"cause": "c"}, "missing_field")
    # wrong values
    bad = [("submitted", sub("x", channel="pigeon"), "$.data.channel"),
           ("submitted", sub("x", kind="rant"), "$.data.kind"),
           ("submitted", sub("x", customer={"id": 7}), "$.data.customer.id"),
           ("submitted", sub("x", customer="me"), "$.data.customer"),
           ("submitted", sub("x", text=["t"]), "$.data.text"),
           ("submitted", sub("x", reach={"views": -1}), "$.data.reach.views"),
           ("submitted", sub("x", reach={"views": 1.5}), "$.data.reach.views"),
           ("submitted", sub("x", attachments={}), "$.data.attachments"),
           ("submitted", sub("x", consent_to_publish="yes"), "$.data.consent_to_publish"),
           ("rated", later(score=0), "$.data.score"), ("rated", later(score=6), "$.data.score"),
           ("rated", later(score="5"), "$.data.score"), ("rated", later(score=2.5), "$.data.score"),
           ("resolved", later(amount=-0.01), "$.data.amount"),
           ("reach", later(shares=-1), "$.data.shares"),
           ("waiting", later(**{"for": "godot"}), "$.data.for"),
           ("waiting", later(**{"for": "g" * 100}), "$.data.for"),
           ("extended", later(clock="lunch", until="2026-04-01T00:00:00Z", reason="r",
                              approver="a"), "$.data.clock"),
           ("promised", later(promise_id="p", due_at="soon"), "$.data.due_at"),
           ("corrected", later(severity=9), "$.data.severity"),
           ("message", {"complaint_id": "nonsense", "text": "t"}, "$.data.complaint_id"),
           ("message", {"complaint_id": "n" * 300, "text": "t"}, "$.data.complaint_id")]
    for kind, body, path in bad:
        data(f"bad {kind} {path}", f"complaint.{kind}", body, "bad_field", path)
    data("due in 1850", "complaint.promised", later(promise_id="p", due_at="1850-01-01T00:00:00Z"),
         "time_out_of_range", "$.data.due_at")
    # naming
    data("no name", "complaint.message", {"customer": WHO, "text": "t"}, "unroutable")
    data("customer.updated of nobody", "customer.updated", {"customer": {"name": "N"}}, "unroutable")
    data("customer.erased of nobody", "customer.erased", {}, "unroutable")
    # limits: (field, bytes, a message with it)
    text = lambda name, kind, make, most: [  # noqa: E731
        (f"{name} of {most}", kind, make("x" * most), None),
        (f"{name} of {most + 1}", kind, make("x" * (most + 1)), "too_large")]
    limits = []
    for name, most in (("subject", 8 * KB), ("issue", 8 * KB), ("brand", 8 * KB),
                       ("product", 8 * KB), ("language", 8 * KB), ("desired_remedy", 8 * KB),
                       ("public_url", 8 * KB), ("on_behalf_of", 8 * KB), ("order_ref", 512),
                       ("previous_complaint_ref", 512), ("text", 256 * KB)):
        limits += text(f"submitted.{name}", "submitted",
                       lambda s, n=name: sub(f"lim-{n}", **{n: s}), most)
    for name, most in (("name", 8 * KB), ("tier", 8 * KB), ("id", 512), ("handle", 8 * KB)):
        limits += text(f"customer.{name}", "submitted",
                       lambda s, n=name: sub(f"lim-c-{n}", customer={"phone": "+14155550100", n: s}), most)
    limits += text("regulator.name", "submitted",
                   lambda s: sub("lim-r", regulator={"name": s}), 8 * KB)
    limits += text("regulator.case_ref", "submitted",
                   lambda s: sub("lim-rc", regulator={"name": "FCA", "case_ref": s}), 512)
    limits += text("complaint_ref", "submitted", lambda s: sub(s, customer=...), 512)
    for kind, name, rest, most in (
            ("assigned", "team", {}, 8 * KB), ("assigned", "owner", {"team": "t"}, 8 * KB),
            ("transferred", "team", {}, 8 * KB), ("transferred", "reason", {"team": "t"}, 8 * KB),
            ("promised", "promise", {"promise_id": "px", "due_at": "2026-06-09T00:00:00Z"}, 8 * KB),
            ("promised", "promise_id", {"due_at": "2026-06-09T00:00:00Z"}, 512),
            ("rated", "comment", {"score": 3}, 8 * KB),
            ("message", "text", {}, 256 * KB), ("responded", "text", {}, 256 * KB),
            ("extended", "approver", {"clock": "resolution", "until": "2026-04-01T00:00:00Z",
                                      "reason": "r"}, 8 * KB),
            ("extended", "reason", {"clock": "resolution", "until": "2026-04-01T00:00:00Z",
                                    "approver": "a"}, 8 * KB),
            ("waiting", "reason", {"for": "customer"}, 8 * KB),
            ("remedy_offered", "remedy", {"currency": "EUR"}, 8 * KB),
            ("resolved", "currency", {"amount": 1}, 8 * KB), ("resolved", "cause", {}, 8 * KB),
            ("corrected", "product", {}, 8 * KB), ("corrected", "issue", {}, 8 * KB),
            ("referred", "case_ref", {"to": "o"}, 512), ("referred", "to", {}, 8 * KB),
            ("merged", "into", {}, 512)):
        limits += text(f"{kind}.{name}", kind,
                       lambda s, n=name, r=rest: later(**r, **{n: s}), most)
    for name, kind, body, reason in limits:
        data(name, f"complaint.{kind}", body, reason)
    # Every character becomes three: what normalisation adds is not the sender's.
    data("NFC grows", "complaint.assigned", later(team="\U0001d160" * 2048, owner="\u0958" * 2730))
    data("a ref that NFKC lengthens", "complaint.submitted", sub("\ufdfa" * 20))
    data("64 attachments", "complaint.submitted", sub("att", attachments=[{"n": i} for i in range(64)]))
    data("65 attachments", "complaint.submitted", sub("x", attachments=["a"] * 65), "too_large")
    for name in ("id", "source"):
        data(f"{name} of 512", "complaint.submitted", sub(f"ce-{name}"), None, None, **{name: "i" * 512})
        data(f"{name} of 513", "complaint.submitted", sub("x"), "too_large", f"$.{name}", **{name: "i" * 513})
    data("ce subject of 8192", "complaint.submitted", sub("ce-s"), None, None, subject="s" * 8192)
    data("ce subject of 8193", "complaint.submitted", sub("x"), "too_large", None, subject="s" * 8193)
    deep = 0
    for levels in (32, 33):  # the event, data, then lists
        deep = []
        for _ in range(levels - 3):
            deep = [deep]
        data(f"nested {levels}", "complaint.submitted", sub(f"n{levels}", more=deep),
             None if levels == 32 else "too_large")
    for size in (1024 * KB, 1024 * KB + 1):
        event = json.dumps(ce(950 + size % 2, data=sub(f"size{size}", pad="")))
        raw(f"message of {size}", event.replace('"pad": ""', '"pad": "' + "x" * (size - len(event)) + '"'),
            None if size == 1024 * KB else "too_large")
    data("unknown fields", "complaint.submitted", sub("extra", colour="red", customer={"id": "x", "shoe": 44}))
    data("extensions", "complaint.submitted", sub("ext"), None, None, partitionkey="p", myext=5,
         traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    return rows


BINARY = [("ce_specversion", "1.0"), ("ce_type", "complaint.submitted"), ("ce_source", "door"),
          ("ce_time", iso(T0))]


def with_kcat():
    """(name, headers, value, reason): what only kcat can say."""
    body = lambda ref: json.dumps(sub(ref)).encode()  # noqa: E731
    ident = lambda n: [("ce_id", f"k{n}")]  # noqa: E731
    return [
        ("binary", BINARY + ident(1) + [("content-type", "application/json")], body("bin1"), None),
        ("binary without content type", BINARY + ident(2), body("bin2"), None),
        ("binary text/json", BINARY + ident(3) + [("content-type", "text/json")], body("bin3"), None),
        ("binary +json", BINARY + ident(4) + [("Content-Type", "application/x+json;charset=UTF-8")], body("bin4"), None),
        ("binary text/plain", BINARY + ident(5) + [("content-type", "text/plain")], body("x"), "bad_cloudevent"),
        ("binary avro", BINARY + ident(6) + [("content-type", "application/avro")], body("x"), "bad_cloudevent"),
        ("binary no id", BINARY, body("x"), "bad_cloudevent"),
        ("binary, data no JSON", BINARY + ident(7), b"late", "bad_json"),
        ("binary, UTF-16", BINARY + ident(8), body("x").decode().encode("utf-16"), "bad_encoding"),
        ("batch", [("content-type", "application/cloudevents-batch+json")],
         b"[" + json.dumps(ce(960, data=sub("x"))).encode() + b"]", "bad_cloudevent"),
        ("structured", [("content-type", "application/cloudevents+json; charset=utf-8")],
         json.dumps(ce(961, data=sub("str1"))).encode(), None),
        ("structured as application/json", [("content-type", "application/json")],
         json.dumps(ce(962, data=sub("str2"))).encode(), None),
        ("structured as text/plain", [("content-type", "text/plain")],
         json.dumps(ce(963, data=sub("x"))).encode(), "bad_cloudevent"),
        ("structured, UTF-16", [], json.dumps(ce(964, data=sub("x"))).encode("utf-16"), "bad_encoding"),
        ("empty value", BINARY + ident(9), b"", "bad_cloudevent"),
        ("null value", [], None, "bad_cloudevent"),
        ("other headers", [("x-tenant", "7")], json.dumps(ce(965, data=sub("hdr"), )).encode(), None),
        ("2,000,000 bytes", [], b" " * 2000000, "too_large"),
        ("newlines", [], json.dumps(ce(966, data=sub("nl")), indent=2).encode(), None),
    ]


def publish():
    rows = table()
    must("redress", "publish", data=b"\n".join(line for _, line, _, _ in rows) + b"\n")
    extra = with_kcat()
    for _, headers, value, _ in extra:
        kcat_send(value, headers)
    return rows + [(name, value, reason, None) for name, _, value, reason in extra]


def check(rows, first, r):
    dead = {row["offset"]: row for row in bi("SELECT * FROM bi.dead_letters")}
    for i, (name, _, reason, path) in enumerate(rows):
        found = dead.get(first + i)
        r.check(f"door: {name}", found and found["reason"], reason)
        if found and reason and path:
            r.check(f"door: {name}: path", found["path"], path)
        if found:
            r.true(f"door: {name}: stage and topic", found["stage"] in ("door", "register")
                   and found["topic"] == "complaints.inbound" and found["partition"] == 0)
    texts = {row["complaint_ref"]: row for row in bi(
        "SELECT complaint_ref, text, source FROM bi.complaints WHERE source = 'door'")}
    for ref in ("bin1", "bin2", "bin3", "bin4", "str1", "str2", "hdr", "nl", "b64", "bom", "ct1",
                "subj", "iss", "att", "extra", "ext", "n32", f"size{1024 * KB}"):
        r.true(f"door: {ref} became a complaint", ref in texts)
    for ref, want in (("nul", "a\ufffdb"), ("pair", "\U0001f600"), ("ctl", "ab\tc\nd\u200be\u202ef")):
        r.check(f"door: text of {ref}", texts.get(ref, {}).get("text"), want)
    # The original bytes and where they lay.
    letters = {}
    for headers, _, value in kcat_read("complaints.deadletter"):
        letters[int(headers.get("redress-error-offset", -1))] = (headers, value)
    for i, (name, line, reason, _) in enumerate(rows):
        if not reason or first + i not in letters:
            continue
        headers, value = letters[first + i]
        r.true(f"door: {name}: original bytes", value == (line or b""))
        r.check(f"door: {name}: header", headers.get("redress-error-reason"), reason)
