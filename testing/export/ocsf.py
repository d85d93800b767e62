#!/usr/bin/env python3
"""Holds OCSF events (JSON Lines on standard input) against the published schema: ocsf.py

The schema and its translation to JSON Schema are the package ocsf-json-schema's, the checking is jsonschema's.
"""
import json, sys

import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

schemas, counts = {}, {}


def checker(event):
    version, profiles = event["metadata"]["version"], tuple(event["metadata"]["profiles"])
    key = (version, event["class_uid"], profiles)
    if key not in schemas:
        published = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
        name = published.lookup_class_name_from_uid(class_uid=event["class_uid"])
        schema = published.get_class_schema(class_name=name, profiles=list(profiles))
        schemas[key] = jsonschema.Draft202012Validator(schema)
    return schemas[key]


bad = 0
for line in sys.stdin:
    event = json.loads(line)
    counts[event["class_name"]] = counts.get(event["class_name"], 0) + 1
    for error in checker(event).iter_errors(event):
        bad += 1
        where = "/".join(map(str, error.absolute_path))
        print(f"{event['class_name']} {event['metadata']['event_code']} {where}: {error.message[:300]}")
print(json.dumps(counts, sort_keys=True))
sys.exit(1 if bad else 0)
