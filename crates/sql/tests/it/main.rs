//! The analysis against a real PostgreSQL: the queries run, and a corpus of statements means what it says.
//!
//! `cases.txt` holds statements (`> …`) and what is expected of each. With `BLESS=1` in the environment the file is
//! rewritten from the analysis, to be read before it is committed.

#![allow(clippy::unwrap_used)]

mod server;

use std::fmt::Write as _;
use std::sync::Arc;

use model::{CatalogVersion, JsonShape, Projection, Projections, Shape, XmlShape};
use server::Server;
use sql::catalog::{Builder, FINGERPRINT, QUERIES};
use sql::{Catalog, Inspected, Inspection, NotUnderstood, STACK_BYTES, Step, View};

fn read_catalog(server: &Server) -> Catalog {
    let mut builder = Builder::new(CatalogVersion(1));
    for query in QUERIES {
        let pinned = query.name != "login";
        for row in server.rows(query.sql, pinned) {
            let cells: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
            builder.row(query.name, &cells).unwrap();
        }
    }
    builder.build().unwrap()
}

fn on_big_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap()
}

fn columns(refs: &[model::ColumnRef]) -> String {
    let names: Vec<String> = refs.iter().map(ToString::to_string).collect();
    names.join(",")
}

fn projected(projection: &Projection) -> String {
    match projection {
        Projection::Free => "-".to_owned(),
        Projection::Direct(refs) => format!("={}", columns(refs)),
        Projection::Derived(refs) => format!("~{}", columns(refs)),
        Projection::Withheld(refs) => format!("!{}", columns(refs)),
        Projection::Shaped { shape, .. } => match shape {
            Shape::Json(shape) => shaped(shape),
            Shape::Xml(pieces) => xml(pieces),
        },
    }
}

fn xml(pieces: &[XmlShape]) -> String {
    let pieces = pieces.iter().map(|piece| match piece {
        XmlShape::Text(projection) => projected(projection),
        XmlShape::Element(element) => {
            let mark = if element.optional { "?" } else { "" };
            let attributes = element.attributes.iter();
            let attributes =
                attributes.map(|(name, value)| format!(" {name}={}", projected(value)));
            let (name, attributes): (_, String) = (&element.name, attributes.collect());
            format!("<{name}{mark}{attributes}>{}</>", xml(&element.content))
        }
        XmlShape::Column(column, within) => format!("({}: {})", columns(column), xml(within)),
    });
    pieces.collect::<Vec<_>>().join(" ")
}

fn shaped(shape: &JsonShape) -> String {
    match shape {
        JsonShape::Value(projection) => projected(projection),
        JsonShape::Object(members) => {
            let members = members.iter();
            let members: Vec<String> = members
                .map(|(name, member)| format!("{name}: {}", shaped(member)))
                .collect();
            format!("{{{}}}", members.join("; "))
        }
        JsonShape::Tuple(elements) => {
            let elements: Vec<String> = elements.iter().map(shaped).collect();
            format!("({})", elements.join("; "))
        }
        JsonShape::Array(element) => format!("[{}…]", shaped(element)),
        JsonShape::Map(member) => format!("{{*: {}}}", shaped(member)),
    }
}

fn describe(inspected: &Inspected, depth: &str, out: &mut String) {
    let statement = &inspected.statement;
    for effect in &statement.effects {
        writeln!(out, "{depth}{effect}").unwrap();
    }
    match &statement.projections {
        Projections::None => {}
        Projections::Named(name) => writeln!(out, "{depth}rows of {name}").unwrap(),
        Projections::Columns(list) => {
            let texts: Vec<String> = list.iter().map(projected).collect();
            writeln!(out, "{depth}[{}]", texts.join(" | ")).unwrap();
        }
    }
    for used in &statement.uses {
        let place = match used.place.as_ref() {
            "" => String::new(),
            place => format!(" ({place})"),
        };
        let into = match used.into.as_slice() {
            [] => String::new(),
            into => format!(" into {}", columns(into)),
        };
        writeln!(out, "{depth}{:?} {}{into}{place}", used.usage, used.column).unwrap();
    }
    let session = &inspected.session;
    match &session.step {
        Step::None => {}
        Step::Prepare { name, inner } => {
            writeln!(out, "{depth}prepare {name}").unwrap();
            describe(inner, "    ", out);
        }
        Step::DeclareCursor { name, inner, held } => {
            let hold = if *held { " with hold" } else { "" };
            writeln!(out, "{depth}declare {name}{hold}").unwrap();
            describe(inner, "    ", out);
        }
        other => writeln!(out, "{depth}{other:?}").unwrap(),
    }
    let mut flags = Vec::new();
    flags.extend((!statement.has_where).then_some("no-where"));
    flags.extend(session.catalog_changed.then_some("catalog-changed"));
    flags.extend((session.state_moved && !session.catalog_changed).then_some("state-moved"));
    flags.extend(session.unread.then_some("unread"));
    flags.extend(session.footing_moved.then_some("footing-moved"));
    if !flags.is_empty() {
        writeln!(out, "{depth}{}", flags.join(" ")).unwrap();
    }
    for note in &inspected.notes {
        writeln!(out, "{depth}not followed: {note}").unwrap();
    }
    if let Some(refused) = &inspected.refused {
        writeln!(out, "{depth}refused: {refused}").unwrap();
    }
}

fn text_of(outcome: &Result<Inspection, NotUnderstood>) -> String {
    let mut out = String::new();
    match outcome {
        Err(error) => writeln!(out, "  error: {}", error.message).unwrap(),
        Ok(inspection) => {
            for inspected in &inspection.statements {
                writeln!(out, "  {}:", inspected.statement.kind).unwrap();
                describe(inspected, "  ", &mut out);
            }
            if !inspection.shape_safe {
                writeln!(out, "  not shape-safe").unwrap();
            }
        }
    }
    out
}

#[test]
fn corpus() {
    let server = Server::start(include_str!("schema.sql"));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cases.txt");
    run_cases(&server, path);
}

/// Bodies in PL/pgSQL: functions, triggers and blocks, harmless and hostile.
#[test]
fn procedures() {
    let schema = [include_str!("schema.sql"), include_str!("procedures.sql")].concat();
    let server = Server::start(&schema);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/procedures.txt");
    run_cases(&server, path);
}

fn run_cases(server: &Server, path: &str) {
    let catalog = Arc::new(read_catalog(server));
    let cases = std::fs::read_to_string(path).unwrap();
    let mut fresh = String::new();
    let mut wrong = Vec::new();
    for block in cases.split("\n\n").filter(|block| !block.trim().is_empty()) {
        let (head, expect): (Vec<&str>, Vec<&str>) =
            block.lines().partition(|line| line.starts_with(['>', '#']));
        let statement: Vec<&str> = head
            .iter()
            .filter_map(|line| line.strip_prefix("> "))
            .collect();
        let statement = statement.join("\n");
        let known = Arc::clone(&catalog);
        let text = statement.clone();
        let got = on_big_stack(move || {
            let view = View::initial(&known);
            text_of(&sql::inspect(&text, &view, &known))
        });
        if got.trim_end() != expect.join("\n").trim_end() {
            wrong.push(format!("{statement}\n{got}"));
        }
        write!(fresh, "{}\n{got}\n", head.join("\n")).unwrap();
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, fresh.trim_end().to_owned() + "\n").unwrap();
        return;
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn fingerprint_moves_with_definitions() {
    let server = Server::start("CREATE TABLE t (a int)");
    let ask = || server.rows(FINGERPRINT, true);
    let first = ask();
    assert_eq!(first, ask());
    assert!(first.first().unwrap().first().unwrap().is_some());
    let mut last = first;
    for change in [
        "ALTER TABLE t ADD COLUMN b int",
        "ALTER TABLE t RENAME COLUMN b TO c",
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 1",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "DROP FUNCTION f()",
        "CREATE SCHEMA s",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE t ALTER COLUMN a SET DEFAULT 3",
        "ALTER TABLE t ADD CHECK (a > 0)",
        "ALTER ROLE postgres SET search_path = s",
    ] {
        server.run(&[change]);
        let next = ask();
        assert_ne!(next, last, "{change}");
        last = next;
    }
    server.run(&[
        "INSERT INTO public.t VALUES (1)",
        "VACUUM ANALYZE public.t",
        "CREATE TEMP TABLE x (a int)",
    ]);
    assert_eq!(ask(), last);
}

fn state_after(server: &Server, before: &[&str]) -> View {
    let rows = server.rows_after(before, sql::state::QUERY);
    sql::state::parse(&rows).unwrap()
}

#[test]
fn the_brief_question_suffices_or_says_that_it_does_not() {
    let server = Server::start(include_str!("schema.sql"));
    let brief = |before: &[&str]| {
        let rows = server.rows_after(before, sql::state::BRIEF);
        sql::state::parse_brief(&rows).unwrap()
    };
    for before in [
        &[][..],
        &["SET search_path = tools, public"],
        &["BEGIN", "SET LOCAL search_path = tools"],
        &["BEGIN", "CREATE TABLE IF NOT EXISTS t (a int)", "COMMIT"],
        &[
            "BEGIN",
            "SAVEPOINT s",
            "CREATE TABLE t9 (a int)",
            "ROLLBACK",
        ],
        &["SET ROLE pg_monitor"],
    ] {
        let whole = state_after(&server, before);
        assert_eq!(brief(before), Some(whole), "{before:?}");
    }
    for before in [
        &["CREATE TEMP TABLE x (a int)"][..],
        &["CREATE TEMP TABLE x (a int)", "DROP TABLE x"],
        &["BEGIN", "CREATE TABLE t2 (a int)"],
        &["BEGIN", "SAVEPOINT s", "CREATE TABLE t2 (a int)"],
        &[
            "BEGIN",
            "SAVEPOINT s",
            "CREATE TABLE t2 (a int)",
            "RELEASE s",
        ],
        &["BEGIN", "INSERT INTO shop.items (sku) VALUES ('x')"],
    ] {
        assert_eq!(brief(before), None, "{before:?}");
    }
    let rows = server.rows_after(&["SET client_encoding = 'LATIN1'"], sql::state::BRIEF);
    assert!(sql::state::parse_brief(&rows).is_err());
    let without: Vec<_> = server.rows(sql::state::QUERY, false);
    assert!(sql::state::parse_brief(&without).is_err());
}

#[test]
fn state_as_the_session_sees_it() {
    let server = Server::start(include_str!("schema.sql"));
    let catalog = Arc::new(read_catalog(&server));
    let initial = View::initial(&catalog);
    assert_eq!(state_after(&server, &[]), initial);
    let check = |before: &[&str], text: &'static str, expect: &str| {
        let view = state_after(&server, before);
        let known = Arc::clone(&catalog);
        let got = on_big_stack(move || text_of(&sql::inspect(text, &view, &known)));
        assert!(got.contains(expect), "{before:?} {text}\n{got}");
    };
    let select = "SELECT email FROM customers";
    check(
        &["SET search_path = tools"],
        select,
        "unanalysed unresolved relation customers",
    );
    check(
        &["CREATE TEMP TABLE customers (email text)"],
        select,
        "select pg_temp_",
    );
    check(
        &[
            "BEGIN",
            "SAVEPOINT s",
            "ALTER TABLE shop.customers RENAME COLUMN email TO e2",
        ],
        select,
        "unanalysed unresolved column email",
    );
    check(
        &["BEGIN", "ALTER TABLE shop.customers RENAME TO clients"],
        select,
        "unanalysed unresolved relation customers",
    );
    check(
        &[
            "BEGIN",
            "ALTER TABLE shop.items ADD COLUMN loud text GENERATED ALWAYS AS (upper(sku)) STORED",
        ],
        "SELECT loud FROM items",
        "[!shop.items.loud,shop.items.sku]",
    );
    check(
        &[
            "BEGIN",
            "DROP TABLE shop.items CASCADE",
            "CREATE TABLE public.items (sku text)",
        ],
        "SELECT sku FROM items",
        "select public.items (sku)",
    );
    check(
        &[
            "BEGIN",
            "CREATE VIEW shop.fresh AS SELECT ssn AS x FROM shop.customers",
        ],
        "SELECT x FROM fresh",
        "[=shop.customers.ssn,shop.fresh.x]",
    );
    check(
        &[
            "BEGIN",
            "CREATE OR REPLACE VIEW shop.plain AS SELECT id, ssn AS email, ssn FROM shop.customers",
        ],
        "SELECT email FROM plain",
        "[=shop.customers.ssn,shop.plain.email]",
    );
    for (before, text, expect) in VIEWS {
        check(before, text, expect);
    }
    check(
        &[
            "BEGIN",
            "CREATE FUNCTION shop.upper(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ],
        "SELECT upper('x')",
        "call pg_catalog.upper()",
    );
    check(
        &[
            "BEGIN",
            "CREATE OPERATOR shop.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
        ],
        select,
        "unanalysed definition changed in this transaction operator",
    );
    for (before, text, expect) in BODIES {
        check(before, text, expect);
    }
    let rows = server.rows_after(&["SET client_encoding = 'LATIN1'"], sql::state::QUERY);
    assert!(sql::state::parse(&rows).is_err());
}

/// What migrations do: types and constraints of the transaction's own, and rows of the tables that it changed.
#[test]
fn migrations_within_one_transaction() {
    let server = Server::start(include_str!("schema.sql"));
    let catalog = Arc::new(read_catalog(&server));
    let check = |before: &[&str], text: &'static str, unknown: Option<&str>| {
        let view = state_after(&server, before);
        let known = Arc::clone(&catalog);
        let got = on_big_stack(move || text_of(&sql::inspect(text, &view, &known)));
        match unknown {
            Some(unknown) => assert!(got.contains(unknown), "{before:?} {text}\n{got}"),
            None => assert!(!got.contains("unanalysed"), "{before:?} {text}\n{got}"),
        }
    };
    let made = &["BEGIN", "CREATE TYPE shop.shade AS ENUM ('a', 'b')"][..];
    check(made, "CREATE TABLE t (s shade, l shop.shade[])", None);
    check(made, "SELECT 'a'::shade, '{b}'::_shade", None);
    check(made, "SELECT 'a'::tools.shade", Some("unresolved type"));
    check(
        &[
            "BEGIN",
            "CREATE DOMAIN shop.shade AS text CHECK (tools.check_it(VALUE))",
        ],
        "SELECT 'a'::shade",
        Some("unanalysed"),
    );
    check(
        &[
            "BEGIN",
            "DROP DOMAIN shop.short",
            "CREATE TYPE shop.short AS ENUM ('a')",
        ],
        "SELECT 'a'::short",
        None,
    );
    let update = "UPDATE orders SET note = 'x' WHERE note IS NULL";
    let alter = "ALTER TABLE shop.orders ALTER note SET DEFAULT 'x'";
    check(&["BEGIN", alter], update, None);
    let delete = "DELETE FROM customers WHERE id = 1";
    check(
        &[
            "BEGIN",
            "ALTER TABLE shop.customers ALTER name SET DEFAULT 'x'",
        ],
        delete,
        None,
    );
    let made =
        "CREATE FUNCTION tools.fresh() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'";
    let fires = "CREATE TRIGGER fresh BEFORE UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION tools.fresh()";
    check(
        &["BEGIN", made, fires],
        update,
        Some("unanalysed trigger whose function is not known orders"),
    );
    let again = "CREATE OR REPLACE FUNCTION tools.audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'";
    check(
        &["BEGIN", again],
        "INSERT INTO watched (id) VALUES (1)",
        Some("unanalysed tools.audit()"),
    );
    check(
        &[
            "BEGIN",
            "CREATE RULE r AS ON UPDATE TO shop.orders DO ALSO DELETE FROM shop.customers",
        ],
        update,
        Some("unanalysed rule on shop.orders"),
    );
    check(
        &[
            "BEGIN",
            "CREATE TABLE shop.kids (id int REFERENCES shop.customers ON DELETE CASCADE)",
        ],
        delete,
        Some("delete shop.kids"),
    );
    check(
        &["BEGIN", "CREATE TABLE shop.more () INHERITS (shop.orders)"],
        update,
        Some("update shop.more (note)"),
    );
    check(
        &["BEGIN", "ALTER TABLE shop.orders RENAME TO bills"],
        delete,
        Some("delete shop.bills"),
    );
    check(
        &["BEGIN", "ALTER TABLE shop.watched ALTER v SET DEFAULT 'x'"],
        "INSERT INTO watched (id) VALUES (1)",
        Some("call tools.audit()"),
    );
}

/// What is given for each column, by the statement's own words.
#[test]
fn given_values_are_followed_to_the_columns_that_take_them() {
    let server = Server::start(include_str!("schema.sql"));
    let catalog = Arc::new(read_catalog(&server));
    let told = |text: &'static str, values: &[model::Given]| -> String {
        let literals = sql::literals(text).unwrap_or_default();
        let value = |value: &model::GivenValue| match value {
            model::GivenValue::Parameter(number) => format!("${number}"),
            model::GivenValue::Copied(nth) => format!("column {nth}"),
            model::GivenValue::Text(text) => format!("text {text}"),
            model::GivenValue::Literal { nth, negative } => {
                let sign = if *negative { "-" } else { "" };
                format!("{sign}{}", &text[literals[*nth].clone()])
            }
        };
        let one = |given: &model::Given| {
            let start = value(&given.value);
            given.parts.iter().fold(start, |from, part| match part {
                model::Part::Member(name) => format!("{from}.{name}"),
                model::Part::Elements => format!("{from}[]"),
                model::Part::Field(nth) => format!("{from}.{nth}"),
                model::Part::Pieces => format!("split({from})"),
                model::Part::SplitAt(mark) => format!("split({from}, {mark})"),
                model::Part::Computed => format!("f({from})"),
            })
        };
        let mut values: Vec<String> = values.iter().map(one).collect();
        values.sort();
        values.join(" ")
    };
    let check = |text: &'static str, expect: &str| {
        let known = Arc::clone(&catalog);
        let statement = on_big_stack(move || {
            let inspection = sql::inspect(text, &View::initial(&known), &known).unwrap();
            inspection.statements.last().unwrap().statement.clone()
        });
        let given = statement.given.iter().map(|assignment| {
            let mark = if assignment.plain { "" } else { " and columns" };
            let values = told(text, &assignment.values);
            format!("{}: {values}{mark}", columns(&assignment.columns))
        });
        let passed = statement.arguments.iter();
        let passed = passed.map(|values| format!("passes {}", told(text, values)));
        let all: Vec<String> = given.chain(passed).collect();
        assert_eq!(all.join("; "), expect, "{text}");
    };
    check(
        "UPDATE customers SET email = 'a***@x', id = -5 WHERE id = 7",
        "shop.customers.email: 'a***@x'; shop.customers.id: -5",
    );
    check(
        "UPDATE customers SET email = $2::varchar WHERE id = $1",
        "shop.customers.email: $2",
    );
    check(
        "UPDATE customers SET email = lower('A' || $1), name = name || 'x'",
        "shop.customers.email: f($1) f('A'); shop.customers.name: f('x') and columns",
    );
    check(
        "INSERT INTO customers (id, email) VALUES (1, 'a'), (2, 'b')",
        "shop.customers.id: 1 2; shop.customers.email: 'a' 'b'",
    );
    check(
        "INSERT INTO customers SELECT 1, $1",
        "shop.customers.id: 1; shop.customers.email: $1",
    );
    check(
        "INSERT INTO customers (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET email = $1, name = excluded.name",
        "shop.customers.id: 1; shop.customers.email: $1",
    );
    check(
        "INSERT INTO customers (id, email) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET name = excluded.email",
        "shop.customers.id: 1; shop.customers.email: $1; shop.customers.name: $1",
    );
    check(
        "UPDATE customers c SET email = v.e FROM (VALUES (1, 'x'), (2, $1)) AS v(id, e) WHERE c.id = v.id",
        "shop.customers.email: $1 'x'",
    );
    check(
        "WITH v AS (SELECT $1 AS e) UPDATE customers SET email = (SELECT e FROM v)",
        "shop.customers.email: $1",
    );
    check(
        "UPDATE customers SET (name, email) = ('n', 'e')",
        "shop.customers.name: f('e') f('n'); shop.customers.email: f('e') f('n')",
    );
    check(
        "UPDATE customers SET email = coalesce($1, email), name = CASE WHEN id = 1 THEN $2 ELSE name END",
        "shop.customers.email: $1 and columns; shop.customers.name: $2 and columns",
    );
    check(
        "MERGE INTO customers c USING (VALUES (1, $1)) s(id, e) ON c.id = s.id \
         WHEN MATCHED THEN UPDATE SET email = s.e WHEN NOT MATCHED THEN INSERT (id, email) VALUES (s.id, 'n')",
        "shop.customers.email: $1; shop.customers.id: 1; shop.customers.email: 'n'",
    );
    check(
        "WITH w AS (UPDATE customers SET email = $1 RETURNING id) SELECT id FROM w",
        "shop.customers.email: $1",
    );
    check(
        "UPDATE plain SET email = $1",
        "shop.plain.email,shop.customers.email: $1",
    );
    check(
        "EXPLAIN UPDATE customers SET email = $1",
        "shop.customers.email: $1",
    );
    check(
        "PREPARE p AS UPDATE customers SET email = $1, name = 'n'",
        "shop.customers.email: $1; shop.customers.name: 'n'",
    );
    check("EXECUTE p('x', 1)", "passes 'x'; passes 1");
    // No shape: the values themselves.
    check(
        "UPDATE customers SET email = E'a***@x' -- why",
        "shop.customers.email: text a***@x",
    );
    check(
        "SELECT 1; UPDATE customers SET email = 'it''s'",
        "shop.customers.email: 'it''s'",
    );
    // What is taken out of JSON, arrays and rows.
    check(
        "UPDATE customers SET email = $1::jsonb->>'mail', name = $1::json#>>'{a,b}' WHERE id = ($1->'id')::int",
        "shop.customers.email: $1.mail; shop.customers.name: $1.a.b",
    );
    check(
        "UPDATE customers c SET email = v.e FROM unnest($1::int[], $2::text[]) AS v(id, e) WHERE c.id = v.id",
        "shop.customers.email: $2[]",
    );
    check(
        "INSERT INTO customers (id, email) SELECT r.id, r.email FROM jsonb_to_recordset($1) AS r(id int, email text)",
        "shop.customers.id: $1[].id; shop.customers.email: $1[].email",
    );
    check(
        "INSERT INTO customers (name, email) SELECT name, email FROM json_populate_record(NULL::customers, $1)",
        "shop.customers.name: $1.name; shop.customers.email: $1.email",
    );
    check(
        "UPDATE customers c SET email = e->>'mail' FROM jsonb_array_elements($1::jsonb) AS e WHERE c.id = (e->>'id')::int",
        "shop.customers.email: $1[].mail",
    );
    check(
        "UPDATE customers SET email = (SELECT value FROM json_each_text($1) WHERE key = 'm'), name = ($2::text[])[3]",
        "shop.customers.email: $1[]; shop.customers.name: $2[]",
    );
    check(
        "INSERT INTO customers (name, email) SELECT u.name, u.email FROM unnest($1::customers[]) u",
        "shop.customers.name: $1[].3; shop.customers.email: $1[].1",
    );
    check(
        "UPDATE customers SET email = ($1::customers).email, name = jsonb_extract_path_text($2, 'a', 'b')",
        "shop.customers.email: $1.1; shop.customers.name: $2.a.b",
    );
    check(
        "UPDATE customers SET email = unnest(string_to_array($1, ',')), name = jsonb_build_object('a', $2)->>'a'",
        "shop.customers.email: split($1, ,)[]; shop.customers.name: f($2) f('a')",
    );
    check(
        "UPDATE customers SET email = unnest(string_to_array($1, $2)), name = split_part($3, '~', 2)",
        "shop.customers.email: split($1)[]; shop.customers.name: split($3, ~)",
    );
    check(
        "UPDATE customers SET email = $1::jsonb->>$2, name = ($3::jsonb)['a']",
        "shop.customers.email: f($1); shop.customers.name: $3.a",
    );
    // Into bodies and out of them, and from blocks of code.
    check(
        "SELECT tools.set_mail($1, $2)",
        "shop.customers.email: f($2)",
    );
    check(
        "SELECT tools.set_both($1, 'a***@x', 'n')",
        "shop.customers.email: f('a***@x'); shop.customers.name: $1 'a***@x' 'n'",
    );
    check(
        "SELECT tools.set_both(what => $1, number => $2, mail => $3)",
        "shop.customers.email: f($1) f($2) f($3); shop.customers.name: $1 $2 $3",
    );
    check(
        "UPDATE customers SET email = tools.same($1)",
        "shop.customers.email: f($1)",
    );
    check(
        "DO $$ DECLARE v text := 'a***@x'; BEGIN UPDATE shop.customers SET email = v WHERE id = 7; END $$",
        "shop.customers.email: text a***@x",
    );
    check(
        "DO $$ BEGIN UPDATE shop.customers SET email = lower('a***@x'); PERFORM tools.set_mail(1, 'z'); END $$",
        "shop.customers.email: f(text a***@x) f(text z); shop.customers.email: f(text a***@x) f(text z)",
    );
    check(
        "DO $$ BEGIN UPDATE shop.customers SET email = name; END $$",
        "",
    );
    // What a body, a view or a default says is not given by the statement.
    check("SELECT tools.clean(1)", "");
    check(
        "INSERT INTO orders (note) SELECT tools.mail_atomic(id) FROM orders",
        "",
    );
}

/// What a session may do to the names that a view's text gives to what it reads.
const VIEWS: &[(&[&str], &str, &str)] = &[
    (
        &[
            "BEGIN",
            "ALTER TABLE shop.customers RENAME TO clients",
            "CREATE TABLE shop.customers (id int, email text, ssn text, name text)",
        ],
        "SELECT mail FROM contacts",
        "[=shop.clients.email,shop.contacts.mail]",
    ),
    // Through another view.
    (
        &[
            "BEGIN",
            "ALTER TABLE shop.customers RENAME TO clients",
            "CREATE TABLE shop.customers (id int, email text, ssn text, name text)",
        ],
        "SELECT mail FROM contacts2",
        "[=shop.clients.email,shop.contacts.mail,shop.contacts2.mail]",
    ),
    (
        &[
            "BEGIN",
            "ALTER TABLE shop.customers RENAME COLUMN email TO other",
            "ALTER TABLE shop.customers RENAME COLUMN name TO email",
        ],
        "SELECT email FROM plain",
        "[=shop.customers.other,shop.plain.email]",
    ),
    (
        &[
            "BEGIN",
            "ALTER VIEW shop.contacts RENAME TO reached",
            "CREATE VIEW shop.contacts AS SELECT 1 AS mail, 2 AS id",
        ],
        "SELECT mail FROM contacts2",
        "shop.customers.email",
    ),
    (
        &[
            "BEGIN",
            "ALTER TABLE shop.orders SET SCHEMA tools",
            "CREATE TABLE shop.orders (customer_id int, total numeric)",
        ],
        "SELECT total FROM totals",
        "[!shop.totals.total,tools.orders.total]",
    ),
];

#[test]
fn who_the_session_acts_as_is_told_by_both_questions() {
    let server = Server::start("CREATE ROLE other SUPERUSER");
    let footing = |before: &[&str], question| {
        sql::state::footing(&server.rows_after(before, question)).unwrap()
    };
    let login = footing(&[], sql::state::BRIEF);
    let check = |before: &[&str], expect: Option<&str>| {
        for question in [sql::state::BRIEF, sql::state::QUERY] {
            let now = footing(before, question);
            assert_eq!(login.difference(&now), expect, "{before:?}");
        }
    };
    check(&[], None);
    check(&["SET search_path = tools", "SET work_mem = '1MB'"], None);
    check(&["SET ROLE pg_monitor"], Some("role"));
    check(&["SET ROLE pg_monitor", "RESET ROLE"], None);
    check(&["SET SESSION AUTHORIZATION pg_monitor"], Some("role"));
    check(
        &["SET SESSION AUTHORIZATION other", "SET ROLE postgres"],
        Some("session_authorization"),
    );
    check(
        &["SET session_replication_role = replica"],
        Some("session_replication_role"),
    );
    check(
        &["SET transform_null_equals = on"],
        Some("transform_null_equals"),
    );
    check(&["SET backslash_quote = on"], Some("backslash_quote"));
    check(
        &["SET escape_string_warning = off"],
        Some("escape_string_warning"),
    );
}

/// What a session may do to what a body means.
const BODIES: &[(&[&str], &str, &str)] = &[
    (
        &["SET search_path = tools"],
        "SELECT tools.mail_of(1)",
        "unanalysed tools.mail_of()",
    ),
    (
        &["SET search_path = tools"],
        "SELECT tools.mail_fixed(1), tools.mail_atomic(1)",
        "[=shop.customers.email | =shop.customers.email]",
    ),
    (
        &["CREATE TEMP TABLE customers (id int, email text)"],
        "SELECT tools.mail_of(1)",
        "select pg_temp_",
    ),
    (
        &["CREATE TEMP TABLE customers (id int, email text)"],
        "SELECT mail FROM mails_by_path",
        "select pg_temp_",
    ),
    (
        &["CREATE TEMP TABLE customers (id int, email text)"],
        "SELECT tools.mail_fixed(1)",
        "[=shop.customers.email]",
    ),
    (
        &["CREATE TEMP TABLE customers (id int, email text)"],
        "SELECT tools.mail_either(1)",
        "select pg_temp_",
    ),
    (
        &[
            "BEGIN",
            "CREATE OR REPLACE FUNCTION tools.mail_of(wanted int) RETURNS text LANGUAGE sql STABLE AS 'SELECT ssn FROM customers'",
        ],
        "SELECT tools.nested(1)",
        "unanalysed tools.nested()",
    ),
    (
        &[
            "BEGIN",
            "CREATE OR REPLACE FUNCTION tools.mail_atomic(wanted int) RETURNS text LANGUAGE sql AS 'SELECT ssn FROM shop.customers'",
        ],
        "SELECT mail FROM mails",
        "unanalysed view that could not be followed mails",
    ),
    (
        &[
            "BEGIN",
            "ALTER TABLE shop.customers RENAME TO hidden",
            "CREATE TABLE shop.customers (id int, email text)",
        ],
        "SELECT tools.mail_atomic(1)",
        "unanalysed tools.mail_atomic()",
    ),
];

#[test]
fn functions_and_types_by_number() {
    let server = Server::start(include_str!("schema.sql"));
    let catalog = read_catalog(&server);
    let oid = |text: &str| -> u32 {
        let rows = server.rows(&format!("SELECT {text}::oid"), false);
        rows.first()
            .unwrap()
            .first()
            .unwrap()
            .as_deref()
            .unwrap()
            .parse()
            .unwrap()
    };
    let show = |effects: &[model::Effect]| {
        let texts: Vec<String> = effects.iter().map(ToString::to_string).collect();
        texts.join("; ")
    };
    let function =
        |text: &str| sql::function_effects(&catalog, oid(text)).map(|found| show(&found));
    assert_eq!(
        function("'pg_catalog.int4pl(int,int)'::regprocedure").unwrap(),
        ""
    );
    assert_eq!(
        function("'pg_catalog.lo_get(oid)'::regprocedure").unwrap(),
        "large_object pg_catalog.lo_get()"
    );
    assert_eq!(
        function("'tools.peek(int)'::regprocedure").unwrap(),
        "call tools.peek(); unanalysed tools.peek()"
    );
    assert_eq!(sql::function_effects(&catalog, 4_000_000), None);
    let type_ = |text: &str| show(&sql::type_effects(&catalog, oid(text)));
    assert_eq!(type_("'int4'::regtype"), "");
    assert_eq!(type_("'shop.short'::regtype"), "");
    let code = "call tools.check_it(); unanalysed tools.check_it()";
    assert_eq!(type_("'shop.code'::regtype"), code);
    assert_eq!(type_("'shop.code[]'::regtype"), code);
    assert_eq!(type_("'shop.pair'::regtype"), code);
}
