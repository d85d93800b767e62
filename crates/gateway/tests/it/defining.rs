//! The oracle of definitions: PostgreSQL's own event triggers say what a generated statement made, changed and dropped,
//! and the effects must have named each.
//!
//! Each statement runs as a superuser in a transaction that is rolled back, once directly; nothing goes through a
//! gateway. `PORTCULLIS_DEFINITIONS=N` asks N statements from a seed of the clock, `PORTCULLIS_DEFINITIONS=N:SEED` from
//! that one.

use std::collections::BTreeMap;

use model::{Effect, Verb};
use testkit::{Frame, Postgres, PostgresOptions, Server};

use crate::generate::Dice;
use crate::oracle::{Bench, schema};

/// Statements of one ordinary run.
const STATEMENTS: u64 = 400;
/// The ordinary run's seed.
const SEED: u64 = 1;

/// Tells each command and each dropped object as a notice.
const TELLERS: &str = r"
CREATE FUNCTION tell_commands() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE c record; BEGIN
  FOR c IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
    RAISE NOTICE 'told|%|%|%', c.command_tag, c.object_type, c.object_identity;
  END LOOP; END $$;
CREATE FUNCTION tell_dropped() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE c record; BEGIN
  FOR c IN SELECT * FROM pg_event_trigger_dropped_objects() WHERE original OR normal LOOP
    RAISE NOTICE 'told|%|%|%', CASE WHEN c.original THEN 'DROP' ELSE 'CASCADE' END, c.object_type, c.object_identity;
  END LOOP; END $$;
CREATE EVENT TRIGGER tell_commands ON ddl_command_end EXECUTE FUNCTION tell_commands();
CREATE EVENT TRIGGER tell_dropped ON sql_drop EXECUTE FUNCTION tell_dropped();";

/// What the statements are about, beside the other oracle's tables.
const OBJECTS: &str = r"
CREATE SCHEMA side;
CREATE TYPE mood AS ENUM ('well', 'ill');
CREATE DOMAIN small AS int CHECK (VALUE < 1000);
CREATE TABLE side.notes (id int PRIMARY KEY, text text, mood mood, size small);
CREATE VIEW side.seen AS SELECT id, text FROM side.notes;
CREATE MATERIALIZED VIEW side.kept AS SELECT id FROM side.notes;
CREATE TABLE refers (id int REFERENCES g1 (id), note int);
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER fires BEFORE INSERT ON g2 FOR EACH ROW EXECUTE FUNCTION fires();
CREATE FUNCTION makes() RETURNS void LANGUAGE plpgsql AS 'BEGIN CREATE TABLE made (a int); DROP TABLE refers; END';
CREATE FUNCTION makes_by_sql() RETURNS void LANGUAGE sql AS 'CREATE TABLE made_by_sql (a int)';
CREATE PROCEDURE alters() LANGUAGE plpgsql AS 'BEGIN ALTER TABLE g2 ADD COLUMN more int; END';
CREATE POLICY mine ON g1 USING (n > 0);
CREATE INDEX g1_n ON g1 (n);
CREATE STATISTICS g1_st ON a, n FROM g1;";

/// `?` stands for one of the tables, `%` for a name of its own, `#` for a number.
const TEMPLATES: &[&str] = &[
    "CREATE TABLE % (id int PRIMARY KEY, a text DEFAULT 'x', n serial)",
    "CREATE TABLE % AS SELECT id, n FROM ?",
    "CREATE TEMP TABLE % AS SELECT # AS a",
    "SELECT id, n INTO % FROM ?",
    "CREATE TABLE % (LIKE ? INCLUDING ALL)",
    "CREATE TABLE % () INHERITS (?)",
    "CREATE TABLE % PARTITION OF gp FOR VALUES FROM (200#) TO (300#)",
    "CREATE TABLE % (id int REFERENCES g1 (id))",
    "CREATE UNLOGGED TABLE IF NOT EXISTS % (a int GENERATED ALWAYS AS IDENTITY, b int GENERATED ALWAYS AS (#) STORED)",
    "CREATE SCHEMA % CREATE TABLE within (a int) CREATE VIEW over AS SELECT a FROM within",
    "CREATE SCHEMA IF NOT EXISTS %",
    "CREATE VIEW % AS SELECT id FROM ?",
    "CREATE OR REPLACE VIEW side.seen AS SELECT id, text, # AS more FROM side.notes",
    "CREATE RECURSIVE VIEW % (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM % WHERE n < 5",
    "CREATE MATERIALIZED VIEW % AS SELECT n FROM ? WITH NO DATA",
    "REFRESH MATERIALIZED VIEW side.kept",
    "CREATE INDEX % ON ? (n)",
    "CREATE UNIQUE INDEX ON g1 (lower(a)) WHERE n > #",
    "DROP INDEX g1_n",
    "ALTER INDEX g1_n RENAME TO %",
    "REINDEX TABLE g1",
    "ALTER TABLE ? ADD COLUMN % int DEFAULT #",
    "ALTER TABLE g1 DROP COLUMN n CASCADE",
    "ALTER TABLE g1 DROP COLUMN IF EXISTS zz CASCADE, ADD COLUMN % text, ALTER COLUMN a SET NOT NULL",
    "ALTER TABLE ? ALTER COLUMN n TYPE bigint",
    "ALTER TABLE g1 RENAME COLUMN a TO %",
    "ALTER TABLE g1 RENAME TO %",
    "ALTER TABLE g1 SET SCHEMA side",
    "ALTER TABLE g1 ADD CONSTRAINT % CHECK (n < 100#)",
    "ALTER TABLE g2 ADD FOREIGN KEY (n) REFERENCES g1 (id) NOT VALID",
    "ALTER TABLE g1 DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE g1 ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE g2 DISABLE TRIGGER fires",
    "ALTER TABLE gp DETACH PARTITION gp1",
    "ALTER TABLE gi1 NO INHERIT gi",
    "ALTER TABLE ? OWNER TO keeper",
    "ALTER TABLE ? REPLICA IDENTITY FULL",
    "ALTER VIEW gv RENAME TO %",
    "ALTER VIEW gv SET (security_barrier = true)",
    "ALTER MATERIALIZED VIEW side.kept RENAME TO %",
    "ALTER SEQUENCE sq RESTART WITH 10#",
    "CREATE SEQUENCE % START #",
    "DROP SEQUENCE sq",
    "DROP TABLE ? CASCADE",
    "DROP TABLE refers, side.notes CASCADE",
    "DROP TABLE IF EXISTS refers, missing_%",
    "DROP VIEW gx, gw",
    "DROP VIEW gw CASCADE",
    "DROP MATERIALIZED VIEW side.kept",
    "DROP SCHEMA side CASCADE",
    "DROP OWNED BY keeper CASCADE",
    "REASSIGN OWNED BY keeper TO probe",
    "COMMENT ON COLUMN g1.a IS 'about %'",
    "COMMENT ON TABLE ? IS 'about %'",
    "COMMENT ON FUNCTION own(int) IS 'about %'",
    "GRANT SELECT (id, n) ON g1 TO probe",
    "GRANT ALL ON ALL TABLES IN SCHEMA side TO probe",
    "REVOKE SELECT ON gp FROM keeper",
    "GRANT USAGE ON SCHEMA side TO probe",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA side GRANT SELECT ON TABLES TO probe",
    "CREATE FUNCTION %() RETURNS int LANGUAGE sql AS 'SELECT #'",
    "CREATE OR REPLACE FUNCTION own(x int) RETURNS int LANGUAGE sql AS 'SELECT #'",
    "ALTER FUNCTION own(int) SECURITY DEFINER",
    "ALTER FUNCTION own(int) RENAME TO %",
    "DROP FUNCTION own(int)",
    "DROP FUNCTION fires() CASCADE",
    "DROP ROUTINE alters()",
    "CREATE PROCEDURE %() LANGUAGE sql AS 'DELETE FROM g2'",
    "CREATE TRIGGER % AFTER UPDATE ON g1 FOR EACH ROW EXECUTE FUNCTION fires()",
    "DROP TRIGGER fires ON g2",
    "ALTER TRIGGER fires ON g2 RENAME TO %",
    "CREATE RULE % AS ON DELETE TO g2 DO ALSO UPDATE g2 SET n = #",
    "CREATE POLICY % ON g2 USING (n > #)",
    "ALTER POLICY mine ON g1 USING (n > #)",
    "DROP POLICY mine ON g1",
    "CREATE TYPE % AS ENUM ('a', 'b')",
    "CREATE TYPE % AS (a int, b text)",
    "ALTER TYPE mood ADD VALUE 'so_so_%'",
    "ALTER TYPE mood RENAME TO %",
    "DROP TYPE mood CASCADE",
    "CREATE DOMAIN % AS int CHECK (VALUE > #)",
    "ALTER DOMAIN small ADD CONSTRAINT % CHECK (VALUE < 20#)",
    "DROP DOMAIN small CASCADE",
    "CREATE STATISTICS % ON a, n FROM g2",
    "DROP STATISTICS g1_st",
    "CREATE AGGREGATE %(int) (SFUNC = int4pl, STYPE = int)",
    "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
    "CREATE CAST (mood AS int) WITH INOUT",
    "CREATE COLLATION % FROM \"C\"",
    "CREATE PUBLICATION % FOR TABLE g1",
    "CREATE TEXT SEARCH CONFIGURATION % (COPY = english)",
    "SECURITY LABEL ON TABLE g1 IS 'x'",
    "CREATE FOREIGN DATA WRAPPER %",
    "EXPLAIN ANALYZE CREATE TABLE % AS SELECT id FROM ?",
    "DO $$ BEGIN CREATE TABLE % (a int); ALTER TABLE g2 ADD COLUMN % int; END $$",
    "DO $$ BEGIN IF (SELECT count(*) FROM g1) > # THEN DROP TABLE refers; END IF; END $$",
    "SELECT makes()",
    "SELECT makes_by_sql()",
    "CALL alters()",
];

fn statement(dice: &mut Dice, nth: u64) -> String {
    let name = format!("own_{nth}");
    let number = dice.below(9).to_string();
    let table = dice.pick(&["g1", "g2", "gp", "gi"]);
    let text = dice.pick(TEMPLATES);
    text.replace('%', &name)
        .replace('?', table)
        .replace('#', &number)
}

/// What the server told: what was done, to which kind of object, by which identity.
fn told(frames: &[Frame]) -> Vec<(String, String, String)> {
    let notices = frames.iter().filter(|frame| frame.tag == b'N');
    let texts = notices.filter_map(|frame| frame.field(b'M'));
    let rows = texts.filter_map(|text| {
        let mut parts = text
            .strip_prefix("told|")?
            .splitn(3, '|')
            .map(str::to_owned);
        Some((parts.next()?, parts.next()?, parts.next()?))
    });
    rows.collect()
}

/// Whether the effects name what was done to an object, to what it belongs to, or to all that depends on what is named.
fn covers(
    effects: &[Effect],
    sql: &str,
    (done, kind, identity): &(String, String, String),
) -> bool {
    let taken_along = |effect: &Effect| effect.object.to_string() == "whatever depends on it";
    let wanted: &[Verb] = match (done.split(' ').next().unwrap_or_default(), kind.as_str()) {
        ("CASCADE", _) if effects.iter().any(taken_along) => return true,
        ("DROP", _) if sql.starts_with("DROP OWNED") => &[Verb::Drop],
        ("DROP" | "CASCADE", "policy") => &[Verb::Grant],
        ("DROP" | "CASCADE", _) => &[Verb::Drop, Verb::Alter],
        ("CREATE", "index" | "trigger" | "rule" | "statistics object") => {
            &[Verb::Alter, Verb::Create]
        }
        ("CREATE" | "ALTER", "policy") => &[Verb::Grant],
        ("CREATE", "publication") => &[Verb::Replicate],
        ("CREATE" | "SELECT", _) => &[Verb::Create],
        ("GRANT" | "REVOKE", _) => &[Verb::Grant],
        ("REFRESH" | "REINDEX", _) => &[Verb::Maintain],
        // A sequence, an index or a key of a table that is made.
        ("ALTER", "sequence" | "index" | "table") => &[Verb::Alter, Verb::Create],
        _ => &[Verb::Alter, Verb::Grant],
    };
    let mut effects = effects
        .iter()
        .filter(|effect| wanted.contains(&effect.verb));
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    // What is renamed is told by its new name.
    let renamed = if sql.contains(" RENAME ") { sql } else { "" };
    let words = identity
        .split(|c| !is_word(c))
        .chain(renamed.split(|c| !is_word(c)));
    let words: Vec<&str> = words
        .filter(|word| !matches!(*word, "" | "public" | "NULL"))
        .collect();
    // Privileges, casts, operators, and what is no object of a schema are told without a name.
    let is_nameless =
        words.is_empty() || matches!(kind.as_str(), "cast" | "operator" | "foreign-data wrapper");
    effects.any(|effect| {
        let text = effect.to_string();
        let mut named = text
            .split(|c| !is_word(c))
            .filter(|name| !matches!(*name, "" | "public"));
        let belongs = |word: &str, name: &str| {
            let rest = word.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        is_nameless
            || sql.starts_with("DROP OWNED")
            || named.any(|name| words.iter().any(|word| belongs(word, name)))
    })
}

fn run(seed: u64, statements: u64) {
    let postgres = Postgres::start(
        &Server::standard(),
        &PostgresOptions {
            auth: "password",
            settings: vec!["autovacuum = off".to_owned()],
            ..PostgresOptions::default()
        },
    );
    postgres.sql("postgres", "CREATE DATABASE oracle");
    postgres.sql("oracle", &schema());
    postgres.sql("oracle", OBJECTS);
    let mut bench = Bench::new(&postgres);
    // Behind the reading of the definitions: what tells is not part of what is judged.
    postgres.sql("oracle", TELLERS);
    let mut dice = Dice(seed);
    let (mut asked, mut compared, mut unread) = (0_u64, 0_u64, 0_u64);
    let mut wrong: BTreeMap<String, String> = BTreeMap::new();
    for nth in 0..statements {
        let sql = statement(&mut dice, nth);
        asked += 1;
        let Some(effects) = bench.effects(&sql) else {
            unread += 1;
            continue;
        };
        for told in told(&bench.within("", &sql)) {
            compared += 1;
            if !covers(&effects, &sql, &told) {
                let (done, kind, identity) = told;
                let named: Vec<String> = effects.iter().map(ToString::to_string).collect();
                let key = format!(
                    "{done} {kind}: {}",
                    sql.split("own_").next().unwrap_or_default()
                );
                wrong.insert(
                    key,
                    format!("{done} {kind} {identity}: {sql}: {}", named.join("; ")),
                );
            }
        }
    }
    println!("seed {seed}: {asked} asked, {unread} not read, {compared} objects told and compared");
    let wrong: Vec<String> = wrong.into_values().collect();
    assert!(
        wrong.is_empty(),
        "{} missed:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(compared * 2 > asked, "{compared} of {asked}");
}

#[test]
fn effects_cover_what_event_triggers_tell() {
    let (statements, seed) = match std::env::var("PORTCULLIS_DEFINITIONS") {
        Ok(text) => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let (count, seed) = match text.split_once(':') {
                Some((count, seed)) => (count, seed.parse().unwrap()),
                None => (text.as_str(), now.unwrap().as_secs()),
            };
            (count.parse().unwrap(), seed)
        }
        Err(_) => (STATEMENTS, SEED),
    };
    let thread = std::thread::Builder::new()
        .stack_size(sql::STACK_BYTES)
        .spawn(move || run(seed, statements))
        .unwrap();
    thread.join().unwrap();
}
