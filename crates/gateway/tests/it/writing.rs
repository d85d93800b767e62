//! Masks that would be written back: refused by every way that a value takes, and nothing else is.

use testkit::{Frame, PostgresOptions, RawClient, Server, run};

use crate::stage::{PATIENCE, Stage, Wishes, new_shop, oidc, python};

const SETUP: &str = "
CREATE TABLE vault (id int PRIMARY KEY, plain text, secret text, ends text, mail text, digest text, code varchar(12),
    number int, total numeric, born date, at timestamp, doc jsonb, pin uuid);
INSERT INTO vault VALUES (1, 'p', 'deep secret', '666-54-7920', 'alice@example.com', 'fingerprint', 'AB-12-cd', 4711,
    1234.56, '1980-05-17', '2020-05-17 10:11:12', '{\"a\": 1}', '6b3f0a52-7a3c-4b1e-9f55-000000000001');
CREATE TABLE parts (id int, mail text) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parts FOR VALUES IN (1);
INSERT INTO parts VALUES (1, 'alice@example.com');
CREATE VIEW vault_mails AS SELECT id, mail AS address FROM vault;
GRANT ALL ON vault, vault_mails, parts, part TO portcullis_gateway;
";

/// The masked columns, and of what kind; the last ones are told by what the session was given.
const MASKED: &[(&str, &str)] = &[
    ("secret", "redact"),
    ("ends", "partial"),
    ("mail", "email"),
    ("doc", "redact"),
    ("digest", "hash"),
    ("code", "token"),
    ("number", "token"),
    ("total", "bucket"),
    ("born", "bucket"),
    ("at", "bucket"),
    ("pin", "hash"),
];

fn stage() -> Stage {
    let server = Server::standard();
    let postgres = Box::leak(Box::new(new_shop(&server, PostgresOptions::default())));
    postgres.sql("shop", SETUP);
    let mut labels = String::new();
    for (column, kind) in MASKED {
        let more = match *kind {
            "partial" => "last = 4",
            "bucket" => "width = 10",
            _ => "",
        };
        labels += &format!(
            "\n[[label]]\ntable = \"{{vault,part}}\"\ncolumn = \"{column}\"\nlabel = \"pii\"\nmask = \"{kind}\"\n{more}\n"
        );
    }
    let labels: &'static str = Box::leak(labels.into_boxed_str());
    let wishes = Wishes {
        labels,
        ..Wishes::default()
    };
    Stage::on(postgres, oidc(), &wishes)
}

fn everything(stage: &Stage) -> String {
    let sql = "SELECT v::text FROM vault v UNION ALL SELECT p::text FROM parts p ORDER BY 1";
    stage.postgres.sql("shop", sql)
}

/// The error of an answer: SQLSTATE, message, hint.
fn refusal(frames: &[Frame]) -> Option<(String, String, String)> {
    let error = frames.iter().find(|frame| frame.tag == b'E')?;
    let field = |code| error.field(code).unwrap_or_default();
    Some((field(b'C'), field(b'M'), field(b'H')))
}

/// That an answer is the refusal of one column's mask.
fn assert_refused(frames: &[Frame], column: &str, what: &str) {
    let Some((code, message, hint)) = refusal(frames) else {
        panic!("{what} ran");
    };
    assert_eq!(code, "42501", "{what}: {message}");
    // A name that the client did not say is not said to it.
    let unsaid = ["EXECUTE", "vault_mails", "parts"];
    let unsaid = unsaid.iter().any(|word| what.contains(word));
    assert!(
        message.contains("portcullis.mask-written-back"),
        "{what}: {message}"
    );
    assert!(
        unsaid || message.contains(&format!("{column} is masked for you")),
        "{what}: {message}"
    );
    assert!(hint.contains("leave the column out"), "{what}: {hint}");
}

fn assert_runs(frames: &[Frame], what: &str) {
    assert_eq!(refusal(frames), None, "{what}");
}

/// One statement with parameters that the server types, in text or binary.
fn bound(client: &mut RawClient, sql: &str, format: u8, values: &[&[u8]]) -> Vec<Frame> {
    client.send(b'P', &[&[0], sql.as_bytes(), &[0, 0, 0]].concat());
    let mut bind = vec![0, 0, 0, 1, 0, format];
    bind.extend(u16::try_from(values.len()).unwrap().to_be_bytes());
    for value in values {
        bind.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        bind.extend(*value);
    }
    bind.extend([0, 1, 0, format]);
    client.send(b'B', &bind);
    client.send(b'E', &[0; 5]);
    client.send(b'S', b"");
    client.read_until_ready()
}

fn row_of(frames: &[Frame]) -> Vec<Vec<u8>> {
    let row = frames.iter().find(|frame| frame.tag == b'D').unwrap();
    let mut rest = &row.body[2..];
    let mut cells = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap();
        cells.push(after[..length].to_vec());
        rest = &after[length..];
    }
    cells
}

fn reading() -> String {
    let columns: Vec<&str> = MASKED.iter().map(|(column, _)| *column).collect();
    format!("SELECT {} FROM vault WHERE id = 1", columns.join(", "))
}

#[test]
fn what_was_read_is_not_written_back_as_literals() {
    let stage = stage();
    let before = everything(&stage);
    let mut client = stage.raw("alice");
    let masks = row_of(&client.query(&reading()));
    for ((column, _), mask) in MASKED.iter().zip(masks) {
        let mask = String::from_utf8(mask).unwrap();
        for sql in [
            format!("UPDATE vault SET plain = 'new', {column} = '{mask}' WHERE id = 1"),
            format!("UPDATE vault SET {column} = E'{mask}' /* as it was */ WHERE id = 1"),
            format!("INSERT INTO vault (id, {column}) VALUES (2, '{mask}')"),
            format!(
                "INSERT INTO vault (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET {column} = '{mask}'"
            ),
            format!(
                "WITH w AS (UPDATE vault SET {column} = '{mask}' RETURNING id) SELECT id FROM w"
            ),
            format!(
                "MERGE INTO vault v USING (SELECT 1 AS id) s ON v.id = s.id WHEN MATCHED THEN UPDATE SET {column} = '{mask}'"
            ),
            format!("SELECT 1; UPDATE vault SET {column} = '{mask}' WHERE id = 1"),
            format!("PREPARE a AS UPDATE vault SET {column} = '{mask}'"),
            format!("EXPLAIN ANALYZE UPDATE vault SET {column} = '{mask}' WHERE id = 1"),
        ] {
            assert_refused(&client.query(&sql), column, &sql);
        }
        let prepare = format!("PREPARE p AS UPDATE vault SET {column} = $1 WHERE id = 1");
        assert_runs(&client.query(&prepare), &prepare);
        let execute = format!("EXECUTE p('{mask}')");
        assert_refused(&client.query(&execute), column, &execute);
        client.query("DEALLOCATE p");
    }
    assert_eq!(everything(&stage), before);
}

#[test]
fn what_was_read_is_not_written_back_as_parameters() {
    let stage = stage();
    let before = everything(&stage);
    for format in [0, 1] {
        let mut client = stage.raw("alice");
        let masks = row_of(&bound(&mut client, &reading(), format, &[]));
        for ((column, _), mask) in MASKED.iter().zip(&masks) {
            for sql in [
                format!("UPDATE vault SET {column} = $1 WHERE id = 1"),
                format!("INSERT INTO vault (id, {column}) VALUES (2, $1)"),
            ] {
                let frames = bound(&mut client, &sql, format, &[mask]);
                assert_refused(&frames, column, &format!("{sql}, format {format}"));
            }
        }
    }
    assert_eq!(everything(&stage), before);
}

#[test]
fn looks_suffice_without_having_read() {
    let stage = stage();
    let before = everything(&stage);
    let mut client = stage.raw("alice");
    for (sql, column) in [
        ("UPDATE vault SET mail = 'z***@example.org'", "vault.mail"),
        ("UPDATE vault SET mail = '***'", "vault.mail"),
        (
            "UPDATE vault SET mail = lower('Z***@EXAMPLE.ORG')",
            "vault.mail",
        ),
        (
            "UPDATE vault SET mail = '' || 'z***@example.org'",
            "vault.mail",
        ),
        (
            "UPDATE vault SET mail = 'z***@example.org'::varchar(40)",
            "vault.mail",
        ),
        (
            "UPDATE vault SET mail = (SELECT 'z***@example.org')",
            "vault.mail",
        ),
        ("UPDATE vault SET ends = '*******0000'", "vault.ends"),
        ("UPDATE vault SET digest = '***'", "vault.digest"),
        ("UPDATE vault_mails SET address = 'z***@example.org'", "-"),
        ("UPDATE parts SET mail = 'z***@example.org'", "-"),
        (
            "UPDATE vault v SET mail = n.mail FROM (VALUES (1, 'z***@example.org')) n(id, mail) WHERE v.id = n.id",
            "vault.mail",
        ),
        (
            "UPDATE customers SET email = 'a***@example.com' WHERE id = 1",
            "customers.email",
        ),
        (
            "UPDATE customers SET ssn = '*******7920' WHERE id = 1",
            "customers.ssn",
        ),
    ] {
        assert_refused(&client.query(sql), column, sql);
    }
    assert_eq!(everything(&stage), before);
}

#[test]
fn what_is_no_mask_is_written() {
    let stage = stage();
    let mut client = stage.raw("alice");
    let masks = row_of(&client.query(&reading()));
    for sql in [
        "UPDATE vault SET plain = '***' WHERE id = 1",
        "UPDATE vault SET plain = 'a***@example.com' WHERE id = 1",
        "UPDATE vault SET mail = 'bob@example.com', ends = '123-45-6789', secret = 'new' WHERE id = 1",
        "UPDATE vault SET mail = '', ends = '', secret = '' WHERE id = 1",
        "UPDATE vault SET mail = NULL, number = 7, total = 99.5, born = '1999-01-02' WHERE id = 1",
        "UPDATE vault SET number = DEFAULT, doc = '{\"b\": \"***\"}' WHERE id = 1",
        "INSERT INTO vault (id, mail, digest) VALUES (7, 'c@example.com', 'd') RETURNING id",
        "UPDATE customers SET notes = 'called', email = 'real1@example.com' WHERE id = 1",
        "UPDATE customers SET notes = 'called', email = 'real2@example.com' WHERE id = 1",
    ] {
        assert_runs(&client.query(sql), sql);
    }
    // Statements that differ in a literal alone share their analysis, and not what is looked at.
    let masked = "UPDATE customers SET notes = 'called', email = 'r***@example.com' WHERE id = 1";
    assert_refused(&client.query(masked), "customers.email", masked);
    let again = "UPDATE customers SET notes = 'called', email = 'real3@example.com' WHERE id = 1";
    assert_runs(&client.query(again), again);
    // Whoever sees the values may write what looks like a mask.
    let mut dba = stage.raw("dora");
    let sql = "UPDATE vault SET mail = 'a***@example.com' WHERE id = 7";
    assert_runs(&dba.query(sql), sql);
    // Tokens are told by the session that was given them.
    let token = String::from_utf8(masks[6].clone()).unwrap();
    let sql = format!("UPDATE vault SET number = {token} WHERE id = 7");
    assert_runs(&stage.raw("alice").query(&sql), &sql);
    assert_refused(&client.query(&sql), "vault.number", &sql);
}

#[test]
fn an_orm_that_writes_the_whole_row_back_is_told_which_column() {
    let stage = stage();
    let mut script = python("writing.py");
    let ran = run(script.env("DSN", stage.dsn("alice")), "", PATIENCE);
    assert_eq!(
        ran.ok().trim(),
        "refused refused refused kept",
        "{}",
        ran.all()
    );
    let notes = "SELECT notes, email LIKE '%*%' FROM customers WHERE id = 3";
    assert_eq!(stage.postgres.sql("shop", notes).trim(), "changed|f");
}
