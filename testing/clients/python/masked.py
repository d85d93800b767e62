"""The same labelled columns by every route that psycopg and asyncpg have, as JSON: {route: [[column, …], …]}."""

import asyncio
import json
import os
import sys

import asyncpg
import psycopg

COLUMNS = "id, email, phone, ssn, card_number, birth_date"
PLAIN = f"SELECT {COLUMNS} FROM customers WHERE id <= 5 ORDER BY id"
BOUND = f"SELECT {COLUMNS} FROM customers WHERE id <= %s ORDER BY id"
routes = {}


def note(route, rows):
    routes[route] = [[None if v is None else str(v) for v in row] for row in rows]


def with_psycopg(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        note("simple", psycopg.ClientCursor(connection).execute(PLAIN).fetchall())
        note("extended text", connection.execute(BOUND, [5]).fetchall())
        note("extended binary", connection.execute(BOUND, [5], binary=True).fetchall())
        note("prepared text", connection.execute(BOUND, [5], prepare=True).fetchall())
        note("prepared binary", connection.execute(BOUND, [5], prepare=True, binary=True).fetchall())
        note("prepared again", connection.execute(BOUND, [5], prepare=True).fetchall())
        with connection.pipeline():
            cursor = connection.execute(BOUND, [5])
        note("pipeline", cursor.fetchall())
        with connection.cursor() as cursor:
            note("streamed", list(cursor.stream(BOUND, [5])))
        with connection.cursor() as cursor, cursor.copy(f"COPY ({PLAIN}) TO STDOUT") as copy:
            note("copy text", list(copy.rows()))
        with connection.cursor() as cursor, cursor.copy(f"COPY ({PLAIN}) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int8", "text", "text", "text", "text", "date"])
            note("copy binary", list(copy.rows()))


async def with_asyncpg(dsn):
    connection = await asyncpg.connect(dsn)
    note("asyncpg", await connection.fetch(BOUND.replace("%s", "$1"), 5))
    async with connection.transaction():
        note("asyncpg portal", [row async for row in connection.cursor(BOUND.replace("%s", "$1"), 5, prefetch=2)])
    await connection.close()


with_psycopg(os.environ["DSN"])
asyncio.run(with_asyncpg(os.environ["DSN"]))
json.dump(routes, sys.stdout)
