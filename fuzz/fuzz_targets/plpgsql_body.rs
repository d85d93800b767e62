//! Any bytes as a body in PL/pgSQL: no panic, time within bounds, the same answer twice, and every text of SQL that
//! PostgreSQL's own reader finds in it is found too. An odd first byte makes words of the bytes that follow.
#![no_main]

use std::time::{Duration, Instant};

use sql::{Catalog, View};

/// Longest body tried.
const TEXT_BYTES_MAX: usize = 8 * 1024;
/// What no body of that length may take, in a build that checks every access to memory.
const TIME_MAX: Duration = Duration::from_secs(10);

const WORDS: &str = "BEGIN BEGIN END END END ; ; ; ; ; DECLARE EXCEPTION WHEN OTHERS THEN IF THEN ELSE ELSIF LOOP WHILE FOR \
FOREACH IN ARRAY REVERSE BY .. EXIT CONTINUE RETURN NEXT QUERY RAISE NOTICE USING MESSAGE ASSERT GET STACKED DIAGNOSTICS OPEN \
FETCH MOVE CLOSE FROM INTO STRICT PERFORM CALL DO COMMIT ROLLBACK NULL CASE EXECUTE ALIAS CURSOR NO SCROLL CONSTANT NOT \
DEFAULT := = <<l>> l a b c r x y int text record refcursor items%ROWTYPE items.sku%TYPE shop.code ( ) [ ] , . $1 1 2 'x' '%' \
SELECT INSERT UPDATE DELETE MERGE WITH VALUES SET WHERE FROM items orders customers ssn sku order_id note tools.peek(1) \
count(*) a:=1; x:=f(1); NEW OLD SQLERRM FOUND \"a\" /* */ -- \n # variable_conflict use_column AND OR + || @";

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What libpg_query's parser calls `query`, of its JSON, without a reader of JSON.
fn theirs(json: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in json.split("\"query\":\"").skip(1) {
        let mut text = String::new();
        let mut letters = part.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => break,
                '\\' => match letters.next() {
                    Some('n' | 't' | 'r' | 'b' | 'f') => text.push(' '),
                    // Rare: not compared.
                    Some('u') | None => return Vec::new(),
                    Some(other) => text.push(other),
                },
                other => text.push(other),
            }
        }
        found.push(squeezed(&text));
    }
    found
}

/// Every text of theirs must be one of ours, or end with it: assignments bring their target, CASE a variable.
fn compare(body: &str) {
    if body.contains("$body_of_test$") {
        return;
    }
    let Some(ours) = sql::plpgsql_texts(body) else {
        return;
    };
    let Ok(parsed) = pg_query::parse_plpgsql(&format!("DO $body_of_test${body}$body_of_test$"))
    else {
        return;
    };
    let ours: Vec<String> = ours.iter().map(|text| squeezed(text)).collect();
    for text in theirs(&parsed.to_string()) {
        let behind_case = text.rsplit_once("__\"").map_or("", |(_, rest)| rest);
        let found = ours.iter().any(|our| {
            text == *our
                || text.ends_with(&format!("={our}"))
                || text == format!("SELECT{our}")
                || (!behind_case.is_empty() && our.ends_with(behind_case))
                || our.starts_with(&format!("({text})IN"))
        });
        assert!(found, "{text}\nis not in {ours:?}\nof {body}");
    }
}

fn analyse(body: &str, view: &View, catalog: &Catalog) {
    compare(body);
    let text = format!("DO $body_of_test${body}$body_of_test$");
    let start = Instant::now();
    let first = sql::inspect(&text, view, catalog);
    let taken = start.elapsed();
    assert!(taken < TIME_MAX, "{taken:?}: {text}");
    let Ok(first) = first else {
        return;
    };
    let again = sql::inspect(&text, view, catalog).expect("as before");
    let both = first.statements.iter().zip(&again.statements);
    for (one, other) in both {
        assert_eq!(one.statement, other.statement, "{text}");
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let body = portcullis_fuzz::statements::text(WORDS, TEXT_BYTES_MAX, data);
    portcullis_fuzz::statements::on_deep_stack(body, analyse);
});
