//! Values that no label names and that give themselves away: hidden by every route, counted in the recording, and what
//! only looks alike arrives as the server says it.

use testkit::{Frame, RawClient, http_get, repository};

use crate::stage::{Stage, Wishes, listed};

/// What the notes hold, and in which no byte of it may come out.
const SECRETS: [&str; 3] = [
    "4111 1111 1111 1111",
    "4111111111111111",
    "lovelace@example",
];

const SETUP: &str = r#"
CREATE EXTENSION citext;
CREATE TYPE life AS (since int, note text);
CREATE TABLE notes (
    id bigint PRIMARY KEY, body text, short varchar(90), padded char(60), loose citext, kind name, lived life,
    doc json, docb jsonb, page xml, tags text[], docs jsonb[], kinds citext[], number bigint,
    checked int DEFAULT 1 CHECK (checked > 0));
INSERT INTO notes (id, body, short, padded, loose, kind, lived, doc, docb, page, tags, docs, kinds, number)
SELECT id, v, v, v, v, 'lovelace@example.org', ROW(1, v)::life,
    ('{"mail": "ada.lovelace\u0040example.org", "card": 4111111111111111}')::json,
    jsonb_build_object('mail', v, 'card', 4111111111111111, 'more', jsonb_build_array(v)),
    xmlelement(name note, v), ARRAY['x', v], ARRAY[to_jsonb(v)], ARRAY[v]::citext[], 5500005555555559
FROM (VALUES (1, 'card 4111 1111 1111 1111; thanks'), (2, 'ada.lovelace@example.org'), (3, '4111111111111111')) x(id, v);
CREATE VIEW noted AS SELECT id, trim(body) AS body FROM notes;
CREATE FUNCTION told(bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT body FROM public.notes WHERE id = $1';
CREATE FUNCTION all_told() RETURNS SETOF notes LANGUAGE sql STABLE AS 'SELECT * FROM public.notes';
CREATE TABLE plain (id bigint, ref text, note text, doc jsonb, at text);
INSERT INTO plain VALUES
    (4111111111111112, 'order 4111111111111112', 'at 2026-11-21 10:00:00.123456+00', '{"n": 4111111111111112}', '10:00'),
    (2, '0190a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b', 'sku-2026-000-1234567', '{"at": "2026-11-21T10:00:00Z"}', 'user@host'),
    (3, '1234567890123456', 'v1.2.3-4.5 192.168.100.200', '[1.5e10, 20261121100000123]', 'a@b'),
    (4, 'INV-2026-1121-000042', '000-12-3456 and 123-45-67890', '"DE00 3704 0044 0532 0130 00"', 'x.eyJhbGciOiJ9');
GRANT ALL ON notes, noted, plain TO portcullis_gateway;
"#;

const DETECT: &str = "\n[[detect]]\nschema = \"public\"\nhide = \"place\"\n";

fn stage(detect: &str) -> Stage {
    let wishes = Wishes {
        labels: detect,
        ..Wishes::default()
    };
    Stage::with_own_shop(SETUP, &wishes)
}

/// The sections of the corpus: heading and cases, each the statements of one session.
fn corpus(section: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(repository("testing/corpus/detected.sql")).unwrap();
    let mut lines = text
        .lines()
        .skip_while(|line| *line != format!("-- {section}"));
    lines.next().unwrap();
    let lines = lines
        .take_while(|line| !line.starts_with("-- "))
        .filter(|line| !line.is_empty());
    lines
        .map(|line| line.split(" ;; ").map(str::to_owned).collect())
        .collect()
}

/// Runs one statement by the extended protocol, results in this format.
fn extended(client: &mut RawClient, sql: &str, format: u8) -> Vec<Frame> {
    client.send(b'P', &[&[0], sql.as_bytes(), &[0, 0, 0]].concat());
    client.send(b'B', &[0, 0, 0, 0, 0, 0, 0, 1, 0, format]);
    client.send(b'D', b"P\0");
    client.send(b'E', &[0, 0, 0, 0, 0]);
    client.send(b'S', &[]);
    client.read_until_ready()
}

type Mode = fn(&mut RawClient, &str) -> Vec<Frame>;

const MODES: [(&str, Mode); 3] = [
    ("simple", |client, sql| client.query(sql)),
    ("extended text", |client, sql| extended(client, sql, 0)),
    ("extended binary", |client, sql| extended(client, sql, 1)),
];

fn ask(client: &mut RawClient, case: &[String], mode: Mode) -> Vec<Frame> {
    let single = case.len() == 1;
    let mut frames = Vec::new();
    if single {
        client.query("BEGIN");
    }
    for step in case {
        frames.extend(if single {
            mode(client, step)
        } else {
            client.query(step)
        });
    }
    if single {
        client.query("ROLLBACK");
    }
    frames
}

fn received(frames: &[Frame]) -> String {
    let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.body.clone()).collect();
    String::from_utf8_lossy(&bytes).to_lowercase()
}

fn codes(frames: &[Frame]) -> Vec<String> {
    let failed = frames.iter().filter(|frame| frame.tag == b'E');
    failed
        .map(|frame| frame.field(b'C').unwrap_or_default())
        .collect()
}

fn is_refused(codes: &[String]) -> bool {
    codes
        .iter()
        .any(|code| code == "42501" || code.starts_with("PC"))
}

#[test]
fn by_no_route_a_detected_value_comes_out() {
    let stages = [stage(DETECT), stage(&DETECT.replace("place", "value"))];
    let mut wrong = Vec::new();
    for (stage, hide) in stages.iter().zip(["place", "value"]) {
        for (mode, send) in MODES {
            let mut client = stage.raw("dora");
            for case in corpus("hidden") {
                let frames = ask(&mut client, &case, send);
                let (got, codes) = (received(&frames), codes(&frames));
                if let Some(secret) = SECRETS.iter().find(|secret| got.contains(**secret)) {
                    wrong.push(format!("{hide}, {mode}: {secret} in {case:?}: {got}"));
                }
                if is_refused(&codes) {
                    wrong.push(format!("{hide}, {mode}: refused {codes:?}: {case:?} {got}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn what_only_looks_alike_is_what_the_server_says() {
    let (on, off) = (stage(DETECT), stage(""));
    let mut wrong = Vec::new();
    for (mode, send) in MODES {
        let (mut searched, mut plain) = (on.raw("dora"), off.raw("dora"));
        for case in corpus("same") {
            let one = ask(&mut searched, &case, send);
            let two = ask(&mut plain, &case, send);
            let bytes = |frames: &[Frame]| -> Vec<(u8, Vec<u8>)> {
                let rows = frames.iter().filter(|frame| b"DdE".contains(&frame.tag));
                rows.map(|frame| (frame.tag, frame.body.clone())).collect()
            };
            if bytes(&one) != bytes(&two) || bytes(&one).is_empty() {
                wrong.push(format!(
                    "{mode}: {case:?}: {} {}",
                    received(&one),
                    received(&two)
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn what_is_not_found_is_as_documented() {
    let (on, off) = (stage(DETECT), stage(""));
    let (mut searched, mut plain) = (on.raw("dora"), off.raw("dora"));
    for case in corpus("shown") {
        let one = received(&ask(&mut searched, &case, MODES[0].1));
        let two = received(&ask(&mut plain, &case, MODES[0].1));
        assert_eq!(one, two, "{case:?}");
    }
}

#[test]
fn what_was_hidden_is_counted_and_only_what_was_delivered_is_recorded() {
    let stage = stage(&DETECT.replace("place", "value"));
    let mut client = stage.raw("dora");
    client.query("SELECT body, tags, number FROM notes ORDER BY id");
    extended(&mut client, "SELECT docb FROM notes WHERE id = 1", 1);
    client.query("COPY notes (id, short) TO STDOUT");
    client.hang_up();
    let sessions = listed(&stage.json("dora", &["sessions", "list"]), "sessions");
    let mut replayed = String::new();
    for session in &sessions {
        let id = session["id"].as_str().unwrap();
        replayed += stage.cli("dora", &["replay", id, "--speed", "0"]).ok();
    }
    for expected in [
        "values hidden: card 4, email 2",
        "values hidden: card 1",
        "values hidden: card 2, email 1",
    ] {
        assert!(replayed.contains(expected), "{expected}: {replayed}");
    }
    for secret in SECRETS {
        assert!(!replayed.contains(secret), "{secret} in {replayed}");
    }
    let metrics = http_get(&format!("{}/metrics", stage.gateway.http())).body;
    assert!(
        metrics.contains("portcullis_values_detected_total{detector=\"card\"} 7"),
        "{metrics}"
    );
    assert!(
        metrics.contains("portcullis_values_detected_total{detector=\"email\"} 3"),
        "{metrics}"
    );
}

#[test]
fn a_value_that_is_too_long_is_hidden_unread() {
    let wishes = Wishes {
        labels: DETECT,
        limits: "searched_bytes_max = \"1KiB\"",
        ..Wishes::default()
    };
    let stage = Stage::with_own_shop(SETUP, &wishes);
    let mut client = stage.raw("dora");
    let mut check = |sql: &str, expect: &str| {
        let frames = client.query(sql);
        let row = frames
            .iter()
            .find(|frame| frame.tag == b'D')
            .map(Frame::texts);
        assert_eq!(row.unwrap_or_default().join("|"), expect, "{sql}");
    };
    check(
        "SELECT repeat('x', 1024) = '', length(repeat('x', 1024))",
        "f|1024",
    );
    check("SELECT repeat('x', 1025)", "***");
    check("SELECT to_json(repeat('x', 1025))", "\"***\"");
    check("SELECT repeat('x', 1024)", &"x".repeat(1024));
}
