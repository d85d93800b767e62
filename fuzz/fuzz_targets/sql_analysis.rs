//! Any bytes as SQL against a fixed catalog: no panic, time within bounds, the same answer twice. An odd first byte
//! makes words of the bytes that follow, so that much of what is tried parses.
#![no_main]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use model::CatalogVersion;
use sql::catalog::Builder;
use sql::{Catalog, View};

/// Longest text tried.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// What no text of that length may take, in a build that checks every access to memory.
const TIME_MAX: Duration = Duration::from_secs(10);

const WORDS: &str = "SELECT FROM WHERE GROUP BY ORDER LIMIT OFFSET HAVING JOIN LEFT FULL CROSS LATERAL ON USING NATURAL \
UNION ALL EXCEPT INTERSECT WITH RECURSIVE AS MATERIALIZED INSERT INTO VALUES UPDATE SET DELETE MERGE WHEN MATCHED NOT THEN \
RETURNING CONFLICT DO NOTHING EXCLUDED DEFAULT CREATE TEMP TABLE VIEW FUNCTION TYPE ENUM DOMAIN INDEX ALTER DROP COLUMN ADD \
CONSTRAINT CHECK COPY TO STDOUT STDIN PREPARE EXECUTE DECLARE c CURSOR FOR FETCH EXPLAIN ANALYZE VERBOSE LOCK IN ACCESS SHARE \
MODE TRUNCATE GRANT REVOKE ROLE BEGIN COMMIT ROLLBACK SAVEPOINT CASE ELSE END NULL IS DISTINCT EXISTS ANY ARRAY ROW CAST \
COLLATE BETWEEN LIKE ILIKE SIMILAR AND OR OVER PARTITION ROWS WINDOW FILTER WITHIN GROUPING SETS ROLLUP CUBE TABLESAMPLE \
ORDINALITY UPDATE SHARE OF SKIP LOCKED CALL LANGUAGE sql plpgsql $$ search_path customers orders items contacts contacts2 \
plain totals events events_2026 coded guarded watched ruled secured priced people shop tools public pg_catalog \
information_schema pg_class pg_settings pg_stats pg_stat_activity pg_authid id email ssn name born customer_id total note \
order_id sku price mail at who v owner amount a b x y t lower upper count sum min array_agg json_agg unnest generate_series \
coalesce now set_config nextval lo_get query_to_xml to_jsonb row_to_json jsonb_build_object peek mail check_it rows work \
text int numeric date bool jsonb code short mood pair money2 ( ) ( ) ( ) , , , . . ; * * = < > <> <= >= === + - / % || -> ->> \
:: :: [ ] : $1 $2 1 2 0 'x' 'sad' '' '{}' 'shop.ticket' 'search_path' \"id\" U&\"\\0069d\" E'\\n' -- /* */";

fn catalog() -> Catalog {
    let mut builder = Builder::new(CatalogVersion(1));
    for line in include_str!("../catalog.tsv").lines() {
        let mut cells = line.split('\t');
        let query = cells.next().unwrap_or_default();
        let mut row: Vec<Option<String>> = cells.map(cell).collect();
        // Queries may come to ask for more; what is not known is NULL.
        row.resize(row.len() + 8, None);
        let row: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
        builder.row(query, &row).expect("a row of the catalog");
    }
    builder.build().expect("a catalog")
}

fn cell(text: &str) -> Option<String> {
    let plain = || {
        text.replace("\\n", "\n")
            .replace("\\u", "\u{1f}")
            .replace("\\\\", "\\")
    };
    (text != "\\N").then(plain)
}

fn text(data: &[u8]) -> String {
    match data {
        [first, rest @ ..] if first % 2 == 1 => {
            let words: Vec<&str> = WORDS.split_ascii_whitespace().collect();
            let word = |byte: &u8| words[usize::from(*byte) % words.len()];
            rest.iter().map(word).collect::<Vec<_>>().join(" ")
        }
        [_, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [] => String::new(),
    }
}

fn analyse(text: &str, view: &View, catalog: &Catalog) {
    let start = Instant::now();
    let first = sql::inspect(text, view, catalog);
    let taken = start.elapsed();
    assert!(taken < TIME_MAX, "{taken:?}: {text}");
    let redacted = sql::redact(text);
    if let Ok(inspection) = &first {
        let statements: Vec<model::Statement> = inspection
            .statements
            .iter()
            .map(|inspected| inspected.statement.clone())
            .collect();
        for statement in &statements {
            let within = text.get(statement.range.clone());
            assert!(within.is_some(), "{:?} of {text:?}", statement.range);
        }
        let again = sql::inspect(text, view, catalog).expect("as before");
        let again: Vec<model::Statement> = again
            .statements
            .into_iter()
            .map(|inspected| inspected.statement)
            .collect();
        assert_eq!(statements, again, "{text}");
        let _reach = sql::reach(&statements, view, catalog, &sql::Estimates::default());
    }
    assert!(redacted.len() <= text.len() * 8 + 64, "{redacted}");
    let _shape = sql::shape(text);
}

/// The one thread whose stack is deep enough, and its two ends.
fn worker() -> &'static Mutex<(Sender<String>, Receiver<()>)> {
    static WORKER: OnceLock<Mutex<(Sender<String>, Receiver<()>)>> = OnceLock::new();
    WORKER.get_or_init(|| {
        let (give, texts) = channel::<String>();
        let (done, finished) = channel();
        let work = move || {
            let catalog = catalog();
            let view = View::initial(&catalog);
            for text in texts {
                analyse(&text, &view, &catalog);
                done.send(()).expect("somebody waits");
            }
        };
        let thread = std::thread::Builder::new().stack_size(sql::STACK_BYTES);
        thread.spawn(work).expect("a thread");
        Mutex::new((give, finished))
    })
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut text = text(data);
    let end = text.floor_char_boundary(TEXT_BYTES_MAX.min(text.len()));
    text.truncate(end);
    let ends = worker().lock().expect("one caller");
    ends.0.send(text).expect("the worker");
    ends.1.recv().expect("the worker");
});
