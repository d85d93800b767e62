//! Any bytes as SQL against a fixed catalog: no panic, time within bounds, the same answer twice, behind blanks and
//! comments, with other literals where the cache would take it for the same, no less within EXPLAIN, and no literal in
//! what is recorded. An odd first byte makes words of the bytes that follow, so that much of what is tried parses.
#![no_main]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use model::{ColumnUse, Effect, Projections, Usage};
use pg_query::protobuf::{ScanToken, Token};
use sql::{Catalog, Inspection, View};

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

/// All that a decision is made of, statement by statement, but where in the text it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Said {
    kind: String,
    effects: BTreeSet<Effect>,
    projections: Projections,
    uses: BTreeSet<ColumnUse>,
    given: Vec<model::Assignment>,
    arguments: Vec<Vec<model::Given>>,
    has_where: bool,
    session: String,
    returns_rows: bool,
    refused: Option<String>,
}

fn said(inspection: &Inspection) -> Vec<Said> {
    let each = inspection.statements.iter().map(|inspected| {
        let statement = inspected.statement.clone();
        Said {
            kind: statement.kind,
            effects: statement.effects.into_iter().collect(),
            projections: statement.projections,
            uses: statement.uses.into_iter().collect(),
            given: statement.given,
            arguments: statement.arguments,
            has_where: statement.has_where,
            session: format!("{:?}", inspected.session),
            returns_rows: inspected.returns_rows,
            refused: inspected.refused.clone(),
        }
    });
    each.collect()
}

/// What PostgreSQL's scanner makes of a text; nothing of one without tokens, of which the library makes a null slice.
fn tokens(text: &str) -> Vec<ScanToken> {
    match text.trim().is_empty() {
        true => Vec::new(),
        false => pg_query::scan_tokens(text).unwrap_or_default(),
    }
}

fn is_literal(token: Token) -> bool {
    matches!(
        token,
        Token::Sconst
            | Token::Usconst
            | Token::Iconst
            | Token::Fconst
            | Token::Bconst
            | Token::Xconst
    )
}

/// The text with a comment wherever a single blank stands between two tokens; what a string may go on behind stays.
fn commented(text: &str) -> Option<String> {
    let tokens = tokens(text);
    let (mut out, mut end) = (String::new(), 0);
    for token in &tokens {
        let (from, to) = (
            usize::try_from(token.start).ok()?,
            usize::try_from(token.end).ok()?,
        );
        let gap = text.get(end..from)?;
        out.push_str(if gap == " " && end > 0 {
            " /* ; */ "
        } else {
            gap
        });
        out.push_str(text.get(from..to)?);
        end = to;
    }
    out.push_str(text.get(end..)?);
    Some(out)
}

/// The text with other literals of the same kinds and widths.
fn with_other_literals(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut end = 0;
    for literal in sql::literals(text)? {
        out.push_str(text.get(end..literal.start)?);
        let other = text
            .get(literal.clone())?
            .chars()
            .map(|letter| match letter {
                '0'..='8' => char::from(letter as u8 + 1),
                '9' => '4',
                'a'..='y' | 'A'..='Y' => char::from(letter as u8 + 1),
                other => other,
            });
        out.extend(other);
        end = literal.end;
    }
    out.push_str(text.get(end..)?);
    Some(out)
}

/// The cache answers for every text of a safe shape with what was found for the first of them.
fn same_with_other_literals(text: &str, first: &Inspection, view: &View, catalog: &Catalog) {
    let Some(other) = with_other_literals(text).filter(|_| first.shape_safe) else {
        return;
    };
    if sql::shape(&other) != sql::shape(text) {
        return;
    }
    let Ok(again) = sql::inspect(&other, view, catalog) else {
        // What does not parse is the server's to refuse.
        return;
    };
    assert_eq!(said(first), said(&again), "{text}\nand\n{other}");
}

fn same_behind_comments(text: &str, first: &Inspection, view: &View, catalog: &Catalog) {
    let Some(other) = commented(text).filter(|other| other != text) else {
        return;
    };
    let again = sql::inspect(&other, view, catalog).expect("as before");
    // A text with comments has no shape, so its literals are not counted.
    let without_given = |inspection: &Inspection| {
        let mut all = said(inspection);
        for one in &mut all {
            (one.given, one.arguments) = (Vec::new(), Vec::new());
            one.session.clear();
        }
        all
    };
    assert_eq!(
        without_given(first),
        without_given(&again),
        "{text}\nand\n{other}"
    );
}

/// What runs within EXPLAIN ANALYZE has every effect that it has alone, and uses what it uses alone.
fn no_less_when_explained(text: &str, first: &Inspection, view: &View, catalog: &Catalog) {
    let alone = said(first);
    let [alone] = alone.as_slice() else {
        return;
    };
    let is_query = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"].contains(&alone.kind.as_str());
    let explained = format!("EXPLAIN ANALYZE {text}");
    let Ok(explained) = sql::inspect(&explained, view, catalog) else {
        return;
    };
    if !is_query || explained.statements.len() != 1 {
        return;
    }
    for one in said(&explained) {
        let lacks: Vec<_> = alone.effects.difference(&one.effects).collect();
        assert!(lacks.is_empty(), "{lacks:?} lack in EXPLAIN ANALYZE {text}");
        let known: BTreeSet<_> = one.uses.iter().map(|used| &used.column).collect();
        let used = alone
            .uses
            .iter()
            .filter(|used| used.usage != Usage::Assigned);
        let lacks: Vec<_> = used.filter(|used| !known.contains(&used.column)).collect();
        assert!(lacks.is_empty(), "{lacks:?} lack in EXPLAIN ANALYZE {text}");
    }
}

/// Nothing that the scanner takes for a literal or a comment is left in what is recorded.
fn is_redacted(text: &str) {
    let redacted = sql::redact(text);
    assert!(redacted.len() <= text.len() * 10 + 64, "{redacted}");
    for token in tokens(&redacted) {
        let kind = Token::try_from(token.token).expect("a token");
        let is_comment = matches!(kind, Token::SqlComment | Token::CComment);
        assert!(!is_literal(kind) && !is_comment, "{redacted}\nof\n{text}");
    }
}

fn analyse(text: &str, view: &View, catalog: &Catalog) {
    let start = Instant::now();
    let first = sql::inspect(text, view, catalog);
    let taken = start.elapsed();
    assert!(taken < TIME_MAX, "{taken:?}: {text}");
    is_redacted(text);
    let Ok(first) = &first else {
        return;
    };
    for inspected in &first.statements {
        let range = inspected.statement.range.clone();
        assert!(text.get(range.clone()).is_some(), "{range:?} of {text:?}");
    }
    let again = sql::inspect(text, view, catalog).expect("as before");
    assert_eq!(said(first), said(&again), "{text}");
    same_with_other_literals(text, first, view, catalog);
    same_behind_comments(text, first, view, catalog);
    no_less_when_explained(text, first, view, catalog);
    let statements: Vec<model::Statement> = first
        .statements
        .iter()
        .map(|inspected| inspected.statement.clone())
        .collect();
    let _reach = sql::reach(&statements, view, catalog, &sql::Estimates::default());
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = portcullis_fuzz::statements::text(WORDS, TEXT_BYTES_MAX, data);
    portcullis_fuzz::statements::on_deep_stack(text, analyse);
});
