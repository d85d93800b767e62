// What node-postgres sees, as JSON; run directly and through the gateway.
import pg from 'pg';
import Cursor from 'pg-cursor';

const seen = [];
const note = (name, value) => seen.push([name, JSON.stringify(value)]);

async function failing(name, act) {
  try {
    await act();
    note(name, 'no error');
  } catch (error) {
    note(name, [error.code, error.message]);
  }
}

const client = new pg.Client({ connectionString: process.env.DSN });
const notices = [];
client.on('notice', (notice) => notices.push(notice.message));
await client.connect();

note('simple', (await client.query('SELECT 1 AS one, NULL AS nothing, true AS yes, 1.5::numeric AS n')).rows);
note('parameters', (await client.query('SELECT $1::int + 1 AS a, $2::text AS b, $3::jsonb AS c, $4::timestamptz AS d, $5::bytea AS e',
  [41, "o'clock", { k: [1] }, '2026-01-01T00:00:00Z', Buffer.from([0, 255])])).rows);
for (let i = 0; i < 3; i += 1) note(`named ${i}`, (await client.query({ name: 'named', text: 'SELECT $1::int * 2 AS n', values: [i] })).rows);
note('many', (await client.query('SELECT 1; SELECT 2')).map((result) => result.rows));
note('array mode', (await client.query({ text: 'SELECT 1, 2', rowMode: 'array' })).rows);
note('fields', (await client.query('SELECT 1::int8 AS a, now() AS b')).fields.map((field) => [field.name, field.dataTypeID]));

await client.query('CREATE TEMP TABLE t (id int PRIMARY KEY, name text)');
await client.query('BEGIN');
note('inserted', (await client.query('INSERT INTO t SELECT g, g::text FROM generate_series(1, 500) AS g')).rowCount);
await failing('duplicate', () => client.query('INSERT INTO t VALUES (1, $1)', ['again']));
await failing('aborted', () => client.query('SELECT 1'));
await client.query('ROLLBACK');
note('rolled back', (await client.query('SELECT count(*)::int AS n FROM t')).rows);
await failing('syntax', () => client.query('SELEKT'));

const cursor = client.query(new Cursor('SELECT generate_series(1, 25) AS n'));
note('cursor', [(await cursor.read(10)).length, (await cursor.read(10)).length, (await cursor.read(10)).length]);
await cursor.close();

await client.query("DO $$ BEGIN RAISE NOTICE 'hello'; END $$");
note('notices', notices);
const heard = new Promise((resolve) => { client.once('notification', resolve); });
await client.query('LISTEN tests');
await client.query("NOTIFY tests, 'payload'");
note('notification', [(await heard).channel, (await heard).payload]);
note('large', (await client.query('SELECT length(repeat($1, 3000000)) AS n, repeat($1, 300000) AS t', ['ä'])).rows.map((r) => [r.n, r.t.length]));
await client.end();

const pool = new pg.Pool({ connectionString: process.env.DSN, max: 5 });
const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => pool.query('SELECT $1::int AS n', [i])));
note('pool', answers.map((answer) => answer.rows[0].n));
await pool.end();
console.log(JSON.stringify(seen));
