#!/usr/bin/env python3
"""read_with_fastavro.py FOLDER...: another reader understands what redress writes.

A folder holds <record>/<fingerprint>.avsc and <fingerprint>-<n>.bin, .json beside it
(tests/golden, and what test_codec leaves under WIRE_DUMP).  For each value: the frame's
fingerprint is the one fastavro computes from the schema; fastavro reads the whole body;
the value is the one in the JSON; fastavro writes the same bytes again."""
import glob
import io
import os
import sys

import fastavro

from avro_values import folders, frame_fingerprint, load, named_types, printed


def check(schema, types, parsed, mark, bin_path):
    with open(bin_path, "rb") as f:
        framed = f.read()
    if framed[:2] != b"\xc3\x01":
        return "no C3 01 in front"
    if framed[2:10] != mark:
        return f"fingerprint {framed[2:10].hex()}, fastavro says {mark.hex()}"
    body = io.BytesIO(framed[10:])
    value = fastavro.schemaless_reader(body, parsed, None)
    if body.read():
        return "bytes are left"
    expect = load(bin_path[:-4] + ".json")
    if printed(value, schema, types) != expect:
        return f"value {printed(value, schema, types)} is not {expect}"
    again = io.BytesIO()
    fastavro.schemaless_writer(again, parsed, value)
    if again.getvalue() != framed[10:]:
        return "fastavro writes other bytes"
    return None


def main():
    count = failed = 0
    for root in sys.argv[1:]:
        for name, folder in folders(root):
            for schema_path in sorted(glob.glob(os.path.join(folder, "*.avsc"))):
                schema = load(schema_path)
                types = named_types(schema)
                parsed = fastavro.parse_schema(load(schema_path))
                mark = frame_fingerprint(load(schema_path))
                for bin_path in sorted(glob.glob(schema_path[:-5] + "-*.bin")):
                    problem = check(schema, types, parsed, mark, bin_path)
                    count += 1
                    if problem:
                        failed += 1
                        print(f"FAILED  {bin_path}: {problem}")
    print(f"fastavro read {count} values, {failed} failed")
    return 1 if failed or count == 0 else 0


sys.exit(main())
