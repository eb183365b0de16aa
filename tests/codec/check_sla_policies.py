#!/usr/bin/env python3
"""deploy/policy/sla.json, its presets and calendars against schemas/policy/, by jsonschema;
and that the schemas refuse what the loader refuses."""
import copy
import glob
import json
import sys

import jsonschema


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


FILES = [("schemas/policy/sla.schema.json", "deploy/policy/sla.json")]
FILES += [("schemas/policy/sla_preset.schema.json", p)
          for p in sorted(glob.glob("deploy/policy/sla/*.json"))]
FILES += [("schemas/policy/calendar.schema.json", p)
          for p in sorted(glob.glob("deploy/policy/calendars/*.json"))]


def validator(path):
    schema = load(path)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def bad_policies():
    good = load("deploy/policy/sla.json")

    def broken(change):
        doc = copy.deepcopy(good)
        change(doc)
        return doc

    clocks = lambda doc: doc["policies"][0]["clocks"]
    yield "unknown clock", broken(lambda d: clocks(d).update(answer={"target": {"days": 1}}))
    yield "two units", broken(lambda d: clocks(d)["owner"].update(target={"days": 1, "hours": 1}))
    yield "no target", broken(lambda d: clocks(d)["owner"].pop("target"))
    yield "a promise with a target", broken(
        lambda d: clocks(d)["promise"].update(target={"days": 1}))
    yield "100 percent", broken(lambda d: clocks(d)["owner"].update(warn=[100]))
    yield "unknown key", broken(lambda d: d.update(policy=[]))
    yield "no policies", broken(lambda d: d.update(policies=[]))


def main():
    for schema, path in FILES:
        validator(schema).validate(load(path))
    check = validator("schemas/policy/sla.schema.json")
    refused = 0
    for name, doc in bad_policies():
        if check.is_valid(doc):
            sys.exit(f"the schema takes a policy with {name}")
        refused += 1
    print(f"{len(FILES)} files are valid, {refused} bad ones refused")


if __name__ == "__main__":
    main()
