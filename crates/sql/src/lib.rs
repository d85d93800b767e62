//! PostgreSQL statements: text and catalog in, effects and column lineage out.
//!
//! Parses with PostgreSQL's own grammar (libpg_query). Never guesses: what it cannot parse, resolve or classify is
//! reported as not understood. No IO, no runtime. Parsing recurses: call it on a thread with
//! [`STACK_BYTES`] of stack.

// Only its feature matters: it lifts prost's depth limit for `pg_query`.
use prost_depth as _;

mod analyse;
pub mod catalog;
mod copy;
mod inspection;
mod place;
mod plpgsql;
mod reach;
mod redact;
mod scan;
mod shape;
pub mod state;

pub use analyse::UNRESOLVED_RELATION;
pub use catalog::Catalog;
pub use copy::{CopyForm, copy_form};
pub use inspection::{Inspected, Inspection, NotUnderstood, SessionChange, Step};
pub use place::SyntaxError;
pub use reach::Estimates;
pub use redact::redact;
pub use shape::{literals, put_shape, shape};
pub use state::View;

/// Stack that [`inspect`] needs for the deepest tree that libpg_query itself accepts, in a debug build too; only
/// what is touched is ever backed by memory.
pub const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Analyses every statement of `text` as the session described by `view` would run it.
///
/// Call it on a thread with [`STACK_BYTES`] of stack. The caller bounds the text's size.
///
/// # Errors
/// [`NotUnderstood`] when PostgreSQL's grammar rejects the text or it nests too deeply to be analysed. What
/// parses and cannot be classified is no error: it carries a [`model::Verb::Unanalysed`] effect.
pub fn inspect(text: &str, view: &View, catalog: &Catalog) -> Result<Inspection, NotUnderstood> {
    inspection::inspect(text, view, catalog)
}

/// What calling the function with this OID by the FunctionCall message would do; `None` when the catalog does
/// not hold it. Empty for a harmless built-in.
pub fn function_effects(catalog: &Catalog, oid: u32) -> Option<Vec<model::Effect>> {
    inspection::function_effects(catalog, oid)
}

/// What declaring a parameter of this type does by itself: a domain's CHECK runs when a value is bound.
/// Empty for built-in types; an `unanalysed` effect for a type the catalog does not hold, and for each function that a
/// check calls: its body is not followed here.
pub fn type_effects(catalog: &Catalog, oid: u32) -> Vec<model::Effect> {
    inspection::type_effects(catalog, oid)
}

/// The texts of SQL that a body in PL/pgSQL holds, in no order that matters; `None` where it is not read. So that
/// tests can compare with PostgreSQL's own reader.
pub fn plpgsql_texts(body: &str) -> Option<Vec<String>> {
    let block = plpgsql::read(body).ok()?;
    Some(block.texts().into_iter().map(str::to_owned).collect())
}

/// How far analysed statements reach, as the session described by `view` would run them now.
pub fn reach(
    statements: &[model::Statement],
    view: &View,
    catalog: &Catalog,
    estimates: &Estimates,
) -> model::Reach {
    reach::reach(statements, view, catalog, estimates)
}

/// Why a catalog or state answer could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's answer does not have the shape that was asked for.
    #[error("the answer to {query} is malformed: {problem}")]
    Malformed {
        /// Which query.
        query: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// An answer is missing.
    #[error("no answer to {query}")]
    Missing {
        /// Which query.
        query: &'static str,
    },
    /// The session's syntax settings moved away from the pinned ones, so its text cannot be analysed.
    #[error("{setting} is {value}, not {pinned}")]
    Unpinned {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        pinned: &'static str,
    },
}
