//! The differential oracle: PostgreSQL itself says what a generated statement needed, and the effects must have named it.
//!
//! Each statement runs, in a transaction that is rolled back, as a role that was granted what its effects name and
//! nothing else. Where columns alone do not suffice, PostgreSQL asks for ones that are mentioned and never used; then the
//! relations suffice, and the answer must not depend on the columns that the effects left out. `EXPLAIN` must read no
//! relation that the effects do not name. `PORTCULLIS_ORACLE=N` asks N statements from a seed of the clock,
//! `PORTCULLIS_ORACLE=N:SEED` from that one; a seed that ever found something belongs into `testing/corpus/oracle.seeds`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use model::{CatalogVersion, Effect, Object, Verb};
use serde_json::Value;
use sql::catalog::{Builder, QUERIES};
use sql::{Catalog, View};
use testkit::{Frame, Postgres, PostgresOptions, RawClient, SUPERUSER, Server};

use crate::generate::{COLUMNS, Kind, Writer, seeded};

/// Statements of one ordinary run, for each seed.
const STATEMENTS: u64 = 400;
/// Tables: plain, partitioned, inherited from.
const TABLES: &[&str] = &["g1", "g2", "gp", "gi"];
/// Views: with the asker's rights, and with the owner's.
const VIEWS: &[&str] = &["gv", "gw", "gx"];

pub(crate) fn schema() -> String {
    let columns = "(id int NOT NULL, a text, n int, d date, j jsonb, mt text, mr text, mi int, mq numeric, md date, \
                   mj jsonb, zz int)";
    let mut text = format!(
        "CREATE TABLE g1 {columns}; ALTER TABLE g1 ADD PRIMARY KEY (id);
         CREATE TABLE g2 {columns}; ALTER TABLE g2 ADD PRIMARY KEY (id);
         CREATE TABLE gp {columns} PARTITION BY RANGE (id);
         CREATE TABLE gp1 PARTITION OF gp FOR VALUES FROM (0) TO (6);
         CREATE TABLE gp2 PARTITION OF gp FOR VALUES FROM (6) TO (1000);
         CREATE TABLE gi {columns};
         CREATE TABLE gi1 () INHERITS (gi);
         CREATE SEQUENCE sq;
         CREATE ROLE probe; CREATE ROLE keeper;
         CREATE FUNCTION own(x int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN x + 1; END';
         CREATE FUNCTION body() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.g2';
         REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;\n"
    );
    for table in ["g1", "g2", "gp", "gi", "gi1"] {
        let _written = writeln!(
            text,
            "INSERT INTO {table} SELECT i, chr(96 + i) || i, i % 5, date '2001-01-01' + i, jsonb_build_object('k', i % 3), \
             (i * 7)::text, repeat('a1', i % 4), i % 6, i + 0.25, date '1990-01-01' + i * 9, jsonb_build_object('k', i % 2), i \
             FROM generate_series(1, 10) i;"
        );
    }
    text.push_str(
        "CREATE VIEW gv WITH (security_invoker = true) AS SELECT id, a, n, d, j, upper(mt) AS mt, mr, mi, mq, md, mj, zz FROM g1;
         CREATE VIEW gw AS SELECT t.id, t.a, t.n, t.d, t.j, t.mt, t.mr, t.mi, u.mq, u.md, u.mj, u.zz FROM gp t JOIN g2 u USING (id);
         CREATE VIEW gx AS SELECT * FROM gw UNION ALL SELECT id, a, n, d, j, mt, mr, mi, mq, md, mj, zz FROM gi;
         ALTER VIEW gw OWNER TO keeper; ALTER VIEW gx OWNER TO keeper;
         GRANT USAGE ON SCHEMA public TO probe, keeper; GRANT SELECT ON gp, g2, gi TO keeper;\n",
    );
    text
}

/// Statements that change rows, around the generated queries.
struct Author(Writer);

impl Author {
    fn new(seed: u64) -> Self {
        Self(Writer::new(seed, (TABLES, VIEWS)))
    }

    fn table(&mut self) -> &'static str {
        self.0.dice.pick(TABLES)
    }

    /// An expression over what is in scope.
    fn value(&mut self, kind: Kind) -> String {
        self.0.expression(kind, 2, true)
    }

    fn filter(&mut self) -> String {
        match self.0.dice.one_in(4) {
            true => String::new(),
            false => format!(" WHERE {}", self.value(Kind::Bool)),
        }
    }

    fn returning(&mut self) -> String {
        match self.0.dice.below(4) {
            0 => " RETURNING *".to_owned(),
            1 => format!(
                " RETURNING {}, {}",
                self.value(Kind::Text),
                self.value(Kind::Int)
            ),
            _ => String::new(),
        }
    }

    fn insert(&mut self) -> String {
        let table = self.table();
        let kinds = [Kind::Int, Kind::Text, Kind::Int];
        let source = match self.0.dice.below(3) {
            0 => format!("VALUES ({}, 'v', 5)", 100 + self.0.dice.below(9)),
            1 => format!("SELECT 200, {}, 5", self.value(Kind::Text)),
            _ => self.0.select(&kinds, 2, true),
        };
        let mut text = format!("INSERT INTO {table} AS t0 (id, a, n) {source}");
        self.0.scope = vec!["t0".to_owned()];
        if matches!(table, "g1" | "g2") {
            match self.0.dice.below(4) {
                0 => text.push_str(" ON CONFLICT DO NOTHING"),
                1 => {
                    let value = self.value(Kind::Text);
                    let filter = self.filter();
                    let _written = write!(
                        text,
                        " ON CONFLICT (id) DO UPDATE SET a = {value}, n = excluded.n{filter}"
                    );
                }
                _ => {}
            }
        }
        text + &self.returning()
    }

    fn update(&mut self) -> String {
        let table = self.table();
        self.0.scope = vec!["t0".to_owned()];
        let from = match self.0.dice.one_in(3) {
            true => {
                self.0.scope.push("t9".to_owned());
                format!(
                    " FROM {} AS t9",
                    self.0.dice.pick(&["g2", "gv", "gw", "gi"])
                )
            }
            false => String::new(),
        };
        let set = match self.0.dice.below(3) {
            0 => format!("a = {}", self.value(Kind::Text)),
            1 => format!(
                "n = {}, d = {}",
                self.value(Kind::Int),
                self.value(Kind::Date)
            ),
            _ => format!(
                "(a, n) = ({} LIMIT 1)",
                self.0.select(&[Kind::Text, Kind::Int], 1, true)
            ),
        };
        let filter = self.filter();
        let only = self.0.dice.pick(&["", "", "ONLY "]);
        format!("UPDATE {only}{table} AS t0 SET {set}{from}{filter}") + &self.returning()
    }

    fn delete(&mut self) -> String {
        let table = self.table();
        self.0.scope = vec!["t0".to_owned()];
        let using = match self.0.dice.one_in(3) {
            true => {
                self.0.scope.push("t9".to_owned());
                format!(" USING {} AS t9", self.0.dice.pick(&["g2", "gv", "gx"]))
            }
            false => String::new(),
        };
        let filter = self.filter();
        format!("DELETE FROM {table} AS t0{using}{filter}") + &self.returning()
    }

    fn merge(&mut self) -> String {
        let table = self.0.dice.pick(&["g1", "g2", "gp"]);
        let source = self.0.dice.pick(&["g2", "gi", "gv", "gw"]);
        self.0.scope = vec!["t0".to_owned(), "t9".to_owned()];
        let matched = match self.0.dice.below(3) {
            0 => "DELETE".to_owned(),
            1 => "DO NOTHING".to_owned(),
            _ => format!("UPDATE SET a = {}", self.value(Kind::Text)),
        };
        let when = match self.0.dice.one_in(2) {
            true => format!(" AND {}", self.value(Kind::Bool)),
            false => String::new(),
        };
        self.0.scope = vec!["t9".to_owned()];
        let text = self.value(Kind::Text);
        format!(
            "MERGE INTO {table} AS t0 USING {source} AS t9 ON t0.id = t9.id WHEN MATCHED{when} THEN {matched} \
             WHEN NOT MATCHED THEN INSERT (id, a) VALUES (t9.id + 300, {text})"
        )
    }

    fn change(&mut self) -> String {
        match self.0.dice.below(4) {
            0 => self.insert(),
            1 => self.update(),
            2 => self.delete(),
            _ => self.merge(),
        }
    }

    fn statement(&mut self) -> String {
        match self.0.dice.below(20) {
            0..=4 => self.0.query(),
            5..=10 => self.change(),
            11 => {
                let change = match self.0.dice.below(3) {
                    0 => self.insert(),
                    1 => self.update(),
                    _ => self.delete(),
                };
                self.0.scope.clear();
                let query = self.0.select(&[Kind::Text, Kind::Int], 1, true);
                let change = change
                    .split(" RETURNING ")
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                format!(
                    "WITH w AS ({change} RETURNING id, a), r AS ({query}) SELECT count(*) FROM w, r"
                )
            }
            12 => format!("SELECT * INTO TEMP made FROM ({}) AS q (x)", self.one()),
            13 => format!("CREATE TEMP TABLE made AS {}", self.one()),
            14 => match self.0.dice.below(3) {
                0 => format!("COPY ({}) TO STDOUT", self.0.select(&[Kind::Text], 2, true)),
                1 => format!(
                    "COPY {} (id, a) TO STDOUT",
                    self.0.dice.pick(&["g1", "g2", "gi"])
                ),
                _ => format!("COPY {} (id, a, n) FROM STDIN", self.table()),
            },
            15 => {
                let lock =
                    self.0
                        .dice
                        .pick(&["UPDATE", "SHARE", "NO KEY UPDATE OF t1", "KEY SHARE"]);
                let table = self.table();
                self.0.scope = vec!["t1".to_owned()];
                let filter = self.filter();
                format!("SELECT t1.a FROM {table} AS t1{filter} FOR {lock}")
            }
            16 => match self.0.dice.below(3) {
                0 => format!("TRUNCATE {}", self.table()),
                1 => format!("LOCK {} IN ACCESS SHARE MODE", self.table()),
                _ => format!("LOCK {} IN EXCLUSIVE MODE", self.table()),
            },
            17 => format!("EXPLAIN ANALYZE {}", self.change()),
            18 => format!("DECLARE c CURSOR FOR {}", self.0.query()),
            _ => {
                let call = self
                    .0
                    .dice
                    .pick(&["own(t1.n)", "body()", "nextval('sq')::int"]);
                format!("SELECT t1.id, {call} FROM {} AS t1", self.table())
            }
        }
    }

    /// A query of one column.
    fn one(&mut self) -> String {
        self.0.select(&[Kind::Text], 2, true)
    }
}

/// What a run came to.
#[derive(Default, Debug)]
struct Counts {
    asked: u64,
    /// Parsed, and every effect was named.
    analysed: u64,
    /// PostgreSQL let it run with what the effects name, column by column.
    granted: u64,
    /// It asked for columns that are mentioned and not used; the relations sufficed.
    wide: u64,
    /// It failed for another reason.
    failed: u64,
    /// Reads whose answers did not change with the columns that the effects leave out.
    scrambled: u64,
    /// Plans whose relations the effects name.
    explained: u64,
    /// The effects missed something.
    denied: u64,
}

pub(crate) struct Bench {
    catalog: Catalog,
    view: View,
    admin: RawClient,
    counts: Counts,
    wrong: Vec<String>,
}

/// One relation's name and the columns that a verb takes of it.
type Named<'a> = (&'a str, &'a [String]);

fn table(effect: &Effect) -> Option<Named<'_>> {
    match &effect.object {
        Object::Table { schema, name } if schema == "public" => {
            Some((name.as_str(), effect.columns.as_slice()))
        }
        _ => None,
    }
}

/// The grants that the effects claim to suffice; `whole` where columns are not told apart.
fn grants(effects: &[Effect], whole: bool) -> String {
    let invoked = effects
        .iter()
        .any(|effect| table(effect).is_some_and(|(name, _)| name == "gv"));
    let mut text = String::new();
    for effect in effects {
        if let Object::Function { schema, name } = &effect.object
            && schema == "public"
        {
            let _written = write!(text, "GRANT EXECUTE ON FUNCTION {name} TO probe;");
        }
        let Some((name, columns)) = table(effect) else {
            continue;
        };
        if name == "sq" {
            text.push_str("GRANT USAGE ON SEQUENCE sq TO probe;");
            continue;
        }
        // A view with the asker's rights asks for all columns that it mentions.
        let whole = whole || (invoked && name == "g1");
        let listed = match columns {
            [] => "zz".to_owned(),
            columns => columns.join(", "),
        };
        let verb = match effect.verb {
            Verb::Select if whole => "SELECT".to_owned(),
            Verb::Select => format!("SELECT ({listed})"),
            Verb::Insert if whole || columns.is_empty() => "INSERT".to_owned(),
            Verb::Insert => format!("INSERT ({listed})"),
            Verb::Update | Verb::Lock if whole => "UPDATE".to_owned(),
            Verb::Update | Verb::Lock => format!("UPDATE ({listed})"),
            Verb::Delete => "DELETE".to_owned(),
            Verb::Truncate => "TRUNCATE".to_owned(),
            _ => continue,
        };
        let _written = write!(text, "GRANT {verb} ON {name} TO probe;");
    }
    text
}

/// The first error: its code and its words.
fn error(frames: &[Frame]) -> Option<(String, String)> {
    let error = frames.iter().find(|frame| frame.tag == b'E')?;
    let field = |code| error.field(code).unwrap_or_default();
    Some((field(b'C'), field(b'M')))
}

/// The answer without its order.
fn answer(frames: &[Frame]) -> Vec<(u8, Vec<u8>)> {
    let mut rows: Vec<_> = frames
        .iter()
        .filter(|frame| matches!(frame.tag, b'D' | b'd'))
        .map(|frame| (frame.tag, frame.body.clone()))
        .collect();
    rows.sort();
    rows.extend(error(frames).map(|(code, _)| (b'E', code.into_bytes())));
    rows
}

/// Relations that a plan reads or writes.
fn planned(plan: &Value, found: &mut BTreeSet<String>) {
    match plan {
        Value::Object(fields) => {
            if fields.get("Schema").and_then(Value::as_str) == Some("public")
                && let Some(name) = fields.get("Relation Name").and_then(Value::as_str)
            {
                found.insert(name.to_owned());
            }
            fields.values().for_each(|inner| planned(inner, found));
        }
        Value::Array(list) => list.iter().for_each(|inner| planned(inner, found)),
        _ => {}
    }
}

/// Another value of the same type for each column that is not in `kept`.
fn scrambled(relation: &str, kept: &BTreeSet<&str>) -> String {
    const OTHERS: &[(&str, &str)] = &[
        ("id", "id + 20"),
        ("a", "reverse(a) || 'q'"),
        ("n", "n + 1"),
        ("d", "d + 3"),
        ("j", "'{\"k\": 9}'"),
        ("mt", "mt || '9'"),
        ("mr", "nullif(mr || 'z', 'z')"),
        ("mi", "mi + 2"),
        ("mq", "mq + 1"),
        ("md", "md + 1"),
        ("mj", "'{\"z\": 1}'"),
        ("zz", "99"),
    ];
    let columns: Vec<&str> = OTHERS
        .iter()
        .map(|(name, other)| {
            let fixed = *name == "id" && relation.starts_with("gp");
            if fixed || kept.contains(name) {
                *name
            } else {
                *other
            }
        })
        .collect();
    format!(
        "CREATE TEMP TABLE s_{relation} AS SELECT * FROM ONLY {relation}; TRUNCATE ONLY {relation}; \
         INSERT INTO {relation} SELECT {} FROM s_{relation} ORDER BY ctid;",
        columns.join(", ")
    )
}

impl Bench {
    pub(crate) fn new(postgres: &Postgres) -> Self {
        let address = ([127, 0, 0, 1], postgres.port).into();
        let mut admin = RawClient::login(address, SUPERUSER.0, "oracle", SUPERUSER.1);
        let mut builder = Builder::new(CatalogVersion(1));
        for query in QUERIES {
            for row in admin.query(query.sql).iter().filter(|f| f.tag == b'D') {
                let cells = row.columns();
                let cells: Vec<Option<&str>> = cells
                    .iter()
                    .map(|cell| {
                        cell.as_deref()
                            .map(|bytes| std::str::from_utf8(bytes).unwrap())
                    })
                    .collect();
                builder.row(query.name, &cells).unwrap();
            }
        }
        admin.query("RESET search_path");
        let catalog = builder.build().unwrap();
        Self {
            view: View::initial(&catalog),
            catalog,
            admin,
            counts: Counts::default(),
            wrong: Vec::new(),
        }
    }

    /// The effects of a statement, if every one is named.
    pub(crate) fn effects(&self, sql: &str) -> Option<Vec<Effect>> {
        let inspection = sql::inspect(sql, &self.view, &self.catalog).ok()?;
        let mut effects = Vec::new();
        for inspected in &inspection.statements {
            effects.extend(inspected.statement.effects.iter().cloned());
            if let sql::Step::DeclareCursor { inner, .. } = &inspected.session.step {
                effects.extend(inner.statement.effects.iter().cloned());
            }
        }
        let named = effects.iter().all(|effect| effect.verb != Verb::Unanalysed);
        named.then_some(effects)
    }

    /// Runs within a transaction that is rolled back, after something else.
    pub(crate) fn within(&mut self, before: &str, sql: &str) -> Vec<Frame> {
        let said = self.admin.query(&format!("BEGIN; {before}"));
        assert!(error(&said).is_none(), "{before}: {said:?}");
        self.admin.send(b'Q', &[sql.as_bytes(), &[0]].concat());
        if sql.ends_with("FROM STDIN") {
            self.admin.send(b'c', &[]);
        }
        let frames = self.admin.read_until_ready();
        self.admin.query("ROLLBACK");
        frames
    }

    fn check(&mut self, place: &str, sql: &str) {
        self.counts.asked += 1;
        let Some(effects) = self.effects(sql) else {
            return;
        };
        self.counts.analysed += 1;
        self.privileges(place, sql, &effects);
        let first = sql.split(' ').next().unwrap_or_default();
        if matches!(first, "SELECT" | "WITH") && effects.iter().all(|e| e.verb == Verb::Select) {
            self.columns(place, sql, &effects);
        }
        if matches!(
            first,
            "SELECT" | "WITH" | "INSERT" | "UPDATE" | "DELETE" | "MERGE"
        ) {
            self.plan(place, sql, &effects);
        }
    }

    fn privileges(&mut self, place: &str, sql: &str, effects: &[Effect]) {
        // LOCK asks for privileges on the whole.
        for whole in [sql.starts_with("LOCK"), true] {
            let before = format!("{} SET LOCAL ROLE probe", grants(effects, whole));
            match error(&self.within(&before, sql)) {
                None if whole && !sql.starts_with("LOCK") => return self.counts.wide += 1,
                None => return self.counts.granted += 1,
                Some((code, said)) if code != "42501" => {
                    self.counts.failed += 1;
                    assert!(!said.contains("syntax error"), "{sql}: {said}");
                    return;
                }
                Some((_, said)) if whole => {
                    self.counts.denied += 1;
                    self.wrong.push(format!("{place}: {said}: {sql}"));
                    return;
                }
                Some(_) => {}
            }
        }
    }

    fn columns(&mut self, place: &str, sql: &str, effects: &[Effect]) {
        let named: BTreeSet<&str> = effects
            .iter()
            .filter_map(table)
            .map(|(name, _)| name)
            .collect();
        let mut members = vec!["g1", "g2", "gp1", "gp2", "gi", "gi1"];
        members.retain(|member| named.contains(member));
        let everything = COLUMNS
            .iter()
            .map(|(name, ..)| *name)
            .chain(["zz"])
            .collect();
        // Laid down anew both times, so that the rows lie alike.
        let same: String = members
            .iter()
            .map(|member| scrambled(member, &everything))
            .collect();
        let before: String = members
            .iter()
            .map(|member| {
                let of = effects
                    .iter()
                    .filter_map(table)
                    .filter(|(name, _)| name == member);
                let kept: BTreeSet<&str> = of
                    .flat_map(|(_, columns)| columns)
                    .map(String::as_str)
                    .collect();
                scrambled(member, &kept)
            })
            .collect();
        let (plain, other) = (self.within(&same, sql), self.within(&before, sql));
        self.counts.scrambled += 1;
        if answer(&plain) != answer(&other) {
            self.counts.denied += 1;
            self.wrong.push(format!(
                "{place}: a column that is not named decides: {sql}"
            ));
        }
    }

    fn plan(&mut self, place: &str, sql: &str, effects: &[Effect]) {
        let frames = self.within("", &format!("EXPLAIN (VERBOSE, FORMAT JSON) {sql}"));
        let rows = frames.iter().filter(|frame| frame.tag == b'D');
        let text: String = rows.flat_map(Frame::texts).collect();
        let Ok(plan) = serde_json::from_str::<Value>(&text) else {
            return;
        };
        let mut found = BTreeSet::new();
        planned(&plan, &mut found);
        let known: BTreeSet<&str> = effects
            .iter()
            .filter_map(table)
            .map(|(name, _)| name)
            .collect();
        self.counts.explained += 1;
        if let Some(missed) = found.iter().find(|name| !known.contains(name.as_str())) {
            self.counts.denied += 1;
            self.wrong
                .push(format!("{place}: the plan reads {missed}: {sql}"));
        }
    }
}

fn run(seed: u64, statements: u64) {
    let options = PostgresOptions {
        auth: "password",
        settings: vec!["autovacuum = off".to_owned()],
        ..PostgresOptions::default()
    };
    let postgres = Postgres::start(&Server::standard(), &options);
    postgres.sql("postgres", "CREATE DATABASE oracle");
    postgres.sql("oracle", &schema());
    let mut bench = Bench::new(&postgres);
    for nth in 0..statements {
        let sql = Author::new(seed.wrapping_mul(1_000_003).wrapping_add(nth)).statement();
        bench.check(&format!("seed {seed}, statement {nth}"), &sql);
    }
    let Bench { counts, wrong, .. } = bench;
    println!("seed {seed}: {counts:?}");
    assert!(
        wrong.is_empty(),
        "{} missed:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(counts.analysed * 10 > counts.asked * 7, "{counts:?}");
    assert!(counts.granted * 10 > counts.asked * 3, "{counts:?}");
    assert!(counts.scrambled * 10 > counts.asked, "{counts:?}");
}

#[test]
fn effects_cover_what_postgresql_asks_for() {
    let runs = seeded("oracle", STATEMENTS);
    let work = move || runs.into_iter().for_each(|(seed, count)| run(seed, count));
    let thread = std::thread::Builder::new()
        .stack_size(sql::STACK_BYTES)
        .spawn(work)
        .unwrap();
    thread.join().unwrap();
}
