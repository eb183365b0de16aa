#!/usr/bin/env python3
"""clocks.py - a million running clocks in stage sla: what clocks.sh prints.

One complaint goes through intake, classification and triage; copies of what triage made of it,
each with ids and a customer of its own, wait in complaints.triaged before sla starts.  So sla
alone is measured, on events as they really are.  SAME of the cases are received at one
instant: their clocks fall due together, to the millisecond."""
import json
import os
import signal
import subprocess
import time

from bench import BIN, HERE, POLL_S, RETURN_S, RUN, Service, cpu_of, family_cpu, rss_mb, run, say, total

CASES = int(os.environ.get("CLOCKS_CASES", "200000"))
SAME = int(os.environ.get("CLOCKS_SAME", "100000"))
PARTS = os.environ.get("CLOCKS_PARTS", "event wall").split()
RATE = int(os.environ.get("CLOCKS_RATE", "100"))
HOUR_MS = 3600 * 1000
# A Wednesday without a holiday near: business clocks count from here.
RECEIVED_MS = 1773223200000  # 2026-03-11T10:00:00Z
NOISY = float(os.environ.get("LOAD_AT_START", "0").split()[0]) > 0.3 * (os.cpu_count() or 1)
MARK = " (noisy)" if NOISY else ""
PLAIN = dict(os.environ)


def use(prefix, clock):
    """Topics and settings of their own for what follows."""
    settings = json.loads((RUN / "redress.json").read_text())
    settings.update(topic_prefix=prefix, clock=clock)
    path = RUN / f"{prefix}json"
    path.write_text(json.dumps(settings))
    os.environ.update(REDRESS_CONFIG=str(path), REDRESS_TOPIC_PREFIX=prefix, REDRESS_CLOCK=clock)
    run(BIN / "redress", "topics", "create")
    return prefix


def make_pattern():
    """One complaint through the real stages; its topic holds the pattern."""
    prefix = use("seed.", "wall")
    path = RUN / "seed.jsonl"
    with open(path, "w", encoding="utf-8") as out:
        subprocess.run(["python3", HERE / "make_load.py", "1", "seed"], stdout=out, check=True)
    run(BIN / "redress", "publish", path)
    services = [Service(name) for name in ("intake", "classification", "triage")]
    try:
        deadline = time.monotonic() + 60
        while True:
            figures = services[-1].figures()
            if figures.get(("redress_outputs_total", "triage"), 0) > 0:
                break
            if time.monotonic() > deadline:
                raise SystemExit("bench: no complaint came through triage in 60 s")
            time.sleep(POLL_S)
    finally:
        for service in services:
            service.stop()
    return prefix + "complaints.triaged"


def load(pattern, at_ms):
    n, seconds, nbytes = run(BIN / "bench_clocks", "load", pattern, CASES, SAME, at_ms).split()
    say(f"  {int(n):,} cases of {int(nbytes):,} bytes published in {float(seconds):.1f} s,"
        f" {SAME:,} of them received at the same instant")


def wait_idle(service, expected):
    """Until expected events are in and nothing is left; seconds and CPU of that."""
    first = last = None
    seen, quiet = 0, None
    deadline = time.monotonic() + 600
    while True:
        figures, now = service.figures(), time.monotonic()
        events = total(figures, "redress_events_total")
        if events > seen:
            first, last, seen, quiet = first or now, now, events, None
        elif events >= expected and total(figures, "redress_lag") == 0:
            quiet = quiet or now
            if now - quiet > 1:
                return last - (first or last), cpu_of(service.pid), figures
        if now > deadline:
            raise SystemExit(f"bench: sla took {events:.0f} of {expected} events in 600 s")
        time.sleep(POLL_S)


def survey():
    lines = run(BIN / "bench_clocks", "survey").splitlines()
    cases, clocks = (int(w) for w in lines[0].split())
    return cases, clocks, [(int(d), c, int(n)) for d, c, n in (line.split() for line in lines[1:])]


def largest_batch(figures_text):
    """Upper bounds of the longest batch and the longest commit, from the histograms, s."""
    longest = {}
    before = {}
    for line in figures_text.splitlines():
        if "_bucket{" not in line or 'le="+Inf"' in line:
            continue
        name = line.split("_bucket{")[0]
        bound = float(line.split('le="')[1].split('"')[0])
        count = float(line.rsplit(" ", 1)[1])
        if count > before.get(name, 0):
            longest[name] = bound
        before[name] = count
    return longest


def measure_start(rest_mb, rest_cpu):
    service = Service("sla")
    wall, cpu, figures = wait_idle(service, CASES)
    cpu -= rest_cpu
    at_end = rss_mb(service.pid)
    given_back = time.monotonic() + RETURN_S
    cases, clocks, instants = survey()
    # What the backlog needed goes back once the input was quiet for 5 to 10 s.
    while time.monotonic() < given_back:
        time.sleep(POLL_S)
    grown = (rss_mb(service.pid) - rest_mb) * 1024 * 1024
    state = total(figures, "redress_state_bytes")
    say(f"  start   {clocks:,} clocks of {cases:,} cases: {wall:.1f} s{MARK}, {clocks / wall:,.0f} clocks/s;"
        f" {cpu / clocks * 1e6:.1f} CPU-s per million clocks, {cpu / cases * 1e6:.1f} per million cases")
    say(f"  memory  {at_end:,.0f} MB at the end of the backlog, {rss_mb(service.pid):,.0f} MB {RETURN_S} s later:"
        f" {grown / clocks:,.0f} bytes a clock,"
        f" {grown / cases:,.0f} a case; keys and records {state / cases:,.0f} a case"
        f" ({grown / state:.2f} times that)")
    return service, clocks, instants


def measure_restore(service, prefix):
    """kill -9, then the same process again; the limit is reading the changelog and no more."""
    service.process.kill()
    service.process.wait()
    messages, nbytes, raw, raw_cpu = (
        float(w) for w in run(BIN / "bench_consume", prefix + "redress.sla.changelog").split())
    service = Service("sla")
    service.wait_ready()
    figures = service.figures()
    while total(figures, "redress_restore_seconds") == 0:
        time.sleep(POLL_S)
        figures = service.figures()
    took = total(figures, "redress_restore_seconds")
    restored_mb = rss_mb(service.pid)
    records = total(figures, "redress_restored_records_total")
    say(f"  restore after kill -9: {records:,.0f} records, {nbytes / 1e6:,.0f} MB in {took:.2f} s{MARK},"
        f" {records / took:,.0f} records/s, {cpu_of(service.pid):.2f} CPU-s; reading alone {raw:.2f} s,"
        f" {raw_cpu:.2f} CPU-s: {raw / took:.2f} of the limit; {restored_mb:,.0f} MB")
    return service


def fire(service, pattern, tick_ms, seconds, what):
    cpu, kafka = cpu_of(service.pid), family_cpu("kafka.pid")
    lines = run(BIN / "bench_clocks", "fire", pattern, tick_ms, RATE, seconds).splitlines()
    cpu, kafka = cpu_of(service.pid) - cpu, family_cpu("kafka.pid") - kafka
    fired = int(lines[0].split()[1])
    took = float(lines[0].split()[2])
    if fired:
        say(f"  {what}: {fired:,} events in {took:.2f} s{MARK}, {fired / took if took else 0:,.0f}/s,"
            f" {cpu / fired * 1e6:.1f} CPU-s/M (Kafka {kafka / fired * 1e6:.1f})")
        for line in lines:
            if line.startswith("partition"):
                _, p, n, first, last, gap = line.split()
                say(f"    partition {p}: {int(n):,} from {first} to {last} s, longest silence {gap} s")
    for line in lines:
        if line.startswith("live"):
            _, n, p50, p99, most, _, lost = line.split()
            say(f"    {n} fresh events at {RATE}/s beside it: p50 {p50} ms, p99 {p99} ms, max {most} ms,"
                f" {lost} lost")
    return fired


def check_once(due_ms, expected, killed=""):
    events, distinct, everything, all_distinct = (
        int(w) for w in run(BIN / "bench_clocks", "count", due_ms).split())
    good = events == distinct == expected and everything == all_distinct
    say(f"    sla.breached due then: {events:,}, {distinct:,} distinct, {expected:,} expected; all own"
        f" events {everything:,}, {all_distinct:,} distinct{killed}: {'each once' if good else 'WRONG'}")
    if not good:
        raise SystemExit("bench: clocks did not fire once each")


def kill_halfway(service, pattern, due_ms, expected):
    """The next instant, with a kill -9 while its clocks fire."""
    before = total(service.figures(), "redress_outputs_total")
    with subprocess.Popen([str(BIN / "bench_clocks"), "fire", pattern, str(due_ms + 1000), "1", "1"],
                          stdout=subprocess.PIPE, text=True) as firing:
        while total(service.figures(), "redress_outputs_total") < before + expected // 4:
            if firing.poll() is not None:
                break
            time.sleep(0.02)
        service.process.send_signal(signal.SIGKILL)
        service.process.wait()
        service = Service("sla")
        service.wait_ready()
        firing.communicate(timeout=300)
    check_once(due_ms, expected, " (kill -9 among them)")
    return service


def measure_event(pattern, rest_mb, rest_cpu):
    say(f"\nEvent clock, sla alone, {os.environ.get('PARTITIONS', '4')} partitions, one thread")
    prefix = use("event.", "event")
    load(pattern, RECEIVED_MS)
    service, clocks, instants = measure_start(rest_mb, rest_cpu)
    try:
        service = measure_restore(service, prefix)
        due = sorted(i for i in instants if i[2] >= SAME)
        if not due:
            raise SystemExit(f"bench: no instant has {SAME} clocks: {instants}")
        due_ms, clock, n = due[0]
        fire(service, pattern, due_ms - 1000, 1, "until a second before the first end (warnings)")
        fire(service, pattern, due_ms + 1000, 3, f"{n:,} {clock} due at one instant")
        longest = largest_batch(service.get("/metrics"))
        say(f"    longest transaction at most {longest.get('redress_batch_seconds', 0)} s (limit 20 s),"
            f" longest commit at most {longest.get('redress_commit_seconds', 0)} s; {rss_mb(service.pid):,.0f} MB")
        check_once(due_ms, n)
        later = [i for i in due if i[0] > due_ms + 2000]
        if later:
            service = kill_halfway(service, pattern, later[0][0], later[0][2])
    finally:
        if service.process.poll() is None:
            service.stop()
    return clocks


def measure_wall(pattern, rest_cpu):
    """The same by the wall clock: received so long ago that the acknowledgement falls due soon."""
    say("\nWall clock: as many due at once, fresh events beside it")
    use("wall.", "wall")
    lead = 20 + CASES / 6000
    due_ms = int((time.time() + lead) * 1000)
    load(pattern, due_ms - 24 * HOUR_MS)
    service = Service("sla")
    try:
        wait_idle(service, CASES)
        _, _, instants = survey()
        found = [i for i in instants if i[0] == due_ms]
        if not found:
            raise SystemExit(f"bench: no clock is due 24 h after the receipt: {instants[:4]}")
        left = due_ms / 1000 - time.time()
        if left < 5:
            raise SystemExit(f"bench: too slow, {left:.0f} s left: set CLOCKS_CASES lower")
        fire(service, pattern, 0, max(1, int(left - 3)), "before")
        fire(service, pattern, 0, 12, f"{found[0][2]:,} {found[0][1]} due at one instant")
        check_once(due_ms, found[0][2])
    finally:
        if service.process.poll() is None:
            service.stop()


def main():
    say(f"clocks: {os.cpu_count()} CPUs, load at start {os.environ.get('LOAD_AT_START', '')}"
        + (": NOISY, read CPU-s, not rates" if NOISY else ": quiet"))
    pattern = make_pattern()
    use("rest.", "wall")
    rest = Service("sla")
    rest.wait_ready()
    time.sleep(2)
    rest_mb, rest_cpu = rss_mb(rest.pid), cpu_of(rest.pid)
    rest.stop()
    say(f"  sla at rest {rest_mb:.0f} MB, {rest_cpu:.2f} CPU-s to start")
    if "event" in PARTS:
        measure_event(pattern, rest_mb, rest_cpu)
    if "wall" in PARTS:
        measure_wall(pattern, rest_cpu)
    with open("/proc/loadavg", encoding="ascii") as file:
        say(f"\nload at end {' '.join(file.read().split()[:3])}")


main()
