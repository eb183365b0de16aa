"""What an outsider has: kcat, redress and the bi views.  Nothing here knows the inside."""
import json
import os
import subprocess
import tempfile
from datetime import datetime, timedelta, timezone

T0 = datetime(2026, 3, 2, 9, tzinfo=timezone.utc)  # a Monday


def iso(when):
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def after(hours=0.0, base=T0):
    return base + timedelta(milliseconds=round(hours * 3600000))


class Results:
    def __init__(self):
        self.passed = 0
        self.failed = []

    def check(self, name, got, want):
        if got == want:
            self.passed += 1
        else:
            self.failed.append(name)
            print(f"FAILED  {name}: got {got!r}, wanted {want!r}"[:600], flush=True)

    def true(self, name, got, why=""):
        if got:
            self.passed += 1
        else:
            self.failed.append(name)
            print(f"FAILED  {name} {why}"[:600], flush=True)


def run(*args, data=None):
    done = subprocess.run(args, input=data, capture_output=True, timeout=600, check=False)
    return done.returncode, done.stdout, done.stderr


def redress(*args, data=None):
    return run("redress", *args, data=data)


def must(*args, data=None):
    status, out, said = run(*args, data=data)
    if status:
        raise SystemExit(f"{' '.join(args)}: exit {status}: {said.decode(errors='replace')[:500]}")
    return out


def bi(query):
    """Rows of a bi view as dictionaries; times as text of UTC."""
    out = must("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", os.environ["REDRESS_BI_DSN"], "-c",
               "SET timezone = 'UTC'", "-c", f"SELECT to_jsonb(q) FROM ({query}) q")
    return [json.loads(line) for line in out.decode().splitlines()]


def when(text):
    """A time of the views, for comparing."""
    return None if text is None else datetime.fromisoformat(text)


def topic(name):
    return os.environ.get("REDRESS_TOPIC_PREFIX", "") + name


def kcat_send(value, headers=()):
    """One message, byte for byte; None is a null value."""
    args = ["kcat", "-P", "-q", "-b", os.environ["REDRESS_KAFKA_BROKERS"], "-t",
            topic("complaints.inbound"), "-p", "0", "-X", "message.max.bytes=4000000"]
    for name, text in headers:
        args += ["-H", f"{name}={text}"]
    if not value:  # kcat sends an empty value only beside a key
        must(*args, "-K", ":", *(["-Z"] if value is None else []), data=b"key:\n")
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(value)
        file.flush()
        must(*args, file.name)


def kcat_read(name):
    """All messages of a topic: (headers, key, value)."""
    out = must("kcat", "-C", "-q", "-e", "-b", os.environ["REDRESS_KAFKA_BROKERS"], "-t",
               topic(name), "-o", "beginning", "-X", "isolation.level=read_committed",
               "-X", "fetch.message.max.bytes=4000000", "-f", "%h\x1e%k\x1e%S\x1e%s\x1f")
    found = []
    at = 0
    while at < len(out):
        head, key, size = out[at:at + 65536].split(b"\x1e", 3)[:3]
        used = len(head) + len(key) + len(size) + 3
        length = max(int(size), 0)
        value = out[at + used:at + used + length]
        headers = dict(pair.split("=", 1) for pair in head.decode(errors="replace").split(",")
                       if "=" in pair)
        found.append((headers, key.decode(errors="replace"), value))
        at += used + length + 1
    return found


class Feed:
    """Events in order of their times; one inbound partition, so the order is the log's."""

    def __init__(self, source="e2e"):
        self.source = source
        self.waiting = []
        self.made = 0

    def event(self, at, kind, ref, data=None, **envelope):
        self.made += 1
        body = {"complaint_ref": ref} if ref else {}
        body.update(data or {})
        event = {"specversion": "1.0", "id": f"e{self.made}", "source": self.source,
                 "type": kind, "time": iso(at), "data": body}
        event.update(envelope)
        self.waiting.append((at, self.made, event))
        return event

    def submit(self, at, ref, customer=None, **data):
        body = {"channel": "web", "text": f"The parcel {ref} came late.", "kind": "complaint"}
        if customer:
            body["customer"] = {"id": customer} if isinstance(customer, str) else customer
        body.update(data)
        return self.event(at, "complaint.submitted", ref, body)

    def publish(self):
        self.waiting.sort(key=lambda item: (item[0], item[1]))
        lines = [json.dumps(event, ensure_ascii=False) for _, _, event in self.waiting]
        must("redress", "publish", data=("\n".join(lines) + "\n").encode())
        self.waiting = []


def settle():
    must("redress", "wait", "--timeout", "120")


def advance(at):
    must("redress", "clock", "advance", "--to", iso(at), "--timeout", "120")
    settle()
