//! The leak corpus: what would lead around a mask or a rule is refused, what looks alike runs, and in neither does a
//! single byte that the client receives carry a raw value.

use testkit::{Frame, PostgresOptions, RawClient, Server, repository};

use crate::stage::{Stage, Wishes, new_shop, oidc};

/// Rows whose labelled values are looked for.
const ROWS: &str = "id <= 60";

/// What a corpus line is expected to come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expect {
    Refused,
    Runs,
}

/// A shop of its own, with places that copy, compute or shadow labelled columns.
fn stage() -> Stage {
    let server = Server::standard();
    let postgres = Box::leak(Box::new(new_shop(&server, PostgresOptions::default())));
    let setup = std::fs::read_to_string(repository("testing/corpus/setup.sql")).unwrap();
    postgres.sql("shop", &setup);
    Stage::on(postgres, oidc(), &Wishes::default())
}

/// One line of the corpus: the statements of one session.
struct Case {
    expect: Expect,
    account: String,
    steps: Vec<String>,
}

fn corpus() -> Vec<Case> {
    let text = std::fs::read_to_string(repository("testing/corpus/leaks.sql")).unwrap();
    let (mut expect, mut account) = (Expect::Refused, String::new());
    let mut cases = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("-- refused ") {
            (expect, account) = (Expect::Refused, name.to_owned());
        } else if let Some(name) = line.strip_prefix("-- runs ") {
            (expect, account) = (Expect::Runs, name.to_owned());
        } else if !line.is_empty() && !line.starts_with("--") {
            cases.push(Case {
                expect,
                account: account.clone(),
                steps: line.split(" ;; ").map(str::to_owned).collect(),
            });
        }
    }
    assert!(cases.len() > 180, "{} cases", cases.len());
    cases
}

/// Labelled values of the first rows, as text and as it may be encoded.
fn secrets(stage: &Stage) -> Vec<String> {
    let sql = format!(
        "SELECT v FROM customers, LATERAL (VALUES (email), (phone), (ssn), (card_number)) l(v) WHERE {ROWS} \
         UNION ALL SELECT encode(v::bytea, f) FROM customers, LATERAL (VALUES (email), (ssn), (card_number)) l(v), \
         (VALUES ('hex'), ('base64')) e(f) WHERE {ROWS} UNION ALL SELECT salary::text FROM staff"
    );
    let found = stage.postgres.sql("shop", &sql);
    let values: Vec<String> = found
        .lines()
        .filter(|line| line.len() >= 7)
        .map(str::to_lowercase)
        .collect();
    assert!(values.len() > 400, "{} values to look for", values.len());
    values
}

/// Everything that may not change by what is refused.
fn fingerprint(stage: &Stage) -> String {
    let sql = "SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM customers c \
               UNION ALL SELECT count(*)::text FROM order_items UNION ALL SELECT count(*)::text FROM orders \
               UNION ALL SELECT count(*)::text FROM pg_class";
    stage.postgres.sql("shop", sql)
}

fn received(frames: &[Frame]) -> String {
    let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.body.clone()).collect();
    String::from_utf8_lossy(&bytes).to_lowercase()
}

fn errors(frames: &[Frame]) -> Vec<String> {
    let failed = frames.iter().filter(|frame| frame.tag == b'E');
    failed
        .map(|frame| {
            let field = |code| frame.field(code).unwrap_or_default();
            format!("{} {}", field(b'C'), field(b'M'))
        })
        .collect()
}

/// Runs one statement by the extended protocol, results in binary.
fn extended(client: &mut RawClient, sql: &str) -> Vec<Frame> {
    client.send(b'P', &[&[0], sql.as_bytes(), &[0, 0, 0]].concat());
    client.send(b'B', &[0, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
    client.send(b'D', b"P\0");
    client.send(b'E', &[0, 0, 0, 0, 0]);
    client.send(b'S', &[]);
    client.read_until_ready()
}

fn run(stage: &Stage, mode: fn(&mut RawClient, &str) -> Vec<Frame>) {
    let secrets = secrets(stage);
    let before = fingerprint(stage);
    let mut wrong = Vec::new();
    let mut changed_after: Option<String> = None;
    for case in corpus() {
        let Case {
            expect,
            account,
            steps,
        } = case;
        if expect == Expect::Runs && changed_after.is_none() {
            changed_after = Some(fingerprint(stage));
        }
        let mut client = stage.raw(&account);
        let frames: Vec<Frame> = steps
            .iter()
            .flat_map(|step| match steps.len() {
                // Several statements in one text are for the simple protocol alone.
                1 if !step.contains("; ") => mode(&mut client, step),
                _ => client.query(step),
            })
            .collect();
        let line = steps.join(" ;; ");
        let errors = errors(&frames);
        let is_refusal = |error: &String| error.starts_with("42501 ") || error.starts_with("PC004");
        let as_expected = match expect {
            Expect::Refused => errors.iter().any(is_refusal),
            Expect::Runs => errors.is_empty(),
        };
        if !as_expected {
            wrong.push(format!("expected {expect:?}, got {errors:?}: {line}"));
        }
        let text = received(&frames);
        if let Some(secret) = secrets.iter().find(|secret| text.contains(secret.as_str())) {
            wrong.push(format!("{secret} was received: {line}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(
        changed_after.as_deref(),
        Some(before.as_str()),
        "what was refused had no effect"
    );
}

#[test]
fn by_the_simple_protocol() {
    run(&stage(), |client, sql| client.query(sql));
}

#[test]
fn by_the_extended_protocol_in_binary() {
    run(&stage(), extended);
}

#[test]
fn unknown_names_are_told_as_such() {
    let stage = stage();
    let mut client = stage.raw("alice");
    let mut check = |sql: &str, expect: &str| {
        let told = errors(&client.query(sql));
        assert!(
            told.iter().any(|error| error.contains(expect)),
            "{sql}: {told:?}"
        );
    };
    check(
        "SELECT id, email FROM custmers",
        "relation custmers is not known",
    );
    check("SELECT emial FROM customers", "column emial is not known");
    check("SELECT no_such(1)", "function no_such is not known");
    check("SELECT 'x'::nosuchtype", "type nosuchtype is not known");
    check(
        "SELECT * FROM nowhere.customers",
        "relation nowhere.customers is not known",
    );
}
