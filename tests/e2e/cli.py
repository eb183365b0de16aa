"""The command line (design, section 7): exit codes, --json, what a program may rely on."""
import json
import os
import tempfile

from stack import T0, bi, iso, kcat_read, must, redress, run


def publish(feed):
    feed.submit(T0, "cli", "cli", product="heater", issue="broken", subject="Hello")


def imports(r):
    """CSV with a mapping's constants, JSONL of CloudEvents, .gz and -: twice changes nothing."""
    import gzip
    event = json.dumps({"specversion": "1.0", "id": "i1", "source": "imp", "type": "complaint.submitted",
                        "time": iso(T0), "data": {"complaint_ref": "I-1", "channel": "web", "text": "t"}})
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/a.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            file.write(event + "\n")
        with gzip.open(path + ".gz", "wt") as file:
            file.write(event + "\n")
        csv = f"{folder}/b.csv"
        with open(csv, "w", encoding="utf-8") as file:
            file.write('number,what,how\r\nI-2,"late, ""again""\nand again",web\r\n')
        mapping = f"{folder}/map.json"
        with open(mapping, "w", encoding="utf-8") as file:
            json.dump(mapping_of(), file)
        r.check("import JSONL: exit", redress("import", path)[0], 0)
        r.check("import .gz: exit", redress("import", path + ".gz")[0], 0)
        r.check("import -: exit", redress("import", "-", data=event.encode())[0], 0)
        for _ in range(2):
            status, out, said = redress("import", csv, "--map", mapping, "--source", "csv")
            r.check(f"import CSV: exit {said[:200]!r}", status, 0)
        lines = [json.dumps({"specversion": "1.0", "id": f"p{i}", "source": "pub", "time": iso(T0), **more})
                 for i, more in enumerate(({"type": "complaint.submitted", "data": {
                     "complaint_ref": "P-1", "channel": "web", "text": "t", "customer": {"id": "p"}}},
                     {"type": "complaint.resumed", "partitionkey": "pk", "data": {
                         "complaint_ref": "P-1", "customer": {"id": "p"}}}))]
        r.check("publish -: exit", redress("publish", "-", data="\n".join(lines).encode())[0], 0)
        r.check("import of no file: exit", redress("import", f"{folder}/none.csv")[0] in (1, 2), True)
        r.check("import of a bad map: exit", redress("import", csv, "--map", path)[0] in (1, 2), True)
        del out


def mapping_of():
    return {"version": "1", "format": "csv", "events": [{
        "type": "complaint.submitted", "time": {"const": iso(T0)},
        "data": {"complaint_ref": {"field": "number"}, "text": {"field": "what"},
                 "channel": {"field": "how"}}}]}


def check_imports(r):
    rows = {row["complaint_ref"]: row for row in bi(
        "SELECT complaint_ref, source, text, last_seq FROM bi.complaints WHERE complaint_ref IN ('I-1', 'I-2')")}
    r.check("import: one case, one row", rows.get("I-1", {}).get("last_seq"), 1)
    r.check("import: CSV's quotes", (rows.get("I-2", {}).get("text"), rows.get("I-2", {}).get("source"),
                                     rows.get("I-2", {}).get("last_seq")),
            ('late, "again"\nand again', "csv", 1))
    r.check("publish: a publisher's events share a key, so they keep their order, unless they name another",
            [key for _, key, value in kcat_read("complaints.inbound") if b'"source": "pub"' in value], ["pub", "pk"])


def check(r):
    (case,) = bi("SELECT complaint_id FROM bi.complaints WHERE source = 'e2e' AND complaint_ref = 'cli'")
    known = case["complaint_id"]
    away = {**os.environ, "REDRESS_KAFKA_BROKERS": "127.0.0.1:1", "REDRESS_PG_DSN": "host=127.0.0.1 port=1"}
    table = [  # arguments, exit
        (("help",), 0), (("--help",), 0), ((), 2), (("nonsense",), 2), (("show",), 2),
        (("show", known), 0), (("show", "nonsense"), 2), (("show", "00000000-0000-8000-8000-000000000000"), 1),
        (("status",), 0), (("status", "--json"), 0), (("status", "--nonsense"), 2), (("verify",), 0),
        (("verify", "--json"), 0), (("wait", "--timeout", "60"), 0), (("wait", "--timeout", "soon"), 2),
        (("dlq", "list"), 0), (("dlq", "list", "--json"), 0), (("dlq",), 2), (("dlq", "show"), 2),
        (("dlq", "show", "complaints.inbound", "0", "99999999"), 1), (("topics", "check"), 0),
        (("topics", "create"), 0), (("db", "migrate"), 0), (("doctor",), 0), (("clock", "advance"), 2),
        (("clock", "advance", "--to", "yesterday"), 2), (("tail", "complaints.routed", "--from", "beginning", "--max", "1"), 0),
        (("tail", "no.such.topic", "--max", "1"), 2), (("import",), 2),
        (("--config", "/does/not/exist.json", "status"), 2),
        (("policy",), 2), (("policy", "--help"), 0), (("help", "policy"), 0), (("help", "policy", "explain"), 0),
        (("policy", "nonsense"), 2), (("help", "nonsense"), 2), (("policy", "simulate", "--help"), 0),
        (("policy", "explain", known), 0), (("policy", "explain", known.upper()), 0),
        (("policy", "explain", "nonsense"), 2), (("policy", "explain"), 2),
        (("policy", "explain", "00000000-0000-8000-8000-000000000000"), 1),
        (("policy", "simulate"), 2), (("policy", "simulate", "--policy"), 2),
        (("policy", "simulate", "--policy", "/does/not/exist.json"), 1),
        (("policy", "simulate", "--policy", "x", "--from", "2026-02-01", "--to", "2026-01-01"), 2),
    ]
    for args, want in table:
        status, _, said = redress(*args)
        r.check(f"cli: redress {' '.join(args)}: {said[:120]!r}", status, want)
        if want:
            r.true(f"cli: redress {' '.join(args)}: one line says why",
                   len(said.decode().strip().splitlines()) == 1 or not args, repr(said[:300]))
    for args in (("status",), ("wait", "--timeout", "5"), ("verify",), ("dlq", "list"), ("show", known),
                 ("topics", "check"), ("db", "migrate"), ("tail", "complaints.routed", "--max", "1")):
        status, _, said = run("env", f"REDRESS_KAFKA_BROKERS={away['REDRESS_KAFKA_BROKERS']}",
                              f"REDRESS_PG_DSN={away['REDRESS_PG_DSN']}", "redress", *args)
        r.check(f"cli: {' '.join(args)} without its dependencies: {said[:160]!r}", status, 3)
    letters = [json.loads(line) for line in must("redress", "dlq", "list", "--json").splitlines()]
    view = bi('SELECT * FROM bi.dead_letters ORDER BY topic, "partition", "offset", stage')
    r.true("dlq list --json: every letter", len(letters) == len(view), f"{len(letters)} of {len(view)}")
    keys = {"topic", "partition", "offset", "stage", "reason", "detail", "recorded_at"}
    r.true("dlq list --json: keys", all(keys <= set(letter) for letter in letters))
    place = lambda x: (x["topic"], x["partition"], x["offset"], x["stage"], x["reason"])  # noqa: E731
    r.check("dlq list --json: the same", sorted(map(place, letters)), sorted(map(place, view)))
    for args in (("status", "--json"), ("verify", "--json"), ("show", known, "--json"), ("doctor", "--json"),
                 ("topics", "check", "--json"), ("wait", "--json", "--timeout", "60")):
        status, out, said = redress(*args)
        try:
            objects = [json.loads(line) for line in (
                out.decode().splitlines() if args[0] == "doctor" else [out.decode()])]
            good = bool(objects)
        except ValueError:
            good = False
        r.true(f"cli: {' '.join(args)} prints JSON", good, f"{out[:200]!r} {said[:200]!r} exit {status}")
    shown = json.loads(must("redress", "show", known, "--json"))
    r.true("show --json: names the complaint", known in json.dumps(shown))
    routed = must("redress", "tail", "complaints.routed", "--from", "beginning", "--max", "3").splitlines()
    r.true("tail: one JSON object a line", len(routed) == 3 and all(json.loads(x) for x in routed))


def check_views(r):
    """Contract: every view and column there, commented, readable by redress_bi and nothing else."""
    wanted = {
        "complaints": "complaint_id complaint_ref source channel brand customer_key state kind product issue severity "
                      "sentiment double_deviation language needs_review priority triage_class score remedy_advice team "
                      "owner escalation_level transfers reopenings failed_recoveries collective_id received_at "
                      "first_response_at resolved_at closed_at recovery_ends_at last_seq text",
        "timeline": "complaint_id seq type stage occurred_at recorded_at detail",
        "sla_clocks": "complaint_id clock policy policy_version started_at due_at status met_at breached_at paused_seconds",
        "dead_letters": "topic partition offset stage reason detail recorded_at",
        "collectives": "collective_id product issue status complaints customers first_at confirmed_at doubling_hours alarmed_at",
        "classification_quality": "week task model language findings by_model_percent needs_review_percent confidence_mean "
                                  "corrections confirmed changed model_judged model_right agreement_percent",
        "classification_drift": "task week findings previous psi psi_noise drift",
    }
    for name in ("sla_compliance triage_backlog recovery_window double_deviation causes channels teams feedback_loop "
                 "remedies satisfaction progress daily dates").split():
        wanted[name] = ""
    there = {}
    for row in bi("SELECT c.relname AS v, a.attname AS a, col_description(c.oid, a.attnum) AS said,"
                  " obj_description(c.oid) AS of FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
                  " WHERE c.relnamespace = 'bi'::regnamespace AND a.attnum > 0 AND c.relkind IN ('v', 'm')"):
        there.setdefault(row["v"], set()).add(row["a"])
        r.true(f"bi.{row['v']}.{row['a']}: comment", row["said"] and row["of"])
    for name, columns in wanted.items():
        r.true(f"bi.{name} has its columns", set(columns.split()) <= there.get(name, set()) and name in there,
               f"missing: {set(columns.split()) - there.get(name, set())}")
        status, _, said = run("psql", "-XqAt", os.environ["REDRESS_BI_DSN"], "-c", f"SELECT * FROM bi.{name} LIMIT 3")
        r.check(f"bi.{name} can be read {said[:100]!r}", status, 0)
    for query in ("SELECT 1 FROM redress.complaints", "CREATE TABLE bi.t ()", "CREATE TABLE public.t ()",
                  "DELETE FROM bi.timeline"):
        r.true(f"redress_bi may not: {query}",
               run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", os.environ["REDRESS_BI_DSN"], "-c", query)[0] != 0)
