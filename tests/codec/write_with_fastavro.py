#!/usr/bin/env python3
"""write_with_fastavro.py SCHEMAS OUT: values under changed schemas, for test_evolve.

SCHEMAS is a folder as read_with_fastavro.py takes it.  Each record's schema is changed as
an older or a newer program might have it; fastavro writes a value under that and resolves
it to the current schema.  OUT/<record>-<n>.avsc, .bin, .json: the writer's schema, the
framed value, what the current program must print."""
import copy
import glob
import io
import json
import os
import random
import sys

import fastavro

from avro_values import PRIMITIVES, Values, folders, frame_fingerprint, load, named_types, printed

CHANGES_PER_RECORD = 12
NARROWER = {"long": ["int"], "double": ["float", "int", "long"], "float": ["int"]}


class Change:
    """A schema as another version might have it.  Types are inlined anew at first use."""

    def __init__(self, schema, seed):
        self.random = random.Random(seed)
        self.types = named_types(schema)
        self.done = {}
        self.written = set()
        self.schema = self.inline(schema)

    def often(self, chance):
        return self.random.random() < chance

    def type_of(self, schema):
        if isinstance(schema, list):
            inner = self.type_of(schema[1])
            if self.often(0.1):
                return inner  # was never absent
            return [inner, "null"] if self.often(0.1) else ["null", inner]
        if isinstance(schema, dict) and schema["type"] == "array":
            return {**schema, "items": self.type_of(schema["items"])}
        if isinstance(schema, dict) and schema["type"] in PRIMITIVES:
            schema = schema["type"]
        if isinstance(schema, str) and schema in NARROWER and self.often(0.2):
            return self.random.choice(NARROWER[schema])
        return schema["name"] if isinstance(schema, dict) else schema

    def enum(self, definition):
        symbols = list(definition["symbols"])
        if self.often(0.5):
            self.random.shuffle(symbols)
        if len(symbols) > 2 and self.often(0.5):
            symbols = symbols[: len(symbols) - 1]
        if "default" in definition and self.often(0.5):
            symbols.insert(self.random.randrange(len(symbols)), "from_another_version")
        return {"type": "enum", "name": definition["name"], "symbols": symbols}

    def record(self, definition):
        fields = []
        for field in definition["fields"]:
            if "default" in field and self.often(0.25):
                continue
            fields.append({"name": field["name"], "type": self.type_of(field["type"]),
                           **{k: field[k] for k in ("max_bytes", "max_items") if k in field}})
        if self.often(0.3):
            self.random.shuffle(fields)
        if self.often(0.5):
            fields.insert(self.random.randrange(len(fields) + 1),
                          {"name": "added", "type": self.added(definition["name"])})
        if not fields:
            fields.append({"name": "added", "type": "string"})
        return {"type": "record", "name": definition["name"], "fields": fields}

    def added(self, owner):
        item = {"type": "record", "name": f"AddedTo{owner}", "fields": [
            {"name": "words", "type": {"type": "array", "items": "string"}},
            {"name": "number", "type": ["null", "long", "double", "boolean"]}]}
        return self.random.choice(["string", "float", ["null", "bytes"],
                                   {"type": "array", "items": item}])

    def inline(self, schema):
        if isinstance(schema, list):
            return [self.inline(branch) for branch in schema]
        if isinstance(schema, dict) and schema["type"] == "array":
            return {**schema, "items": self.inline(schema["items"])}
        name = schema["name"].split(".")[-1] if isinstance(schema, dict) else schema.split(".")[-1]
        if name in PRIMITIVES:
            return name
        if name in self.written:
            return name
        self.written.add(name)
        definition = self.types.get(name, schema)
        if name.startswith("AddedTo"):
            return definition
        if definition["type"] == "enum":
            return self.enum(definition)
        changed = self.record(definition)
        for field in changed["fields"]:
            field["type"] = self.inline(field["type"])
        return changed


def write_case(reader_json, seed, stem):
    change = Change(copy.deepcopy(reader_json), seed)
    writer_json = change.schema
    mark = frame_fingerprint(copy.deepcopy(writer_json))
    value = Values(writer_json, seed).value()
    body = io.BytesIO()
    writer = fastavro.parse_schema(copy.deepcopy(writer_json))
    fastavro.schemaless_writer(body, writer, value)
    reader = fastavro.parse_schema(copy.deepcopy(reader_json))
    try:
        resolved = fastavro.schemaless_reader(io.BytesIO(body.getvalue()), writer, reader)
    except fastavro._read_common.SchemaResolutionError:
        return False  # a value that may not be: no branch or symbol for it
    except TypeError as error:
        # fastavro 1.9: the writer names a type where the reader has it inlined.
        if "unhashable" not in str(error):
            raise
        return False
    with open(stem + ".avsc", "w", encoding="utf-8") as f:
        json.dump(writer_json, f)
    with open(stem + ".bin", "wb") as f:
        f.write(b"\xc3\x01" + mark + body.getvalue())
    with open(stem + ".json", "w", encoding="utf-8") as f:
        json.dump(printed(resolved, reader_json, named_types(reader_json)), f)
    return True


def main():
    source, out = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    for old in glob.glob(os.path.join(out, "*-*.*")):
        os.remove(old)
    written = 0
    for name, folder in folders(source):
        schema = load(sorted(glob.glob(os.path.join(folder, "*.avsc")))[0])
        # Without name spaces: simple names tell the types apart, and every tool agrees.
        flat = json.loads(json.dumps(schema).replace('"namespace": "org.redress", ', ""))
        done = 0
        for seed in range(10 * CHANGES_PER_RECORD):
            if done == CHANGES_PER_RECORD:
                break
            done += write_case(flat, hash_of(name) + seed, os.path.join(out, f"{name}-{done}"))
        if done < CHANGES_PER_RECORD // 2:
            print(f"FAILED  {name}: only {done} values in {10 * CHANGES_PER_RECORD} tries")
            return 1
        written += done
    print(f"fastavro wrote {written} values under changed schemas")
    return 0 if written else 1


def hash_of(name):
    """A seed that is the same in every run."""
    return int.from_bytes(name.encode()[:6].ljust(6), "big") * 1000


sys.exit(main())
