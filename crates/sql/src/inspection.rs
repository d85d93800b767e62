//! What the analysis of one text says, and how it begins.
//!
//! Knows no protocol and no policy.

use model::{Effect, Object, Projections, Statement, Verb};

use crate::catalog::Catalog;
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
    /// Whether bound parameters may carry values of stored columns: any column is written or compared.
    pub parameters_sensitive: bool,
    /// Whether the result depends on the text's plain literals only through their places: it may be reused
    /// for every text of equal [`crate::shape`].
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
    /// What was not understood; for a syntax error, the parser's own words.
    pub message: String,
    /// The server's grammar rejects the text too: SQLSTATE 42601.
    pub syntax: bool,
    /// The text without literals.
    pub text_redacted: String,
}

pub(crate) fn inspect(
    text: &str,
    view: &View,
    catalog: &Catalog,
) -> Result<Inspection, NotUnderstood> {
    let _ = (view, catalog);
    let parsed = pg_query::parse(text, 0).map_err(|error| NotUnderstood {
        message: error.to_string(),
        syntax: true,
        text_redacted: redact(text),
    })?;
    let statements = parsed
        .protobuf
        .stmts
        .iter()
        .map(|raw| Inspected {
            statement: Statement {
                range: 0..text.len(),
                kind: "UNKNOWN".to_owned(),
                effects: vec![unanalysed("statement")],
                projections: Projections::None,
                uses: Vec::new(),
                has_where: raw.stmt_len < 0,
            },
            session: SessionChange::default(),
            returns_rows: true,
            refused: None,
        })
        .collect();
    Ok(Inspection {
        statements,
        text_redacted: Some(redact(text)),
        parameters_sensitive: true,
        shape_safe: false,
    })
}

pub(crate) fn function_effects(catalog: &Catalog, oid: u32) -> Option<Vec<Effect>> {
    let _ = catalog;
    Some(vec![unanalysed(&format!("function {oid}"))])
}

pub(crate) fn type_effects(catalog: &Catalog, oid: u32) -> Vec<Effect> {
    let _ = catalog;
    vec![unanalysed(&format!("type {oid}"))]
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
