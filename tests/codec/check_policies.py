#!/usr/bin/env python3
"""Every policy and mapping file against its JSON Schema; and a schema that lets an unknown
key through would not catch a misspelt one, so each is tried with one."""
import copy
import glob
import json
import os
import sys

import jsonschema

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FOLDERS = {  # folder of files -> the one schema of all of them
    "deploy/mappings": "mapping",
    "deploy/policy/notices": "notices",
    "deploy/policy/calendars": "calendar",
    "deploy/policy/sla": "sla_preset",
}


def schema_of(path):
    folder, name = os.path.split(os.path.relpath(path, TOP))
    name = FOLDERS.get(folder, name.removesuffix(".json"))
    with open(os.path.join(TOP, "schemas/policy", name + ".schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def main():
    paths = sorted(glob.glob(os.path.join(TOP, "deploy/policy/**/*.json"), recursive=True) +
                   glob.glob(os.path.join(TOP, "deploy/mappings/*.json")))
    # A model's card says what it was made of; nobody reads it as a policy.
    paths = [path for path in paths if not path.endswith(".model.card.json")]
    failed = 0
    for path in paths:
        name = os.path.relpath(path, TOP)
        try:
            validator = schema_of(path)
        except FileNotFoundError as missing:
            print(f"FAILED {name}: no schema {missing.filename}")
            failed += 1
            continue
        with open(path, encoding="utf-8") as f:
            policy = json.load(f)
        problems = [f"{e.json_path}: {e.message[:200]}" for e in validator.iter_errors(policy)]
        misspelt = copy.deepcopy(policy)
        misspelt["no_such_key"] = 1
        if validator.is_valid(misspelt):
            problems.append("the schema lets an unknown key through")
        for problem in problems:
            print(f"FAILED {name}: {problem}")
        failed += bool(problems)
    print(f"{len(paths)} policy files, {failed} failed")
    return 1 if failed or not paths else 0


sys.exit(main())
