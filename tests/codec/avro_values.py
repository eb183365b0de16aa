"""Shared by the fastavro checks: frames, schemas as trees, values as redress prints them."""
import json
import os
import random

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "string", "bytes"}


def frame_fingerprint(schema):
    """The 8 bytes behind C3 01, as fastavro computes them."""
    canonical = to_parsing_canonical_form(schema)
    return bytes.fromhex(fingerprint(canonical, "CRC-64-AVRO"))


def named_types(schema, found=None):
    """Name -> definition, by full and by simple name."""
    found = {} if found is None else found
    if isinstance(schema, list):
        for branch in schema:
            named_types(branch, found)
    elif isinstance(schema, dict):
        if schema.get("type") in ("record", "enum"):
            found[schema["name"]] = schema
            for field in schema.get("fields", []):
                named_types(field["type"], found)
        elif schema.get("type") == "array":
            named_types(schema["items"], found)
    return found


def resolve_name(schema, types):
    """A name becomes its definition; {"type": "long"} becomes "long"."""
    if isinstance(schema, str) and schema not in PRIMITIVES:
        return types[schema.split(".")[-1]]
    if isinstance(schema, dict) and schema["type"] in PRIMITIVES:
        return schema["type"]
    return schema


def printed(value, schema, types):
    """As print_json has it: nulls and empty arrays left out, enums by their wire name."""
    schema = resolve_name(schema, types)
    if isinstance(schema, list):  # ["null", T]
        return None if value is None else printed(value, schema[1], types)
    if isinstance(schema, str):
        return value.decode("latin-1") if isinstance(value, bytes) else value
    if schema["type"] == "enum":
        names = schema.get("names", schema["symbols"])
        return names[schema["symbols"].index(value)]
    if schema["type"] == "array":
        return [printed(item, schema["items"], types) for item in value]
    out = {}
    for field in schema["fields"]:
        member = printed(value[field["name"]], field["type"], types)
        if member is not None and member != []:
            out[field["name"]] = member
    return out


class Values:
    """Random values of a schema, within its limits."""

    PIECES = ["a", "Z", "9", " ", "投", "诉", "é", '"', "\\", "\n"]

    def __init__(self, schema, seed):
        self.schema = schema
        self.types = named_types(schema)
        self.random = random.Random(seed)

    def text(self, field):
        most = field.get("max_bytes", 32768)
        out = "".join(self.random.choice(self.PIECES) for _ in range(self.random.randrange(24)))
        return out.encode()[:most].decode(errors="ignore")

    def number(self, bits):
        edge = 1 << (bits - 1)
        return self.random.choice([0, -1, 63, -64, 64, edge - 1, -edge,
                                   self.random.randrange(-edge, edge)])

    def value(self, schema=None, field=None):
        schema = resolve_name(self.schema if schema is None else schema, self.types)
        field = field or {}
        if isinstance(schema, list):
            return self.value(self.random.choice(schema), field)
        if isinstance(schema, dict):
            if schema["type"] == "record":
                return {f["name"]: self.value(f["type"], f) for f in schema["fields"]}
            if schema["type"] == "enum":
                return self.random.choice(schema["symbols"])
            count = self.random.randrange(min(field.get("max_items", 64), 3) + 1)
            return [self.value(schema["items"], field) for _ in range(count)]
        return {
            "null": lambda: None,
            "boolean": lambda: self.random.random() < 0.5,
            "int": lambda: self.number(32),
            "long": lambda: self.number(64),
            "float": lambda: self.random.randrange(-800, 800) / 8,
            "double": lambda: self.random.uniform(-1e6, 1e6),
            "string": lambda: self.text(field),
            "bytes": lambda: self.text(field).encode(),
        }[schema]()


def folders(root):
    """(name, path) of each record's folder below root."""
    for name in sorted(os.listdir(root)):
        path = os.path.join(root, name)
        if os.path.isdir(path):
            yield name, path


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)
