#!/usr/bin/env python3
"""bench.py - runs the parts of the benchmark against the empty stack that run.sh started and
prints their figures.  Drains: each service runs alone with its whole input waiting for it, so
its CPU time is that of a service under full load; the next one reads what it wrote."""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

EVENTS = int(os.environ.get("BENCH_EVENTS", "100000"))
RATES = [int(r) for r in os.environ.get("BENCH_RATES", "100 500").split()]
SECONDS = int(os.environ.get("BENCH_SECONDS", "20"))
PARTS = os.environ.get("BENCH_PARTS", "rest limits drain latency").split()
STREAM = os.environ.get("BENCH_STREAM", "../shared/data/streams/cfpb-narratives.jsonl.gz")
PERF = os.environ.get("BENCH_PERF")
NICE = int(os.environ.get("BENCH_NICE", "0"))
BIN, RUN = pathlib.Path(os.environ["BIN"]), pathlib.Path(os.environ["RUN"])
HERE = pathlib.Path(__file__).parent
SERVICES = ["intake", "classification", "triage", "sla", "routing", "projection"]
# Goals of CPU seconds per million events, of the projection's ratio, latency and memory.
GOALS = {"intake": 18, "triage": 6, "sla": 6, "routing": 6, "projection": 5}
GOAL_RATIO, GOAL_P99_MS, GOAL_REST_MB = 0.7, 500, 100
TICK = os.sysconf("SC_CLK_TCK")
POLL_S, SETTLE_S, RETURN_S, GIVE_UP_S = 0.1, 3, 11, 300


def say(*words):
    print(*words, flush=True)


def cpu_of(pid):
    """CPU seconds of a process that lives."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def family_cpu(pid_file):
    """CPU seconds of a server and its children, ended ones included."""
    pid = (RUN / pid_file).read_text().strip()
    total = 0.0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ProcessLookupError):
            fields = stat.read_text().rsplit(")", 1)[1].split()
            if stat.parent.name == pid:
                total += sum(int(f) for f in fields[11:15]) / TICK
            elif fields[1] == pid:
                total += (int(fields[11]) + int(fields[12])) / TICK
    return total


class Service:
    """One service, alone in its group, until stop()."""

    def __init__(self, name):
        self.name = name
        self.port = int(os.environ["REDRESS_KAFKA_BROKERS"].rsplit(":", 1)[1]) + 40 + SERVICES.index(name)
        self.log = open(RUN / f"log/bench-{name}.log", "ab")
        self.process = subprocess.Popen(
            [BIN / f"redress-{name}", "--config", os.environ["REDRESS_CONFIG"], "--instance",
             f"{name}-0", "--ops-port", str(self.port)], stdout=self.log, stderr=self.log,
            preexec_fn=lambda: os.nice(NICE))
        self.pid = self.process.pid
        self.perf = None

    def get(self, path):
        if self.process.poll() is not None:
            raise SystemExit(f"bench: redress-{self.name} ended with {self.process.returncode}; "
                             f"{self.log.name}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def wait_ready(self):
        deadline = time.monotonic() + 60
        while self.get("/readyz") is None:
            if time.monotonic() > deadline:
                raise SystemExit(f"bench: redress-{self.name} is not ready after 60 s")
            time.sleep(POLL_S)

    def attach_perf(self):
        """Threads that start later are not seen, so this comes when all are there."""
        self.wait_ready()
        self.perf = subprocess.Popen(
            ["perf", "record", "-q", "-F", "999", "-g", "-p", str(self.pid), "-o",
             f"{PERF}/{self.name}.data"], stdout=self.log, stderr=self.log)

    def figures(self):
        """Metrics summed over partitions: {(name, stage or topic): value}."""
        sums = {}
        for line in (self.get("/metrics") or "").splitlines():
            if line.startswith("#") or "_bucket{" in line:
                continue
            name, value = line.rsplit(" ", 1)
            name, _, labels = name.partition("{")
            part = ""
            for label in ("stage", "topic"):
                if f'{label}="' in labels:
                    part = labels.split(f'{label}="')[1].split('"')[0]
            sums[name, part] = sums.get((name, part), 0) + float(value)
        return sums

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        if self.perf:
            self.perf.wait(30)
        self.log.close()
        return status


def total(figures, name):
    return sum(v for (n, _), v in figures.items() if n == name)


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise SystemExit(f"bench: {command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def made_load(n, source):
    path = RUN / f"{source}.jsonl"
    stream = [STREAM] if pathlib.Path(STREAM).exists() else []
    with open(path, "w", encoding="utf-8") as out:
        subprocess.run([sys.executable, HERE / "make_load.py", str(n), source, *stream],
                       stdout=out, check=True)
    return path


# ---- parts ----------------------------------------------------------------------------


def measure_rest():
    """Memory and start-up CPU of each service without data."""
    say("\nAt rest: each service ready on an empty stack")
    say(f"  {'service':15} {'RSS MB':>8} {'start CPU s':>12}   goal < {GOAL_REST_MB} MB")
    services = [Service(name) for name in SERVICES]
    start_cpu = {}
    try:
        for service in services:
            service.wait_ready()
        time.sleep(SETTLE_S)
        for service in services:
            start_cpu[service.name] = cpu_of(service.pid)
            say(f"  {service.name:15} {rss_mb(service.pid):8.1f} {start_cpu[service.name]:12.2f}")
    finally:
        for service in services:
            service.stop()
    return start_cpu


def print_consume(topic):
    messages, nbytes, wall, cpu = (float(w) for w in run(BIN / "bench_consume", topic).split())
    if messages:
        say(f"  consume {topic:22} {messages / wall:12,.0f} {cpu / messages * 1e6:12.2f}"
            f"   {nbytes / messages:,.0f} bytes each")


def measure_limits():
    say("\nLimits: what nothing can beat on this machine, now")
    say(f"  {'':30} {'a second':>12} {'CPU-s/M':>12}")
    print_consume("complaints.inbound")
    upsert = None
    for line in run(BIN / "bench_copy", EVENTS).splitlines():
        name, rows, wall, client, server = line.split()
        rows, wall, client, server = float(rows), float(wall), float(client), float(server)
        what = {"plain": "COPY, no keys", "keys": "COPY, with keys",
                "upsert": "COPY to temporary + upsert"}[name]
        say(f"  {what:30} {rows / wall:12,.0f} {client / rows * 1e6:12.2f}"
            f"   backend {server / rows * 1e6:.2f} CPU-s/M")
        if name == "upsert":
            upsert = rows / wall
    return upsert


def wait_drained(service, expected):
    """Wall seconds from the first event to the last, and the figures at the end."""
    lag = "redress_projection_lag" if service.name == "projection" else "redress_lag"
    count = lag.replace("lag", "events_total")
    first = last = None
    seen, quiet_since = 0, None
    deadline = time.monotonic() + GIVE_UP_S
    while True:
        now = time.monotonic()
        figures = service.figures()
        events = total(figures, count)
        if events > seen:
            first = first or now
            last, seen, quiet_since = now, events, None
        elif events >= expected and total(figures, lag) == 0:
            quiet_since = quiet_since or now
            if now - quiet_since > 0.6:
                return last - first, figures
        if now > deadline:
            raise SystemExit(f"bench: redress-{service.name}: {events:.0f} of {expected} events "
                             f"after {GIVE_UP_S} s, lag {total(figures, lag):.0f}")
        time.sleep(POLL_S)


def drain(name, expected, start_cpu, upsert):
    kafka, postgres = family_cpu("kafka.pid"), family_cpu("postgres.pid")
    service = Service(name)
    try:
        if PERF:
            service.attach_perf()
        wall, figures = wait_drained(service, expected)
        cpu = cpu_of(service.pid) - start_cpu.get(name, 0)
        at_end = later = rss_mb(service.pid)
        # What a backlog needed goes back once the input was quiet for 5 to 10 s.
        given_back = time.monotonic() + RETURN_S
        while later > 0.8 * at_end and time.monotonic() < given_back:
            time.sleep(POLL_S)
            later = rss_mb(service.pid)
    finally:
        status = service.stop()
    if status != 0:
        raise SystemExit(f"bench: redress-{name} ended with {status}; {service.log.name}")
    kafka, postgres = family_cpu("kafka.pid") - kafka, family_cpu("postgres.pid") - postgres
    goal = f"goal {GOALS[name]}" if name in GOALS else ""
    commits = total(figures, "redress_commits_total") or total(figures, "redress_projection_commits_total")
    say(f"  {name:15} {expected / wall:10,.0f} {cpu / expected * 1e6:9.2f} {goal:8}"
        f" {at_end:8.0f} {later:8.0f} {kafka / expected * 1e6:9.2f} {postgres / expected * 1e6:9.2f}"
        f" {commits:8.0f}")
    if name == "projection":
        rows = figures.get(("redress_projection_rows_total", ""), 0)
        say(f"  {'':15} {rows / wall:10,.0f} rows/s, {rows / expected:.1f} rows an event")
        if upsert:
            say(f"  {'':15} {expected / wall / upsert:10.2f} of COPY + upsert by events, "
                f"{rows / wall / upsert:.2f} by rows (goal {GOAL_RATIO})")
        return expected
    outputs = {"intake": "register", "routing": "assign"}.get(name, name)
    return int(figures["redress_outputs_total", outputs])


def measure_drains(start_cpu, upsert):
    say(f"\nDrains: {EVENTS:,} events, one service at a time (CPU of the start left out)")
    say(f"  {'service':15} {'events/s':>10} {'CPU-s/M':>9} {'':8} {'RSS end':>8} {'later':>8}"
        f" {'Kafka':>9} {'Postgres':>9} {'commits':>8}")
    say(f"  {'':15} {'':10} {'':9} {'':8} {'MB':>8} {'MB':>8} {'CPU-s/M':>9} {'CPU-s/M':>9}")
    expected = EVENTS
    for name in SERVICES:
        out = drain(name, expected, start_cpu, upsert)
        # Routing's outputs include notices and observations; the projection's input is what
        # its topic holds.
        if name == "routing":
            messages = run(BIN / "bench_consume", "complaints.routed").split()[0]
            expected = int(messages)
            print_consume("complaints.routed")
        else:
            expected = out


def measure_latency():
    say(f"\nLatency: publish to visible row, {SECONDS} s at each rate, ms (p99 goal {GOAL_P99_MS} at 500/s)")
    services = [Service(name) for name in SERVICES]
    try:
        for service in services:
            service.wait_ready()
        warm = made_load(200, "warm")
        run(BIN / "bench_latency", warm, "warm", 50)
        for rate in RATES:
            path = made_load(rate * SECONDS, f"rate{rate}")
            lines = run(BIN / "bench_latency", path, f"rate{rate}", rate).splitlines()
            _, n, p50, p99, most = lines[0].split()
            say(f"  {rate:5}/s  p50 {p50:>6}  p99 {p99:>6}  max {most:>6}   ({n} events)")
            hops = [line.split() for line in lines[1:]]
            say("           in " + ", ".join(f"{h[0].rsplit('.', 1)[1]} {h[2]}/{h[3]}" for h in hops))
    finally:
        for service in services:
            service.stop()


def main():
    load = os.environ.get("LOAD_AT_START", "")
    cpus = os.cpu_count() or 1
    noisy = bool(load) and float(load.split()[0]) > 0.3 * cpus
    say(f"bench: {cpus} CPUs, load at start {load}" +
        (": NOISY, others were at work; read CPU-s/M, not rates" if noisy else ": quiet"))
    stream = pathlib.Path(STREAM)
    say(f"texts: {stream.name if stream.exists() else 'made of sentences'}")
    start_cpu = measure_rest() if "rest" in PARTS else {}
    upsert = None
    if "limits" in PARTS or "drain" in PARTS:
        path = made_load(EVENTS, "bench")
        run(BIN / "redress", "publish", path)
        path.unlink()
    if "limits" in PARTS:
        upsert = measure_limits()
    if "drain" in PARTS:
        measure_drains(start_cpu, upsert)
    if "latency" in PARTS:
        measure_latency()
    with open("/proc/loadavg", encoding="ascii") as file:
        say(f"\nload at end {' '.join(file.read().split()[:3])}")


if __name__ == "__main__":
    main()
