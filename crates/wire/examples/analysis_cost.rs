//! What analysing a statement costs: unseen, known by its text, and known by its shape. Prints JSON, for
//! `scripts/bench.py`.
//!
//! Reads the catalog with psql from the server that `PG*` in the environment name.
#![allow(
    clippy::unwrap_used,
    reason = "a measurement stops where its stage does not hold"
)]

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::CatalogVersion;
use sql::catalog::{Builder, QUERIES};
use sql::{Catalog, View};
use wire::postgres::Inspector;

const FIELD: char = '\u{2}';
const RECORD: char = '\u{3}';
const NULL: &str = "\u{4}";

/// How long each case is measured.
const SPAN: Duration = Duration::from_millis(400);

const CASES: &[(&str, &str)] = &[
    (
        "select by key",
        include_str!("../../../testing/statements/select.sql"),
    ),
    (
        "psql \\d",
        include_str!("../../../testing/statements/describe.sql"),
    ),
    (
        "report of 10 joins",
        include_str!("../../../testing/statements/report.sql"),
    ),
];

fn rows(query: &str, pinned: bool) -> Vec<Vec<Option<String>>> {
    let mut psql = Command::new("psql");
    psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", query]);
    psql.args(["-F", &FIELD.to_string(), "-R", &RECORD.to_string()]);
    psql.args(["-P", &format!("null={NULL}")]);
    if pinned {
        psql.env("PGOPTIONS", "-c search_path=");
    }
    let output = psql.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let text = text.trim_end_matches('\n');
    if text.is_empty() {
        return Vec::new();
    }
    let cell = |cell: &str| (cell != NULL).then(|| cell.to_owned());
    text.split(RECORD)
        .map(|record| record.split(FIELD).map(cell).collect())
        .collect()
}

fn catalog() -> Catalog {
    let mut builder = Builder::new(CatalogVersion(1));
    for query in QUERIES {
        for row in rows(query.sql, query.name != "login") {
            let cells: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
            builder.row(query.name, &cells).unwrap();
        }
    }
    builder.build().unwrap()
}

/// The median and the 99th percentile of one call, in µs.
fn measure(mut call: impl FnMut()) -> (f64, f64) {
    for _ in 0..20 {
        call();
    }
    let (start, mut taken) = (Instant::now(), Vec::new());
    while start.elapsed() < SPAN {
        let before = Instant::now();
        call();
        taken.push(before.elapsed().as_secs_f64() * 1e6);
    }
    taken.sort_by(f64::total_cmp);
    let at = |percent: usize| taken.get(taken.len() * percent / 100).copied().unwrap();
    (at(50), at(99))
}

fn run() {
    let catalog = Arc::new(catalog());
    let inspector = Arc::new(Inspector::new());
    inspector.set_catalog(Arc::clone(&catalog));
    let view = View::initial(&catalog);
    let mut out = Vec::new();
    for (name, text) in CASES {
        let unseen = measure(|| drop(sql::inspect(text, &view, &catalog).unwrap()));
        let known = inspector.known(view.clone(), text);
        let cached = measure(|| assert!(known.by_text(), "{name} is in the cache"));
        let mut line = format!(
            "\"case\": {name:?}, \"bytes\": {}, \"unseen_us\": {:.2}, \"unseen_p99_us\": {:.2}, \"cached_us\": {:.3}",
            text.len(),
            unseen.0,
            unseen.1,
            cached.0
        );
        if known.by_shape() {
            let shaped = measure(|| assert!(known.by_shape(), "{name} is in the cache"));
            line += &format!(", \"shape_us\": {:.3}", shaped.0);
        }
        out.push(format!("{{{line}}}"));
    }
    println!("[{}]", out.join(",\n "));
}

fn main() {
    let thread = std::thread::Builder::new().stack_size(sql::STACK_BYTES);
    thread.spawn(run).unwrap().join().unwrap();
}
