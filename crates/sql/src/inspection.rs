//! What the analysis of one text says, and how it begins.
//!
//! Knows no protocol and no policy.

use model::{Effect, Object, Statement, Verb};
use pg_query::protobuf::{ParseResult, Token};

use crate::analyse::{self, Analysis, Answer, Halt, Literals};
use crate::catalog::{Catalog, Locals};
use crate::place::SyntaxError;
use crate::redact::redact;
use crate::state::View;

/// The analysis of one text.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Its statements, in order; none for an empty text.
    pub statements: Vec<Inspected>,
    /// The text with every literal replaced, whenever it carries one. Labels are unknown here: record this
    /// instead of the text when any column that the statements use or project is labelled, or any statement
    /// is not fully analysed.
    pub text_redacted: Option<String>,
    /// Whether the result depends on the text's plain literals only through their places: it may be reused
    /// for every text of equal [`crate::shape()`].
    pub shape_safe: bool,
}

/// One statement's analysis.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Effects, projections and uses.
    pub statement: Statement,
    /// What it does to the session.
    pub session: SessionChange,
    /// Whether it answers with rows.
    pub returns_rows: bool,
    /// Which functions and blocks are not followed, and why, where that is known.
    pub notes: Vec<String>,
    /// Why it never passes, whatever policy says: it would make gateway and server read texts differently.
    pub refused: Option<String>,
}

/// What a statement does to the session. At most one step; the flags stand beside it.
#[derive(Clone, Debug, Default)]
pub struct SessionChange {
    /// The step it takes.
    pub step: Step,
    /// Name resolution may have moved: search_path, role, temporary objects, or anything the analysis cannot
    /// follow. Ask [`crate::state::QUERY`] before the next analysis. COMMIT, ROLLBACK and ROLLBACK TO do not
    /// carry the flag: after a transaction (or savepoint) in which any statement carried either flag, ask again.
    pub state_moved: bool,
    /// Definitions may have changed: compare [`crate::catalog::FINGERPRINT`] once the transaction has ended.
    /// Inside it, [`crate::state::QUERY`] reports the session's own changes. Implies `state_moved`.
    pub catalog_changed: bool,
    /// Code runs that was not read, when it is run or already when it is planned. It may set whatever the session may
    /// set. Implies `state_moved`.
    pub unread: bool,
    /// It sets who the session acts as, or another setting that [`crate::state::Footing`] holds. Implies `state_moved`.
    pub footing_moved: bool,
}

impl SessionChange {
    /// Takes in what something that this statement runs does to the session.
    pub fn take_in(&mut self, inner: &Self) {
        self.state_moved |= inner.state_moved;
        self.catalog_changed |= inner.catalog_changed;
        self.unread |= inner.unread;
        self.footing_moved |= inner.footing_moved;
    }
}

/// A step of the session's own machinery.
#[derive(Clone, Debug, Default)]
pub enum Step {
    /// None.
    #[default]
    None,
    /// BEGIN, START TRANSACTION.
    Begin,
    /// COMMIT, END, PREPARE TRANSACTION.
    Commit,
    /// ROLLBACK, ABORT.
    Rollback,
    /// SAVEPOINT.
    Savepoint {
        /// Its name.
        name: String,
    },
    /// RELEASE.
    Release {
        /// Its name.
        name: String,
    },
    /// ROLLBACK TO.
    RollbackTo {
        /// Its name.
        name: String,
    },
    /// PREPARE: keeps `inner` under a name (cut at 63 bytes as the server does).
    Prepare {
        /// The statement's name.
        name: String,
        /// What EXECUTE will do.
        inner: Box<Inspected>,
    },
    /// EXECUTE, also inside EXPLAIN and CREATE TABLE AS: the named statement's effects apply now.
    Execute {
        /// The statement's name.
        name: String,
    },
    /// DEALLOCATE.
    Deallocate {
        /// The statement's name; `None` is ALL.
        name: Option<String>,
    },
    /// DECLARE CURSOR: opens a portal.
    DeclareCursor {
        /// The portal's name.
        name: String,
        /// What FETCH will return.
        inner: Box<Inspected>,
        /// It outlives its transaction (WITH HOLD).
        held: bool,
    },
    /// FETCH: rows of the named portal.
    Fetch {
        /// The portal's name.
        name: String,
    },
    /// MOVE: positions the named portal, returns no rows.
    Move {
        /// The portal's name.
        name: String,
    },
    /// CLOSE.
    CloseCursor {
        /// The portal's name; `None` is ALL.
        name: Option<String>,
    },
    /// DISCARD ALL: as if newly logged in.
    DiscardAll,
    /// COPY FROM STDIN.
    CopyIn,
    /// COPY TO STDOUT.
    CopyOut,
}

/// Why a text is refused before any policy is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotUnderstood {
    /// What was not understood; for a syntax error, the parser's own words without any literal that they quote.
    pub message: String,
    /// The server's grammar rejects the text too: SQLSTATE 42601.
    pub syntax: Option<SyntaxError>,
    /// The text without literals.
    pub text_redacted: String,
}

/// Analyses every statement of a text.
pub(crate) fn inspect(
    text: &str,
    view: &View,
    catalog: &Catalog,
) -> Result<Inspection, NotUnderstood> {
    let refuse = |message: String, syntax: Option<SyntaxError>| NotUnderstood {
        message,
        syntax,
        text_redacted: redact(text),
    };
    let parsed = parse(text).map_err(|message| {
        let plain = without_quotation(&message);
        refuse(plain, Some(SyntaxError::find(text, message)))
    })?;
    let locals = Locals::of(&view.overlay, catalog);
    let mut statements = Vec::with_capacity(parsed.stmts.len());
    let literals = Literals::of(text);
    let mut shape_safe = true;
    let mut moved = Moved::default();
    let reads_otherwise = catalog.server_version < 160_000 && has_new_numbers(text);
    for raw in &parsed.stmts {
        let Some(node) = raw.stmt.as_ref().and_then(|node| node.node.as_ref()) else {
            continue;
        };
        let mut analysis = Analysis::new(catalog, view, &locals);
        analysis.text = Some(&literals);
        let walked = analysis.statement(node);
        let walked = walked.and_then(|found| analysis.follow_unasked().map(|()| found));
        let walked = walked.and_then(|found| analysis.within_bounds().map(|()| found));
        let (kind, answer) = walked.map_err(|halt| {
            let message = match halt {
                Halt::Deep => "the statement nests too deeply to be analysed",
                Halt::Long => "the statement is too complex to be analysed",
            };
            refuse(message.to_owned(), None)
        })?;
        let moved_before = moved.concerns(&analysis);
        let (types_alone, quiet) = (analysis.types_alone, analysis.quiet_alter);
        doubts(&mut analysis, view, catalog, moved_before, reads_otherwise);
        shape_safe &= analysis.shape_safe;
        let range = range(text, raw.stmt_location, raw.stmt_len);
        let inspected = inspected(analysis, kind, &answer, range);
        moved.take_in(&inspected.session, types_alone, quiet);
        statements.push(inspected);
    }
    let redacted = redact(text);
    Ok(Inspection {
        shape_safe: shape_safe && statements.len() == 1,
        text_redacted: (redacted != text).then_some(redacted),
        statements,
    })
}

/// What the statements of a text so far did to what names mean for those behind them.
#[derive(Default)]
struct Moved {
    anything: bool,
    types: bool,
    /// More than altering tables in a way that does not matter to further statements of the kind.
    beyond_alters: bool,
}

impl Moved {
    fn concerns(&self, next: &Analysis<'_>) -> bool {
        // Of types that come and go nothing hangs that says by itself what it does.
        let concerns = self.anything || (self.types && !next.says_all);
        concerns && (self.beyond_alters || !next.quiet_alter)
    }

    fn take_in(&mut self, done: &SessionChange, types_alone: bool, quiet: bool) {
        // The end of a transaction takes back what was set, made or dropped in it before this text, and what a name
        // stands for is not known here.
        let elsewhere = matches!(
            done.step,
            Step::Commit
                | Step::Rollback
                | Step::RollbackTo { .. }
                | Step::Execute { .. }
                | Step::Fetch { .. }
                | Step::Move { .. }
        );
        self.types |= done.state_moved;
        self.anything |= elsewhere || (done.state_moved && !types_alone);
        self.beyond_alters |= elsewhere || (done.state_moved && (!quiet || done.unread));
    }
}

/// Parses a text; an error is the parser's message, which may quote a literal.
pub(crate) fn parse(text: &str) -> Result<ParseResult, String> {
    // The wrapper gathers table and function names and does not expect every tree: a panic there is an error here.
    let outcome = std::panic::catch_unwind(|| pg_query::parse(text, 0));
    match outcome {
        Ok(Ok(parsed)) => Ok(parsed.protobuf),
        Ok(Err(pg_query::Error::Parse(message))) => Err(message),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the statement could not be parsed".to_owned()),
    }
}

/// A parser's message whose quoted place is kept only when it is a plain word or sign.
fn without_quotation(message: &str) -> String {
    let Some((head, near)) = message.split_once(" at or near ") else {
        return message.to_owned();
    };
    let word = near.trim_matches('"');
    let is_plain = word.len() <= 63
        && !word.starts_with(|c: char| c.is_ascii_digit())
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_,;()=<>*+-/".contains(c));
    if is_plain {
        message.to_owned()
    } else {
        format!("{head} at or near a literal")
    }
}

/// Reasons that hold for a statement whatever it says.
fn doubts(
    analysis: &mut Analysis<'_>,
    view: &View,
    catalog: &Catalog,
    moved: bool,
    reads_otherwise: bool,
) {
    let names_something = analysis.names_something();
    if moved && names_something {
        analysis.unknown(
            "statement after one that moves name resolution",
            "send it by itself",
        );
    }
    if reads_otherwise {
        analysis.unknown("syntax that this server reads otherwise", "number");
    }
    if !names_something {
        return;
    }
    for kind in &view.overlay.changed {
        analysis.unknown("definition changed in this transaction", kind);
    }
    let mut composites = view.overlay.composites.iter();
    if composites.any(|oid| catalog.composites.contains_key(oid)) {
        analysis.unknown("definition changed in this transaction", "composite type");
    }
    for (oid, name) in &view.overlay.schemas {
        if catalog.schemas.get(oid).is_some_and(|known| known != name) {
            analysis.unknown("schema renamed in this transaction", name);
        }
    }
}

/// Numbers such as `1_000` and `0x1F`: older servers end the number early and read a name.
pub(crate) fn has_new_numbers(text: &str) -> bool {
    let suspicious = text.as_bytes().windows(2).any(|pair| {
        matches!(
            pair,
            [b'0'..=b'9', b'_' | b'x' | b'X' | b'o' | b'O' | b'b' | b'B']
        )
    });
    if !suspicious {
        return false;
    }
    let Ok(tokens) = crate::scan::tokens(text) else {
        return true;
    };
    tokens.iter().any(|token| {
        let is_number = matches!(
            Token::try_from(token.token),
            Ok(Token::Iconst | Token::Fconst | Token::Param)
        );
        let place = usize::try_from(token.start)
            .ok()
            .zip(usize::try_from(token.end).ok());
        let body = place
            .and_then(|(from, to)| text.get(from..to))
            .unwrap_or("_");
        is_number && body.contains(['_', 'x', 'X', 'o', 'O', 'b', 'B'])
    })
}

fn range(text: &str, location: i32, length: i32) -> std::ops::Range<usize> {
    let from = usize::try_from(location).unwrap_or(0).min(text.len());
    let to = match usize::try_from(length) {
        Ok(length) if length > 0 => from.saturating_add(length).min(text.len()),
        _ => text.len(),
    };
    from..to
}

/// Puts one statement's parts together.
pub(crate) fn inspected(
    mut analysis: Analysis<'_>,
    kind: &str,
    answer: &Answer,
    range: std::ops::Range<usize>,
) -> Inspected {
    if analysis.by_path && (analysis.moves_path || analysis.unread) {
        analysis.unknown("function called where name resolution moves", "");
    }
    let mut session = std::mem::take(&mut analysis.session);
    // What is kept by PREPARE runs later, and is asked about then.
    if !matches!(session.step, Step::Prepare { .. }) {
        session.catalog_changed |= analysis.is_unproven();
        session.unread |= analysis.unread || analysis.is_unproven();
        session.state_moved |= session.catalog_changed || session.unread;
    }
    let refused = analysis.refused.take();
    let has_where = analysis.has_where;
    let returns_rows = !matches!(answer, Answer::Nothing);
    let notes = std::mem::take(&mut analysis.notes);
    let (given, arguments) = analysis.given();
    let finished = analysis.finish(answer);
    Inspected {
        notes: notes.into_iter().collect(),
        statement: Statement {
            range,
            kind: kind.to_owned(),
            effects: finished.effects,
            projections: finished.projections,
            uses: finished.uses,
            given,
            arguments,
            has_where,
        },
        session,
        returns_rows,
        refused,
    }
}

/// See [`crate::function_effects`].
pub(crate) fn function_effects(catalog: &Catalog, oid: u32) -> Option<Vec<Effect>> {
    let function = catalog.function(oid)?;
    let mut effects = analyse::routine_effects(catalog, oid);
    for type_oid in &function.argument_types {
        effects.extend(type_effects(catalog, *type_oid));
    }
    effects.sort();
    effects.dedup();
    Some(effects)
}

/// See [`crate::type_effects`].
pub(crate) fn type_effects(catalog: &Catalog, oid: u32) -> Vec<Effect> {
    let mut effects = analyse::type_effects(catalog, oid);
    // An analysis follows what a check calls; here nobody does.
    let called = effects.iter().filter(|effect| effect.verb == Verb::Call);
    let unread: Vec<Effect> = called
        .map(|effect| Effect {
            verb: Verb::Unanalysed,
            ..effect.clone()
        })
        .collect();
    effects.extend(unread);
    effects.sort();
    effects.dedup();
    effects
}

/// The effect of what could not be proven.
pub(crate) fn unanalysed(what: &str) -> Effect {
    Effect {
        verb: Verb::Unanalysed,
        object: Object::Other {
            kind: what.to_owned(),
            name: String::new(),
        },
        columns: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use model::Projections;

    use crate::catalog::testing;
    use crate::{Catalog, NotUnderstood, STACK_BYTES, View};

    /// A catalog of one table, `s.t (a, b)`.
    fn catalog() -> Catalog {
        testing::catalog(&[
            ("login", &["1", "pg_catalog"]),
            ("login", &["2", "s"]),
            ("login", &["role", "me"]),
            ("login", &["database", "d"]),
            ("login", &["version", "180000"]),
            ("schemas", &["11", "pg_catalog"]),
            ("schemas", &["20000", "s"]),
            ("relations", &["20001", "20000", "t", "r"]),
            ("columns", &["20001", "a", "23", "1"]),
            ("columns", &["20001", "b", "25", "2"]),
            ("types", &["23", "11", "int4", "b", "0", "0", "0", "N"]),
            ("types", &["25", "11", "text", "b", "0", "0", "0", "S"]),
        ])
    }

    fn inspect(text: &str) -> Result<crate::Inspection, NotUnderstood> {
        let text = text.to_owned();
        std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let catalog = catalog();
                let view = View::initial(&catalog);
                crate::inspect(&text, &view, &catalog)
            })
            .unwrap()
            .join()
            .unwrap()
    }

    #[test]
    fn deep_nesting_is_analysed_or_refused() {
        let analysed = |text: &str, what: &str| {
            let inspection = inspect(text).unwrap_or_else(|error| panic!("{what}: {error:?}"));
            let statement = &inspection.statements.first().unwrap().statement;
            assert!(
                matches!(&statement.projections, Projections::Columns(list) if list.len() == 1),
                "{what}"
            );
        };
        let repeat = |text: &str, times: usize| text.repeat(times);
        analysed(&format!("SELECT 1{}", repeat("+1", 4_000)), "sum");
        analysed(
            &format!(
                "SELECT {}a{} FROM t",
                repeat("lower(", 1_000),
                repeat(")", 1_000)
            ),
            "calls",
        );
        analysed(
            &format!("SELECT {}1{}", repeat("-(", 2_000), repeat(")", 2_000)),
            "signs",
        );
        analysed(
            &format!("SELECT a FROM t WHERE {}true", repeat("NOT ", 2_000)),
            "not",
        );
        analysed(
            &format!("SELECT 1{}", repeat(" UNION SELECT 1", 1_500)),
            "union",
        );
        analysed(&format!("SELECT 1{}", repeat("::int4", 2_000)), "casts");
        let selects = format!(
            "{}SELECT a FROM t{}",
            repeat("SELECT a FROM (", 300),
            repeat(") x", 300)
        );
        analysed(&selects, "subqueries");
        for text in [
            format!(
                "SELECT {}a{} FROM t",
                repeat("lower(", 9_000),
                repeat(")", 9_000)
            ),
            format!(
                "{}SELECT a FROM t{}",
                repeat("SELECT a FROM (", 4_000),
                repeat(") x", 4_000)
            ),
            format!(
                "SELECT {}1{}",
                repeat("(SELECT ", 4_000),
                repeat(")", 4_000)
            ),
        ] {
            // Refused by the parser or by the walk; never a crash.
            assert!(inspect(&text).is_err());
        }
    }

    #[test]
    fn nested_recursion_is_bounded() {
        let mut text = "SELECT 1 AS x".to_owned();
        for level in 0..12 {
            text = format!(
                "WITH RECURSIVE r{level} AS ({text} UNION ALL SELECT x FROM r{level}) SELECT x FROM r{level}"
            );
        }
        let _either = inspect(&text);
    }

    #[test]
    fn messages_and_texts_carry_no_literals() {
        let error = inspect("SELECT '123-45-6789' '987'").unwrap_err();
        assert!(error.syntax.is_some());
        assert!(!error.message.contains("987"), "{}", error.message);
        assert!(
            !error.text_redacted.contains("123"),
            "{}",
            error.text_redacted
        );
        let open = inspect("SELECT 'secret").unwrap_err();
        assert!(!open.message.contains("secret") && !open.text_redacted.contains("secret"));
        let inspection = inspect("SELECT a FROM t WHERE b = 'secret' -- secret").unwrap();
        let redacted = inspection.text_redacted.unwrap();
        assert_eq!(redacted, "SELECT a FROM t WHERE b = <redacted> <redacted>");
        assert_eq!(inspect("SELECT a FROM t").unwrap().text_redacted, None);
    }

    #[test]
    fn ranges_cover_the_statements() {
        let text = "SELECT a FROM t; SELECT b FROM t";
        let inspection = inspect(text).unwrap();
        let parts: Vec<&str> = inspection
            .statements
            .iter()
            .map(|found| &text[found.statement.range.clone()])
            .collect();
        let trimmed: Vec<&str> = parts.iter().map(|part| part.trim()).collect();
        assert_eq!(trimmed, ["SELECT a FROM t", "SELECT b FROM t"]);
    }
}
