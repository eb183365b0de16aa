#!/usr/bin/env python3
"""make_load.py N SOURCE [STREAM.jsonl.gz]: N complaint.submitted events, one CloudEvent a
line, about 1 KB each, at times of the last hour.  With a stream (JSON lines with text,
product, issue, company) its texts are repeated under new ids, refs and customers; without,
texts are made of the integration tests' sentences.  The same arguments give the same texts."""
import gzip
import importlib.util
import json
import pathlib
import random
import sys
import time

TEXT_MAX_BYTES = 4096
CHANNELS = ["web", "web", "web", "email", "phone", "social"]


def from_stream(path):
    rows = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text = (row.get("text") or "").encode()[:TEXT_MAX_BYTES].decode(errors="ignore")
            if len(text) < 40:
                continue
            data = {"text": text, "product": row.get("product"), "issue": row.get("issue"),
                    "brand": row.get("company")}
            rows.append({k: v for k, v in data.items() if v})
    return rows


def from_sentences(rng):
    path = pathlib.Path(__file__).parent.parent / "integration" / "make_input.py"
    spec = importlib.util.spec_from_loader("make_input", loader=None)
    module = importlib.util.module_from_spec(spec)
    exec(path.read_text(encoding="utf-8").rsplit("\nmain()", 1)[0], module.__dict__)
    return [{"text": module.text(rng, rng.random() < .2), "product": rng.choice(module.PRODUCTS[:5]),
             "issue": rng.choice(module.ISSUES[:5]), "brand": "ACME"} for _ in range(5000)]


def main():
    n, source = int(sys.argv[1]), sys.argv[2]
    rng = random.Random(7)
    rows = from_stream(sys.argv[3]) if len(sys.argv) > 3 else from_sentences(rng)
    began = int(time.time()) - 3600
    for i in range(n):
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began + i * 3500 // n))
        data = {"complaint_ref": f"{source}-{i}", "channel": rng.choice(CHANNELS),
                "customer": {"id": f"{source}-c{rng.randrange(n)}"}, **rows[i % len(rows)]}
        print(json.dumps({"specversion": "1.0", "id": f"{source}-{i}", "source": source,
                          "type": "complaint.submitted", "time": f"{when}.{i % 1000:03d}Z",
                          "data": data}, ensure_ascii=False))


main()
