//! Masks that would be written back: refused by every way that a value takes, and nothing else is.

use testkit::{Frame, PostgresOptions, RawClient, Server, run};

use crate::stage::{PATIENCE, Stage, Wishes, new_shop, oidc, python};

const SETUP: &str = "
CREATE TYPE pair AS (id int, mail text);
CREATE TABLE vault (id int PRIMARY KEY, plain text, secret text, ends text, mail text, digest text, code varchar(12),
    number int, total numeric, born date, at timestamp, doc jsonb, pin uuid);
INSERT INTO vault VALUES (1, 'p', 'deep secret', '666-54-7920', 'alice@example.com', 'fingerprint', 'AB-12-cd', 4711,
    1234.56, '1980-05-17', '2020-05-17 10:11:12', '{\"a\": 1}', '6b3f0a52-7a3c-4b1e-9f55-000000000001');
CREATE TABLE parts (id int, mail text) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parts FOR VALUES IN (1);
INSERT INTO parts VALUES (1, 'alice@example.com');
CREATE VIEW vault_mails AS SELECT id, mail AS address FROM vault;
CREATE FUNCTION set_mail(who int, address text) RETURNS void LANGUAGE sql AS
    'UPDATE vault SET mail = address WHERE id = who';
CREATE PROCEDURE set_row(who int, document jsonb, what text) LANGUAGE plpgsql AS $$
    DECLARE kept text; BEGIN
    kept := what;
    UPDATE vault SET mail = document->>'mail', plain = kept WHERE id = who; END $$;
CREATE FUNCTION same(value text) RETURNS text LANGUAGE sql AS 'SELECT value';
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
        "UPDATE vault SET number = DEFAULT, doc = '{\"b\": \"*\", \"***\": 1}' WHERE id = 1",
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

/// The masks of a row as JSON, from what reading it gave.
fn as_json(column: &str, mask: &str) -> String {
    let inside = match column {
        "number" | "total" | "doc" => mask.to_owned(),
        _ => format!("\"{mask}\""),
    };
    format!("{{\"id\": 1, \"plain\": \"new\", \"{column}\": {inside}}}")
}

fn type_of(column: &str) -> &'static str {
    match column {
        "number" => "int",
        "total" => "numeric",
        "born" => "date",
        "at" => "timestamp",
        "doc" => "jsonb",
        "pin" => "uuid",
        _ => "text",
    }
}

/// Statements that store what `$1` holds for a column, and what they are given in the place of `$1`.
fn holders(column: &str, mask: &str) -> Vec<(String, String)> {
    let of = type_of(column);
    let json = as_json(column, mask);
    let list = format!("[{json}]");
    let quoted = mask.replace('"', "\\\"");
    let array = format!("{{\"{quoted}\"}}");
    vec![
        (
            format!("UPDATE vault SET {column} = ($1::jsonb->>'{column}')::{of} WHERE id = 1"),
            json.clone(),
        ),
        (
            format!("UPDATE vault SET {column} = ($1::json#>>'{{0,{column}}}')::{of} WHERE id = 1"),
            list.clone(),
        ),
        (
            format!(
                "INSERT INTO vault (id, {column}) SELECT 2, r.{column} FROM jsonb_to_record($1) AS r({column} {of})"
            ),
            json.clone(),
        ),
        (
            format!(
                "INSERT INTO vault (id, {column}) SELECT 2, r.{column} FROM json_to_recordset($1) AS r(id int, {column} {of})"
            ),
            list.clone(),
        ),
        (
            format!(
                "INSERT INTO vault (id, {column}) SELECT 2, {column} FROM jsonb_populate_record(NULL::vault, $1)"
            ),
            json.clone(),
        ),
        (
            "INSERT INTO vault SELECT * FROM json_populate_recordset(NULL::vault, $1)".to_owned(),
            list.clone(),
        ),
        (
            format!(
                "UPDATE vault v SET {column} = (e->>'{column}')::{of} FROM jsonb_array_elements($1) e WHERE v.id = (e->>'id')::int"
            ),
            list.clone(),
        ),
        (
            format!(
                "UPDATE vault v SET {column} = n.c FROM unnest($1::{of}[]) AS n(c) WHERE v.id = 1"
            ),
            array.clone(),
        ),
        (
            format!(
                "INSERT INTO vault (id, {column}) SELECT * FROM unnest('{{2}}'::int[], $1::{of}[])"
            ),
            array.clone(),
        ),
        (
            format!("UPDATE vault SET {column} = ($1::{of}[])[1] WHERE id = 1"),
            array,
        ),
    ]
}

#[test]
fn masks_are_found_in_json_and_arrays() {
    let stage = stage();
    let before = everything(&stage);
    let mut client = stage.raw("alice");
    let masks = row_of(&client.query(&reading()));
    for ((column, _), mask) in MASKED.iter().zip(masks) {
        let mask = String::from_utf8(mask).unwrap();
        for (sql, value) in holders(column, &mask) {
            let quoted = value.replace('\'', "''");
            let literal = sql.replace("$1", &format!("'{quoted}'"));
            assert_refused(&client.query(&literal), column, &literal);
            let frames = bound(&mut client, &sql, 0, &[value.as_bytes()]);
            assert_refused(&frames, column, &format!("{sql}, {value}"));
        }
    }
    assert_eq!(everything(&stage), before);
}

#[test]
fn values_in_json_and_arrays_are_written() {
    let stage = stage();
    let mut client = stage.raw("alice");
    client.query(&reading());
    for (column, _) in MASKED {
        let value = match *column {
            "number" => "8",
            "total" => "12.5",
            "born" => "1999-01-03",
            "at" => "1999-01-03 04:05:06",
            "doc" => "{\"b\": 1}",
            "pin" => "6b3f0a52-7a3c-4b1e-9f55-0000000000aa",
            _ => "new",
        };
        for (sql, value) in holders(column, value) {
            stage
                .postgres
                .sql("shop", "DELETE FROM vault WHERE id <> 1");
            if sql.starts_with("INSERT INTO vault SELECT") {
                continue;
            }
            let frames = bound(&mut client, &sql, 0, &[value.as_bytes()]);
            assert_runs(&frames, &format!("{sql}, {value}"));
        }
    }
    stage
        .postgres
        .sql("shop", "DELETE FROM vault WHERE id <> 1");
    for sql in [
        // Other members and elements may look like anything.
        "UPDATE vault SET mail = d->>'mail', plain = d->>'plain' FROM (SELECT '{\"mail\": \"x@y.org\", \"plain\": \"***\"}'::jsonb AS d) s WHERE id = 1",
        "INSERT INTO vault (id, plain, mail) SELECT * FROM json_to_recordset('[{\"id\": 5, \"plain\": \"a***@b.org\", \"mail\": \"c@b.org\"}]') AS r(id int, plain text, mail text)",
        "INSERT INTO vault (id, plain, mail) SELECT * FROM unnest('{6}'::int[], '{***}'::text[], '{c@b.org}'::text[])",
        "UPDATE vault v SET mail = u.mail FROM unnest('{\"(1,d@b.org)\",\"(5,)\"}'::pair[]) u WHERE u.id = v.id",
        "UPDATE vault SET doc = jsonb_build_object('a', 'b') || '{\"c\": [\"*\"]}' WHERE id = 1",
        "INSERT INTO vault SELECT * FROM json_populate_recordset(NULL::vault, '[{\"id\": 7, \"mail\": \"e@b.org\", \"plain\": \"***\"}]')",
    ] {
        assert_runs(&client.query(sql), sql);
    }
}

#[test]
fn masks_are_found_in_rows_and_pieces_and_in_what_is_computed_from_them() {
    let stage = stage();
    let before = everything(&stage);
    let mut client = stage.raw("alice");
    for (sql, column) in [
        (
            "UPDATE vault SET mail = ('(1,z***@b.org)'::pair).mail WHERE id = 1",
            "vault.mail",
        ),
        (
            "UPDATE vault v SET mail = u.mail FROM unnest('{\"(1,z***@b.org)\"}'::pair[]) u WHERE u.id = v.id",
            "vault.mail",
        ),
        (
            "UPDATE vault v SET mail = (u).mail FROM unnest(ARRAY['(1,z***@b.org)'::pair]) u WHERE v.id = 1",
            "vault.mail",
        ),
        (
            "UPDATE vault v SET mail = u FROM unnest(string_to_array('z***@b.org,y@b.org', ',')) u WHERE v.id = 1",
            "vault.mail",
        ),
        (
            "UPDATE vault v SET mail = u FROM unnest(ARRAY['y@b.org', 'z***@b.org']) u WHERE v.id = 1",
            "vault.mail",
        ),
        (
            "UPDATE vault SET mail = jsonb_path_query_first('{\"a\": \"z***@b.org\"}', '$.a') #>> '{}'",
            "vault.mail",
        ),
        (
            "UPDATE vault SET mail = jsonb_set('{\"m\": 1}', '{m}', '\"z***@b.org\"')->>'m'",
            "vault.mail",
        ),
        (
            "UPDATE vault SET mail = ('{\"m\": \"z***@b.org\"}'::jsonb || '{}')->>'m'",
            "vault.mail",
        ),
        (
            "UPDATE vault SET mail = ('{\"m\": \"z***@b.org\"}'::jsonb)['m'] #>> '{}'",
            "vault.mail",
        ),
        (
            "UPDATE vault SET mail = '{\"m\": \"\\u007a***@b.org\"}'::jsonb->>'m'",
            "vault.mail",
        ),
        (
            "UPDATE vault SET doc = '{\"a\": 1, \"b\": [\"***\"]}'",
            "vault.doc",
        ),
        (
            "UPDATE vault SET doc = jsonb_build_object('a', '***')",
            "vault.doc",
        ),
        (
            "INSERT INTO vault (id, mail) SELECT (j->>'id')::int, j->>'mail' FROM json_array_elements('[{\"id\": 1, \"mail\": \"z***@b.org\"}]') j ON CONFLICT (id) DO UPDATE SET mail = excluded.mail",
            "vault.mail",
        ),
        (
            "MERGE INTO vault v USING jsonb_to_recordset('[{\"id\": 1, \"mail\": \"z***@b.org\"}]') AS s(id int, mail text) ON v.id = s.id WHEN MATCHED THEN UPDATE SET mail = s.mail",
            "vault.mail",
        ),
        (
            "PREPARE q AS UPDATE vault SET mail = $1::jsonb->>'mail'; EXECUTE q('{\"mail\": \"z***@b.org\"}')",
            "EXECUTE",
        ),
    ] {
        let what = if column == "EXECUTE" {
            format!("EXECUTE {sql}")
        } else {
            sql.to_owned()
        };
        assert_refused(&client.query(sql), column, &what);
    }
    assert_eq!(everything(&stage), before);
}

/// An array as `array_send` writes it, of one dimension.
fn binary_array(element: u32, values: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![0, 0, 0, 1, 0, 0, 0, 0];
    out.extend(element.to_be_bytes());
    out.extend(u32::try_from(values.len()).unwrap().to_be_bytes());
    out.extend(1_u32.to_be_bytes());
    for value in values {
        out.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        out.extend(*value);
    }
    out
}

#[test]
fn masks_are_found_in_binary_arrays_and_jsonb() {
    let stage = stage();
    let before = everything(&stage);
    let mut client = stage.raw("alice");
    let masks = row_of(&bound(&mut client, &reading(), 1, &[]));
    let oids: &[u32] = &[25, 25, 25, 3802, 25, 1043, 23, 1700, 1082, 1114, 2950];
    for (((column, _), mask), oid) in MASKED.iter().zip(&masks).zip(oids) {
        let of = if *oid == 1043 {
            "varchar"
        } else {
            type_of(column)
        };
        let sql = format!(
            "UPDATE vault v SET {column} = n.c FROM unnest($1::{of}[]) n(c) WHERE v.id = 1"
        );
        let array = binary_array(*oid, &[mask]);
        let frames = bound(&mut client, &sql, 1, &[&array]);
        assert_refused(&frames, column, &sql);
    }
    let sql = "UPDATE vault SET mail = $1::jsonb->>'mail'";
    let frames = bound(&mut client, sql, 1, &[b"\x01{\"mail\": \"z***@b.org\"}"]);
    assert_refused(&frames, "mail", sql);
    assert_eq!(everything(&stage), before);
    let sql = "UPDATE vault v SET mail = n.c FROM unnest($1::text[]) n(c) WHERE v.id = 1";
    let array = binary_array(25, &[b"new@b.org"]);
    assert_runs(&bound(&mut client, sql, 1, &[&array]), sql);
}

#[test]
fn masks_are_found_on_their_way_through_bodies() {
    let stage = stage();
    let before = everything(&stage);
    let mut client = stage.raw("alice");
    for sql in [
        "SELECT set_mail(1, 'z***@b.org')",
        "CALL set_row(1, '{\"mail\": \"z***@b.org\"}', 'new')",
        "EXECUTE: PREPARE w AS SELECT set_mail(1, $1); EXECUTE w('z***@b.org')",
    ] {
        let text = sql.trim_start_matches("EXECUTE: ");
        assert_refused(&client.query(text), "EXECUTE", &format!("EXECUTE {sql}"));
    }
    let sql = "UPDATE vault SET mail = same('z***@b.org')";
    assert_refused(&client.query(sql), "vault.mail", sql);
    let frames = bound(&mut client, "SELECT set_mail(1, $1)", 0, &[b"z***@b.org"]);
    assert_refused(&frames, "EXECUTE", "EXECUTE of a function");
    assert_eq!(everything(&stage), before);
    for sql in [
        "SELECT set_mail(1, 'new1@b.org')",
        "CALL set_row(1, '{\"mail\": \"new2@b.org\", \"x\": \"z***@b.org\"}', 'z***@b.org')",
        "UPDATE vault SET plain = same('***'), mail = same('new4@b.org')",
    ] {
        assert_runs(&client.query(sql), sql);
    }
}
