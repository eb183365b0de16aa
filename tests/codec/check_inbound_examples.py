#!/usr/bin/env python3
"""The JSON Schemas of the inbound data: are they schemas, do their examples hold, do they
refuse what the door refuses?  (tests/unit/test_door.c sends the same examples through the
door and compares the schemas' properties with the door's table.)"""
import copy
import glob
import json
import os
import sys

import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))
INBOUND = os.path.join(HERE, "..", "..", "schemas", "inbound")
TYPES = 31


def problems_of(path):
    name = os.path.basename(path).removesuffix(".schema.json")
    with open(path, encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    if schema.get("title") != name:
        yield "title is not the type"
    if not schema.get("examples"):
        yield "no examples"
    for i, example in enumerate(schema.get("examples", [])):
        for error in validator.iter_errors(example):
            yield f"example {i}: {error.message}"
        for field in schema.get("required", []):
            for value in ("absent", None):
                broken = copy.deepcopy(example)
                if value == "absent":
                    del broken[field]
                else:
                    broken[field] = None
                if validator.is_valid(broken):
                    yield f"example {i}: {field} = {value} is let through"
        for field in example:
            if field in schema["properties"]:
                broken = {**example, field: {"of": "the wrong type"}}
                wants = schema["properties"][field].get("type", [])
                if "object" not in wants and validator.is_valid(broken):
                    yield f"example {i}: {field} of the wrong type is let through"
        if not validator.is_valid({**example, "a_field_of_tomorrow": [1, {"x": None}]}):
            yield f"example {i}: an unknown field is refused"


def main():
    paths = sorted(glob.glob(os.path.join(INBOUND, "*.schema.json")))
    found = [f"{os.path.basename(p)}: {text}" for p in paths for text in problems_of(p)]
    if len(paths) != TYPES:
        found.append(f"{len(paths)} schemas instead of {TYPES}")
    for line in found:
        print(line)
    bad = len({line.split(":")[0] for line in found})
    print(f"inbound: {len(paths) - bad} passed, {bad} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
