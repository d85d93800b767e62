#!/usr/bin/env python3
"""Holds an export as CSV and as Parquet against the same as JSON Lines: flat.py JSONL CSV [PARQUET]

Reads CSV with Python's own reader and Parquet with DuckDB. Says how many events there are.
"""
import csv, json, sys
from datetime import datetime, timezone

with open(sys.argv[1], encoding="utf-8") as file:
    events = {event["id"]: event for event in map(json.loads, file)}


def text(value):
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def same(given, expected, where):
    if isinstance(expected, list):
        assert json.loads(given) == expected, f"{where}: {given!r} is not {expected!r}"
    else:
        assert given == text(expected), f"{where}: {given!r} is not {expected!r}"


count = 0
with open(sys.argv[2], encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file, strict=True):
        event = events[row["id"]]
        assert set(event) <= set(row), f"columns are missing: {set(event) - set(row)}"
        for name, cell in row.items():
            assert not cell or cell[0] not in "=+-@\t\r", f"{name}: a formula: {cell!r}"
            same(cell.removeprefix("'") if cell[:2] in ("'=", "'+", "'-", "'@") else cell, event.get(name), name)
        count += 1
assert count == len(events), f"{count} lines for {len(events)} events"

if len(sys.argv) > 3:
    import duckdb

    table = duckdb.read_parquet(sys.argv[3])
    kinds = {name: str(kind) for name, kind in zip(table.columns, table.types)}
    assert kinds["time"] == "TIMESTAMP WITH TIME ZONE" and kinds["rows"] == "UBIGINT" and kinds["text"] == "VARCHAR", kinds
    is_time = lambda name: kinds[name].startswith("TIMESTAMP")
    read = ", ".join(f'epoch_us("{name}")' if is_time(name) else f'"{name}"' for name in kinds)
    rows = table.project(read).fetchall()
    assert len(rows) == len(events), f"{len(rows)} rows for {len(events)} events"
    for row in rows:
        row = dict(zip(kinds, row))
        event = events[row["id"]]
        assert set(event) <= set(row), f"columns are missing: {set(event) - set(row)}"
        for name, cell in row.items():
            if cell is not None and is_time(name):
                moment = datetime.fromtimestamp(cell // 1_000_000, timezone.utc)
                cell = f"{moment:%Y-%m-%dT%H:%M:%S}.{cell % 1_000_000:06}Z"
            same("" if cell is None else text(cell), event.get(name), name)
print(f"{count} events")
