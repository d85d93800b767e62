//! Labelled columns: masked by every route, revealed to whom policy says, and not to be had around the mask.

use std::collections::BTreeMap;

use testkit::{Frame, run};

use crate::leaks::extended;
use crate::stage::{PATIENCE, Stage, Wishes, python};

type Routes = BTreeMap<String, Vec<Vec<Option<String>>>>;

/// The first five customers by every route of two drivers.
fn routes(dsn: &str) -> Routes {
    let ran = run(python("masked.py").env("DSN", dsn), "", PATIENCE);
    serde_json::from_str(ran.ok()).unwrap()
}

#[test]
fn every_route_of_the_drivers_shows_the_same_masks() {
    let stage = Stage::shop();
    let plain = routes(&stage.postgres.superuser_dsn("shop"));
    let masked = routes(&stage.dsn("alice"));
    assert_eq!(
        masked.keys().collect::<Vec<_>>(),
        plain.keys().collect::<Vec<_>>()
    );
    let reference = masked.get("simple").unwrap();
    for (route, rows) in &masked {
        assert_eq!(rows, reference, "{route} differs from the simple protocol");
        assert_eq!(rows.len(), 5, "{route}");
        for (row, raw) in rows.iter().zip(&plain["simple"]) {
            assert_eq!(row.first(), raw.first(), "{route}: the key is not labelled");
            for (value, secret) in row.iter().zip(raw).skip(1) {
                assert_ne!(value, secret, "{route} shows a raw value");
            }
            let [_, _, _, ssn, card, _] = row.as_slice() else {
                panic!("six columns")
            };
            let [_, _, _, raw_ssn, raw_card, _] = raw.as_slice() else {
                panic!("six columns")
            };
            let tail = |text: &Option<String>| {
                text.as_ref()
                    .unwrap()
                    .chars()
                    .rev()
                    .take(4)
                    .collect::<String>()
            };
            assert_eq!(
                (tail(ssn), tail(card)),
                (tail(raw_ssn), tail(raw_card)),
                "{route} keeps the last four"
            );
        }
    }
}

#[test]
fn whoever_may_reveal_sees_the_value_and_only_that() {
    let stage = Stage::shop();
    let sql = "SELECT email, ssn, card_number FROM customers WHERE id = 3";
    let plain = stage.postgres.sql("shop", sql);
    let [email, ssn, card] = plain.split('|').collect::<Vec<_>>()[..] else {
        panic!("{plain}")
    };
    let check = |account: &str, sees: &[&str], never: &[&str]| {
        let ran = stage.psql(account, sql);
        let text = ran.ok();
        for value in sees {
            assert!(text.contains(value), "{account} sees {value}: {text}");
        }
        for value in never {
            assert!(
                !text.contains(value),
                "{account} must not see {value}: {text}"
            );
        }
    };
    check("alice", &[], &[email, ssn, card]);
    check("agent", &[], &[email, ssn, card]);
    check("dora", &[email, ssn], &[card]);
    check("root", &[email, ssn], &[card]);
}

#[test]
fn no_way_leads_around_a_mask() {
    let stage = Stage::shop();
    let secret = stage
        .postgres
        .sql("shop", "SELECT ssn FROM customers WHERE id = 1");
    for sql in [
        "SELECT substr(ssn, 1, 11) FROM customers WHERE id = 1",
        "SELECT ssn || '' FROM customers WHERE id = 1",
        "SELECT c FROM customers c WHERE id = 1",
        "SELECT c.* FROM (SELECT * FROM customers) c WHERE id = 1",
        "SELECT to_jsonb(c) FROM customers c WHERE id = 1",
        "SELECT row_to_json(c) FROM customers c WHERE id = 1",
        "SELECT array_agg(ssn) FROM customers",
        "SELECT string_agg(ssn, ',') FROM customers",
        "SELECT max(ssn) FROM customers",
        "SELECT (SELECT ssn FROM customers WHERE id = 1)",
        "SELECT ssn FROM customers WHERE id = 1 UNION SELECT 'x'",
        "WITH c AS (SELECT ssn AS s FROM customers WHERE id = 1) SELECT s FROM c",
        "SELECT contact FROM customer_contacts WHERE id = 1",
        "SELECT count(*) FROM customers WHERE ssn LIKE '666%'",
        "SELECT id FROM customers WHERE ssn > '666-5' ORDER BY ssn LIMIT 1",
        "SELECT id FROM customers ORDER BY ssn LIMIT 1",
        "SELECT 1 / (CASE WHEN ssn LIKE '666%' THEN 0 ELSE 1 END) FROM customers",
        "SELECT ssn::int FROM customers WHERE id = 1",
        "SELECT cast(ssn AS numeric) FROM customers",
        "SELECT query_to_xml('SELECT ssn FROM customers', true, true, '')",
        "SELECT most_common_vals FROM pg_stats WHERE attname = 'ssn'",
        "SELECT query FROM pg_stat_activity",
        "UPDATE customers SET notes = ssn WHERE id = 1 RETURNING notes",
        "UPDATE customers SET notes = notes WHERE id = 1 RETURNING ssn",
        "INSERT INTO products (sku, title, category, price) SELECT 'x' || ssn, 'x', 'x', 1 FROM customers WHERE id = 1",
        "CREATE TEMP TABLE stolen AS SELECT ssn FROM customers",
        "DECLARE c CURSOR FOR SELECT ssn FROM customers; FETCH c",
        "BEGIN; DECLARE c CURSOR FOR SELECT ssn FROM customers WHERE id = 1; FETCH c; COMMIT",
        "PREPARE p AS SELECT ssn FROM customers WHERE id = 1; EXECUTE p",
        "COPY customers (ssn) TO STDOUT",
        "COPY customers TO STDOUT (FORMAT csv)",
        "EXPLAIN (ANALYZE, VERBOSE) SELECT ssn FROM customers WHERE ssn > (SELECT min(ssn) FROM customers)",
        "DO $$ BEGIN RAISE EXCEPTION '%', (SELECT ssn FROM customers WHERE id = 1); END $$",
        "SELECT ssn FROM customers WHERE id = 1 \\gset\n\\echo :ssn",
        "TABLE customers",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_read_file('postgresql.conf')",
        "SET client_encoding = 'LATIN1'; SELECT ssn FROM customers WHERE id = 1",
        "SET standard_conforming_strings = off; SELECT ssn FROM customers WHERE id = 1",
        "SELECT set_config('search_path', 'pg_temp', false); SELECT ssn FROM customers WHERE id = 1",
    ] {
        let ran = stage.psql("alice", &format!("\\set ON_ERROR_STOP 0\n{sql}"));
        assert!(
            !ran.all().contains(&secret),
            "{sql} shows {secret}: {}",
            ran.all()
        );
    }
}

#[test]
fn what_may_not_be_named_is_not_named() {
    let stage = Stage::shop();
    let unknown = stage.psql("sam", "SELECT 1");
    assert_ne!(unknown.code, 0, "support may not connect");
    assert!(!unknown.all().contains("customers"), "{}", unknown.all());
}

#[test]
fn a_new_name_takes_no_label_off() {
    let stage = Stage::shop();
    // She may define anything and see personal data, but no card numbers.
    for sql in [
        "ALTER TABLE customers RENAME COLUMN card_number TO remark",
        "ALTER TABLE customers RENAME TO clients",
        "ALTER TABLE customers SET SCHEMA archive",
        "ALTER SCHEMA public RENAME TO archive",
    ] {
        let ran = stage.psql("dora", sql);
        assert_ne!(ran.code, 0, "{sql}");
        assert!(
            ran.err.contains("portcullis.masked-use"),
            "{sql}: {}",
            ran.err
        );
    }
    // What has no label reaches the target, where the gateway's role owns nothing.
    let sql = "ALTER TABLE customers RENAME COLUMN notes TO remarks";
    let renamed = stage.psql("dora", sql);
    assert!(!renamed.err.contains("denied by"), "{}", renamed.err);
}

/// Tables that share rows, where the label stands on one of them.
const FAMILIES: &str = "
GRANT CREATE ON SCHEMA public TO portcullis_gateway;
SET SESSION AUTHORIZATION portcullis_gateway;
CREATE TABLE people (id int CHECK (id > 0), code text, loud text GENERATED ALWAYS AS (lower(code)) STORED);
CREATE TABLE people_eu () INHERITS (people);
INSERT INTO people_eu (id, code) VALUES (1, 'sekret-7731');
CREATE TABLE visits (region text, code text) PARTITION BY LIST (region);
CREATE TABLE visits_eu PARTITION OF visits FOR VALUES IN ('eu');
CREATE TABLE visits_us PARTITION OF visits FOR VALUES IN ('us');
INSERT INTO visits VALUES ('eu', 'sekret-7731');
CREATE VIEW shown AS SELECT code AS c, region FROM visits_eu;
CREATE MATERIALIZED VIEW kept AS SELECT c FROM shown;
CREATE TABLE alone (id int, code text);
INSERT INTO alone VALUES (1, 'sekret-7731');
CREATE TYPE member AS (id int, code text);
CREATE TABLE members OF member;
INSERT INTO members VALUES (1, 'sekret-7731');
CREATE TABLE calls (region text, code text) PARTITION BY LIST (region);
CREATE TABLE calls_eu PARTITION OF calls FOR VALUES IN ('eu');
CREATE TABLE plain (region text, note text) PARTITION BY LIST (region);
CREATE TABLE plain_eu PARTITION OF plain FOR VALUES IN ('eu');
CREATE TABLE sums (a int CHECK (a > 0), b int GENERATED ALWAYS AS (a + 1) STORED);
";

const FAMILY_LABELS: &str = r#"
[[label]]
table = "{people,visits_eu,members,alone}"
column = "code"
label = "pci"
mask = "redact"

[[label]]
table = "calls"
column = "code"
label = "pii"
mask = "redact"
"#;

#[test]
fn whoever_leaves_a_family_takes_no_label_off() {
    const SECRET: &[u8] = b"sekret-7731";
    let stage = Stage::with_own_shop(
        FAMILIES,
        &Wishes {
            labels: FAMILY_LABELS,
            ..Wishes::default()
        },
    );
    // She may define anything and see personal data, but nothing of "pci".
    let mut client = stage.raw("dora");
    let mut received = |sql: &str| -> Vec<Frame> {
        let frames = extended(&mut client, sql);
        for frame in frames.iter().chain(&client.query(sql)) {
            let shown = frame.body.windows(SECRET.len()).any(|part| part == SECRET);
            assert!(!shown, "{sql} shows it");
        }
        frames
    };
    let error = |frames: &[Frame]| {
        let failed = frames.iter().find(|frame| frame.tag == b'E');
        failed.map_or_else(String::new, |frame| frame.field(b'M').unwrap_or_default())
    };
    for (attack, reads) in [
        (
            "ALTER TABLE people_eu NO INHERIT people",
            "SELECT code FROM people_eu",
        ),
        (
            "ALTER TABLE ONLY people DROP COLUMN code CASCADE",
            "SELECT code FROM people_eu",
        ),
        (
            "ALTER TABLE people ALTER COLUMN loud DROP EXPRESSION",
            "SELECT loud FROM people_eu",
        ),
        (
            "ALTER TABLE visits DETACH PARTITION visits_us",
            "SELECT code FROM visits_us",
        ),
        ("DROP TABLE visits_eu CASCADE", "SELECT code FROM visits_us"),
        (
            "ALTER TYPE alone RENAME ATTRIBUTE code TO x",
            "SELECT * FROM alone",
        ),
        (
            "ALTER TYPE member RENAME ATTRIBUTE code TO x CASCADE",
            "SELECT * FROM members",
        ),
        (
            "CREATE OR REPLACE VIEW shown AS SELECT region AS c, region FROM visits_eu",
            "SELECT c FROM kept",
        ),
    ] {
        // The row goes where no label stands.
        let moved = error(&received("UPDATE visits SET region = 'us'"));
        assert_eq!(moved, "");
        // PostgreSQL itself would do it.
        stage
            .postgres
            .sql("shop", &format!("BEGIN; {attack}; ROLLBACK"));
        let refused = error(&received(attack));
        assert!(
            refused.contains("portcullis.masked-use"),
            "{attack}: {refused}"
        );
        let rows = received(reads);
        assert!(rows.iter().any(|frame| frame.tag == b'D'), "{reads}");
    }
    // Nothing hidden is in these, or nothing that is hidden from her.
    for passes in [
        "ALTER TABLE calls DETACH PARTITION calls_eu",
        "ALTER TABLE plain DETACH PARTITION plain_eu",
        "ALTER TABLE sums ALTER COLUMN b DROP EXPRESSION",
        "ALTER TABLE people RENAME COLUMN id TO number",
        "ALTER TABLE people RENAME CONSTRAINT people_id_check TO ids",
        "CREATE OR REPLACE VIEW seen AS SELECT note FROM plain",
    ] {
        let ran = stage.psql("dora", passes);
        assert_eq!(ran.code, 0, "{passes}: {}", ran.err);
    }
}
