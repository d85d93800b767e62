"""What psycopg 3 sees, as JSON: the same script is run directly and through the gateway, and the two must be equal."""

import asyncio
import datetime
import decimal
import json
import os
import sys

import psycopg

VALUES = [1, -5, 2.5, "text", "", "quote ' and \\ back", b"\x00\xff", None, True, [1, 2, 3], ["a", None],
          decimal.Decimal("12345678901234567890.123"), datetime.date(2026, 2, 28),
          datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)]
seen = []


def note(name, value):
    seen.append([name, repr(value)])


def failing(name, act):
    try:
        act()
        note(name, "no error")
    except psycopg.Error as error:
        note(name, (error.sqlstate, str(error).splitlines()[0]))


def types(connection):
    for binary in (False, True):
        with connection.cursor(binary=binary) as cursor:
            for number, value in enumerate(VALUES):
                note(f"value {number} {binary}", cursor.execute("SELECT %s AS v", [value]).fetchall())
            cursor.execute("SELECT 1::int2, 2::int8, 'x'::\"char\", '{\"a\": [1]}'::jsonb, '10.0.0.1'::inet, '1 day 2 h'::interval, "
                           "int4range(1, 5), '{{1,2},{3,4}}'::int[], uuid '00000000-0000-0000-0000-000000000007', B'101', 'NaN'::float8, "
                           "row(1, 'a')::text, point(1, 2)::text, 'a=>b'::text, time '12:00', 12.50::money::text")
            note(f"types {binary}", cursor.fetchall())
            note(f"description {binary}", [(c.name, c.type_code) for c in cursor.description])


def writing(connection):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, name text, n numeric)")
        cursor.executemany("INSERT INTO t VALUES (%s, %s, %s) RETURNING id", [(i, f"n{i}", i * 1.5) for i in range(20)], returning=True)
        note("executemany", cursor.rowcount)
        with cursor.copy("COPY t (id, name) FROM STDIN") as copy:
            for i in range(20, 1500):
                copy.write_row((i, f"copied {i}"))
        note("copied", cursor.rowcount)
        with cursor.copy("COPY (SELECT * FROM t ORDER BY id) TO STDOUT") as copy:
            note("copy out", b"".join(bytes(b) for b in copy)[-200:])
        with cursor.copy("COPY (SELECT id, name FROM t ORDER BY id LIMIT 5) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            note("copy binary", list(copy.rows()))
        note("sum", cursor.execute("SELECT count(*), sum(id), sum(n) FROM t").fetchone())
        note("update", cursor.execute("UPDATE t SET n = 0 WHERE id < 7").rowcount)


def cursors(connection):
    with connection.cursor(name="server side") as cursor:
        cursor.itersize = 7
        cursor.execute("SELECT generate_series(1, 40)")
        note("server cursor", [row[0] for row in cursor])
    with connection.cursor() as cursor:
        for _ in range(8):  # past the threshold at which psycopg prepares
            cursor.execute("SELECT %s::int + 1", [41])
        note("prepared", cursor.fetchone())
        note("stream", [row for row in cursor.stream("SELECT generate_series(1, 5)")])


def errors(connection):
    failing("syntax", lambda: connection.execute("SELEKT 1"))
    connection.rollback()
    failing("division", lambda: connection.execute("SELECT 1 / %s", [0]))
    failing("aborted", lambda: connection.execute("SELECT 1"))
    connection.rollback()
    try:
        with connection.transaction():
            connection.execute("CREATE TEMP TABLE gone (i int)")
            with connection.transaction():
                connection.execute("INSERT INTO gone VALUES ('x')")
    except psycopg.Error as error:
        note("savepoint", error.sqlstate)
    connection.rollback()


def pipelines(connection):
    with connection.pipeline():
        results = [connection.execute("SELECT %s::int", [i]) for i in range(30)]
    note("pipeline", [r.fetchone()[0] for r in results])
    try:
        with connection.pipeline():
            connection.execute("SELECT 1")
            connection.execute("SELECT 1 / 0")
            connection.execute("SELECT 2")
    except psycopg.Error as error:
        note("pipeline error", error.sqlstate)
    connection.rollback()
    note("after the pipeline", connection.execute("SELECT 3").fetchone())


def notices(connection):
    heard = []
    connection.add_notice_handler(lambda diagnostic: heard.append(diagnostic.message_primary))
    connection.execute("DO $$ BEGIN RAISE NOTICE 'hello %', 1; END $$")
    note("notices", heard)
    connection.commit()
    connection.autocommit = True
    connection.execute("LISTEN tests")
    connection.execute("NOTIFY tests, 'payload'")
    note("notify", [(n.channel, n.payload) for n in connection.notifies(timeout=5, stop_after=1)])


async def cancelling(dsn):
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        task = asyncio.create_task(connection.execute("SELECT pg_sleep(30)"))
        while not task.done():
            await asyncio.sleep(0.05)
            connection.cancel()
        note("cancelled", type(task.exception()).__name__)
        note("after the cancel", await (await connection.execute("SELECT 5")).fetchone())


def main():
    dsn = os.environ["DSN"]
    with psycopg.connect(dsn) as connection:
        for part in (types, writing, cursors, errors, pipelines):
            part(connection)
        connection.rollback()
        notices(connection)
        for parameter in ("server_encoding", "client_encoding", "standard_conforming_strings", "integer_datetimes", "server_version"):
            note(parameter, connection.info.parameter_status(parameter))
    asyncio.run(cancelling(dsn))
    json.dump(seen, sys.stdout, indent=0)


main()
