"""What asyncpg sees, as JSON; run directly and through the gateway. Always extended protocol, always binary."""

import asyncio
import datetime
import decimal
import io
import json
import os
import sys
import uuid

import asyncpg

seen = []


def note(name, value):
    seen.append([name, repr(value)])


async def values(connection):
    rows = await connection.fetch(
        "SELECT $1::int AS a, $2::text AS b, $3::numeric AS c, $4::timestamptz AS d, $5::uuid AS e, $6::int[] AS f, $7::bytea AS g, "
        "$8::jsonb AS h, $9::interval AS i, $10::bool AS j",
        1, "two", decimal.Decimal("3.1400"), datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc), uuid.UUID(int=5), [1, None, 3],
        b"\x00\x01", '{"k": [1, 2]}', datetime.timedelta(days=1, seconds=2), None)
    note("values", [dict(r) for r in rows])
    note("composite", await connection.fetchval("SELECT row(1, 'x', null::int)"))
    note("nested", await connection.fetchval("SELECT '{{1,2},{3,4}}'::int[]"))
    note("range", await connection.fetchval("SELECT tstzrange('2026-01-01', '2026-02-01')"))


async def statements(connection):
    statement = await connection.prepare("SELECT generate_series(1, $1::int) AS n, now() IS NOT NULL")
    note("attributes", [(a.name, a.type.name) for a in statement.get_attributes()])
    note("parameters", [p.name for p in statement.get_parameters()])
    note("prepared", [tuple(r) for r in await statement.fetch(5)])
    async with connection.transaction():
        note("cursor", [r["n"] async for r in connection.cursor("SELECT generate_series(1, 300) AS n", prefetch=50)][-3:])
    await connection.execute("CREATE TEMP TABLE t (id int, name text)")
    await connection.executemany("INSERT INTO t VALUES ($1, $2)", [(i, str(i)) for i in range(100)])
    note("copied in", await connection.copy_records_to_table("t", records=[(i, "c") for i in range(1000)]))
    out = io.BytesIO()
    note("copied out", (await connection.copy_from_query("SELECT * FROM t ORDER BY id, name", output=out, format="csv"), len(out.getvalue())))
    note("counted", await connection.fetchval("SELECT count(*) FROM t"))


async def failures(connection):
    for sql in ("SELEKT", "SELECT 1/0", "SELECT * FROM nowhere", "INSERT INTO t VALUES ('x', 'y')"):
        try:
            await connection.fetch(sql)
            note(sql, "no error")
        except asyncpg.PostgresError as error:
            note(sql, (error.sqlstate, error.message))
    try:
        async with connection.transaction():
            await connection.execute("SELECT 1")
            await connection.execute("SELECT 1/0")
    except asyncpg.PostgresError as error:
        note("transaction", error.sqlstate)
    note("after", await connection.fetchval("SELECT 1"))


async def events(connection):
    heard = asyncio.get_running_loop().create_future()
    await connection.add_listener("tests", lambda *args: heard.done() or heard.set_result(args[2:]))
    await connection.execute("SELECT pg_notify('tests', 'hello')")
    note("notification", await asyncio.wait_for(heard, 10))
    try:
        await asyncio.wait_for(connection.fetch("SELECT pg_sleep(30)"), 0.3)
    except (TimeoutError, asyncio.TimeoutError):
        note("time-out", True)
    note("after the time-out", await connection.fetchval("SELECT 7"))


async def main():
    connection = await asyncpg.connect(os.environ["DSN"])
    for part in (values, statements, failures, events):
        await part(connection)
    await connection.close()
    json.dump(seen, sys.stdout, indent=0)


asyncio.run(main())
