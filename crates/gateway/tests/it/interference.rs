//! Non-interference: two databases that differ in masked values alone answer a restricted client byte for byte alike,
//! whatever it asks.
//!
//! Queries are generated from a seed over generated tables, and asked by both protocols, in text and binary, by COPY, cursor
//! and EXECUTE, and from within statements that change rows and return them. `PORTCULLIS_INTERFERENCE=N` asks N of them from a seed of
//! the clock, which is printed, `PORTCULLIS_INTERFERENCE=N:SEED` from that one; a seed that ever found a difference belongs
//! into `testing/corpus/interference.seeds`.

use std::fmt::Write as _;

use testkit::{Frame, Postgres, PostgresOptions, RawClient, Server};

use crate::generate::{COLUMNS, Dice, Writer, seeded};
use crate::leaks::extended;
use crate::stage::{Stage, Wishes, new_shop, oidc};

/// Queries of one ordinary run, for each seed.
const QUERIES: u64 = 400;
/// Rows of each generated table.
const ROWS: u64 = 12;

/// `mr` keeps its NULLs to be seen, because redaction shows them; all other masks are NULL.
const LABELS: &str = r#"
[[label]]
schema = "public"
table = "g?"
column = "m[tiqdj]"
label = "secret"
mask = "null"
use = "opaque"

[[label]]
schema = "public"
table = "g?"
column = "mr"
label = "secret"
mask = "redact"
use = "opaque"
"#;

/// Statements that fill a shop with the generated tables: equal seeds give equal open values, and `side` the masked ones.
fn schema(seed: u64, side: u64) -> String {
    let mut text = String::new();
    let mut dice = Dice(seed);
    let mut secret = Dice(side);
    for table in ["g1", "g2"] {
        writeln!(
            text,
            "CREATE TABLE {table} (id int PRIMARY KEY, a text, n int, d date, j jsonb, mt text, mr text, mi int, mq numeric, md date, mj jsonb);"
        )
        .unwrap();
        for id in 1..=ROWS {
            let open_null = dice.one_in(6);
            let word = dice.pick(&["a1", "b2", "", "c c", "9"]);
            let n = dice.below(7);
            let mut value = |text: String| match secret.one_in(5) {
                true => "NULL".to_owned(),
                false => text,
            };
            let mt = value(format!("'{}'", side * 31 + id * 7));
            let mi = value(((side * id * 13) % 11).to_string());
            let mq = value(format!("{}.25", (side * id * 17) % 23));
            let md = value(format!("date '1990-01-01' + {}", (side * id * 97) % 9000));
            let mj = value(format!("'{{\"k\": {}}}'", (side + id) % 5));
            let mr = match open_null {
                true => "NULL".to_owned(),
                false => format!(
                    "'{}'",
                    "a1".repeat(usize::try_from((side * id) % 6).unwrap())
                ),
            };
            writeln!(
                text,
                "INSERT INTO {table} VALUES ({id}, '{word}', {n}, date '2001-01-01' + {n}, '{{\"k\": {n}}}', {mt}, {mr}, {mi}, {mq}, {md}, {mj});"
            )
            .unwrap();
        }
    }
    text.push_str(
        "CREATE VIEW gv AS SELECT id, a, n, d, j, upper(mt) AS mt, mr, mi, mq, md, mj FROM g1;\n\
         CREATE TABLE gk (LIKE g2 INCLUDING ALL) WITH (autovacuum_enabled = false);\n\
         INSERT INTO gk SELECT * FROM g2;\n\
         GRANT SELECT ON g1, g2, gv TO portcullis_gateway; GRANT SELECT, INSERT, UPDATE ON gk TO portcullis_gateway;\n",
    );
    text
}

fn side(seed: u64, side: u64) -> (Stage, &'static Postgres) {
    let server = Server::standard();
    let options = PostgresOptions::default();
    let postgres: &'static Postgres = Box::leak(Box::new(new_shop(&server, options)));
    postgres.sql("shop", &schema(seed, side));
    let wishes = Wishes {
        labels: LABELS,
        ..Wishes::default()
    };
    (Stage::on(postgres, oidc(), &wishes), postgres)
}

/// What a run came to.
#[derive(Default, Debug)]
struct Counts {
    asked: usize,
    refused: usize,
    failed: usize,
    served: usize,
    served_masked: usize,
    /// The same, by the way of asking.
    by_way: [usize; 10],
    /// Of the first [`TOLD_MAX`] served, asked of the databases themselves: how many the masked values decide.
    told_apart: usize,
}

/// Ways in which a query is asked, by its number: what the client says, to be undone again where it changes rows. That is in a
/// table which no query reads: rows that were undone change the plans, and with them the order of answers.
const WAYS: u64 = 10;

/// Asks in one of [`WAYS`].
fn ask(client: &mut RawClient, sql: &str, way: u64) -> Vec<Frame> {
    let undone = |client: &mut RawClient, steps: &[&str]| {
        client.query("BEGIN");
        let frames = steps.iter().flat_map(|step| client.query(step)).collect();
        client.query("ROLLBACK");
        frames
    };
    match way % WAYS {
        1 => extended(client, sql),
        2 => client.query(&format!("COPY ({sql}) TO STDOUT")),
        3 => client.query(&format!("COPY ({sql}) TO STDOUT (FORMAT binary)")),
        4 => {
            let declare = format!("DECLARE c CURSOR FOR {sql}");
            undone(client, &[&declare, "FETCH 5 FROM c", "FETCH ALL FROM c"])
        }
        5 => {
            let prepare = format!("PREPARE q AS {sql}");
            let steps = [prepare.as_str(), "EXECUTE q", "DEALLOCATE q"];
            steps.iter().flat_map(|step| client.query(step)).collect()
        }
        6 => {
            let insert = format!(
                "WITH q AS ({sql}) INSERT INTO gk (id, a, n) SELECT 100, 'x', count(*)::int FROM q \
                 RETURNING id, a, n, mt, mr"
            );
            undone(client, &[&insert, "SELECT a, n FROM gk WHERE id = 100"])
        }
        7 => {
            let update = format!(
                "UPDATE gk AS t0 SET a = 'w' WHERE EXISTS ({sql}) RETURNING t0.id, t0.a, t0.mq, t0.mr"
            );
            undone(client, &[&update, "SELECT a FROM gk ORDER BY id"])
        }
        8 => {
            let text = format!("SELECT json_agg(q), count(*) FROM ({sql}) AS q");
            extended(client, &text)
        }
        9 => {
            let text = format!(
                "SELECT xmlagg(xmlelement(NAME r, xmlattributes(q.c AS k), xmlforest(q.c AS x), \
                 xmlelement(NAME e, q.c))), count(*) FROM ({sql}) AS q (c)"
            );
            client.query(&text)
        }
        _ => client.query(sql),
    }
}

fn bytes(frames: &[Frame]) -> Vec<(u8, &[u8])> {
    frames
        .iter()
        .map(|frame| (frame.tag, frame.body.as_slice()))
        .collect()
}

fn names_masked(sql: &str) -> bool {
    COLUMNS
        .iter()
        .any(|(name, _, masked)| *masked && sql.contains(&format!(".{name}")))
}

/// So many of those served are asked of the databases themselves.
const TOLD_MAX: usize = 40;

/// Statements whose answers once differed.
const ONCE_TOLD: &[&str] = &[
    "SELECT to_jsonb(t1.md) FROM g1 AS t1",
    "SELECT to_json(t1.mq)::text FROM gv AS t1",
    "SELECT to_jsonb(((jsonb_build_object('k', t1.md))->>'k')::text) FROM g1 AS t1",
    "SELECT to_jsonb(CASE WHEN true THEN t1.mt ELSE t1.a END::text) FROM gv AS t1",
    "SELECT row_to_json(t1), to_jsonb(t1.mj), to_json(t1.mr) FROM g1 AS t1",
];

/// XML of masked values: of those that are there and not, of no letters, computed, and side by side.
const XML: &[&str] = &[
    "SELECT xmlforest(t1.mt, t1.mr, t1.mq AS q), xmlforest(t1.mt), xmlforest(t1.mr) FROM g1 AS t1",
    "SELECT xmlelement(NAME e, xmlattributes(t1.mt AS k, t1.mr AS l, t1.id), xmlforest(t1.mt, t1.mr), \
     xmlelement(NAME m, t1.mr), xmlelement(NAME n, t1.mi)) FROM g1 AS t1",
    "SELECT xmlelement(NAME e, t1.mr, t1.mt), xmlelement(NAME e, t1.a, t1.mr), \
     xmlelement(NAME e, t1.mt, xmlforest(t1.mr)), xmlconcat(xmlforest(t1.mt), xmlforest(t1.mr)) FROM g1 AS t1",
    "SELECT xmlagg(xmlforest(t1.mt AS x, xmlforest(t1.mi) AS y)), xmlagg(xmlforest(t1.mr)) FROM g1 AS t1",
    "SELECT xmlforest(upper(t1.mr) AS u, length(t1.mt) AS n, t1.mj)::text FROM gv AS t1",
    "SELECT xmlelement(NAME e, xmlelement(NAME f, t1.mt), xmlelement(NAME f, t1.mr), xmlforest(t1.a AS f)) FROM g1 AS t1",
    "SELECT xmlelement(NAME e, t1.a::xml, t1.mr), xmlelement(NAME e, '<f/>'::xml, t1.mt) FROM g1 AS t1 WHERE t1.a = 'b2'",
    "SELECT t1.id, coalesce(xmlagg(xmlforest(t1.mt AS x)), '<none/>'), coalesce(xmlagg(xmlelement(NAME x, t1.mt)), '<none/>') \
     FROM g1 AS t1 GROUP BY t1.id",
];

fn run(seed: u64, queries: u64) -> Counts {
    let ((one, first), (two, second)) = (side(seed, 3), side(seed, 8));
    let (mut left, mut right) = (one.raw("alice"), two.raw("alice"));
    let mut counts = Counts::default();
    let mut differ = Vec::new();
    for sql in ONCE_TOLD.iter().chain(XML) {
        let (a, b) = (ask(&mut left, sql, 0), ask(&mut right, sql, 0));
        assert!(a.iter().all(|frame| frame.tag != b'E'), "{sql} is served");
        if bytes(&a) != bytes(&b) {
            differ.push((*sql).to_owned());
        }
    }
    for nth in 0..queries {
        let sql = Writer::new(
            seed.wrapping_mul(1_000_003).wrapping_add(nth),
            (&["g1", "g2"], &["gv"]),
        )
        .query();
        let (a, b) = (ask(&mut left, &sql, nth), ask(&mut right, &sql, nth));
        if bytes(&a) != bytes(&b) {
            let way = nth % WAYS;
            differ.push(format!("seed {seed}, query {nth}, way {way}: {sql}"));
        }
        counts.asked += 1;
        let error = a.iter().find(|frame| frame.tag == b'E');
        match error.and_then(|frame| frame.field(b'C')).as_deref() {
            Some("42501") => counts.refused += 1,
            Some(_) => counts.failed += 1,
            None => counts.served += 1,
        }
        if error.is_none() && names_masked(&sql) {
            counts.served_masked += 1;
            counts.by_way[usize::try_from(nth % WAYS).unwrap()] += 1;
            // The test could not fail if the masked values did not matter.
            if counts.served_masked <= TOLD_MAX
                && first.sql("shop", &sql) != second.sql("shop", &sql)
            {
                counts.told_apart += 1;
            }
        }
    }
    assert!(
        differ.is_empty(),
        "{} of {queries} answers tell of masked values:\n{}",
        differ.len(),
        differ.join("\n")
    );
    counts
}

#[test]
fn masked_values_decide_nothing_that_a_client_receives() {
    for (seed, queries) in seeded("interference", QUERIES) {
        let counts = run(seed, queries);
        println!("seed {seed}: {counts:?}");
        assert!(
            counts.served * 4 > counts.asked,
            "too little is served: {counts:?}"
        );
        assert!(counts.served_masked * 20 > counts.asked, "{counts:?}");
        assert!(
            counts.told_apart * 8 > counts.served_masked.min(TOLD_MAX),
            "the databases hardly differ: {counts:?}"
        );
    }
}
