//! Beginnings are asked for in the words that a volume has of them, and find the same as the scan.

use ::ledger::find::query::Query;
use rusqlite::Connection;

use super::super::file;
use super::super::words::{Expression, Words};
use super::*;

/// What the first volume is asked for.
fn asked_for(db: &Connection, text: &str) -> Expression {
    let query = Query::parse(text).unwrap();
    let words = Words {
        beginnings: query.all,
        none: query.none,
        ..Words::default()
    };
    words
        .within(&db.unchecked_transaction().unwrap(), 0)
        .unwrap()
}

fn texts() -> Bench {
    let mut bench = Bench::new();
    bench.start();
    let texts = [
        "select orders",
        "select order_items",
        "insert",
        "indent",
        "index orders",
    ];
    bench.record("ada", &texts.map(act));
    bench.catch_up();
    bench
}

#[test]
fn beginnings_are_spelt_out_in_the_words_that_a_volume_has() {
    let bench = texts();
    let db = file::open_to_read(&bench.path("index")).unwrap();
    let check = |text: &str, expect: &str| {
        let expect = Expression::Of(expect.to_owned());
        assert_eq!(asked_for(&db, text), expect, "{text}");
    };
    check("sel*", "(\"select\")");
    check("select*", "(\"select\")");
    check("ord*", "(\"order\" OR \"orders\")");
    check("\"select ord\"*", "(\"select order\" OR \"select orders\")");
    // More words than are spelt out.
    check("in*", "\"in\"*");
    check("in* ord*", "\"in\"* AND \"ord\"*");
    check("ord* in*", "(\"order\" OR \"orders\") AND \"in\"*");
    check(
        "sel* -ord*",
        "((\"select\")) NOT ((\"order\" OR \"orders\"))",
    );
    check("sel* -zz*", "(\"select\")");
    assert_eq!(asked_for(&db, "sel* zz*"), Expression::Nothing);
    assert_eq!(asked_for(&db, "-zz*"), Expression::Anything);
    assert_eq!(asked_for(&db, ""), Expression::Anything);
    for text in [
        "in*",
        "ord* in*",
        "ord* -in*",
        "sel* zz*",
        "-zz*",
        "zz*",
        "\"order it\"*",
    ] {
        bench.texts(&[("text", text)]);
    }
}

#[test]
fn an_index_of_before_gets_the_lists_of_its_words() {
    let mut bench = texts();
    bench.index = None;
    let dir = bench.path("index");
    let db = Connection::open(dir.join("index.sqlite")).unwrap();
    db.execute_batch("DROP TABLE terms_0").unwrap();
    let asked = asked_for(&db, "sel*");
    assert_eq!(asked, Expression::Of("\"sel\"*".to_owned()));
    drop(db);
    bench.start();
    bench.catch_up();
    let db = file::open_to_read(&dir).unwrap();
    wait("the list is there", || {
        asked_for(&db, "sel*") == Expression::Of("(\"select\")".to_owned())
    });
    assert_eq!(bench.texts(&[("text", "sel*")]).len(), 2);
}
