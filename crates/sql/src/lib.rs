//! PostgreSQL statements: text and catalog in, effects and column lineage out.
//!
//! Parses with PostgreSQL's own grammar (libpg_query). Never guesses: what it cannot parse, resolve or classify is
//! reported as not understood. No IO, no runtime. Parsing recurses: call it on a thread with
//! [`STACK_BYTES`] of stack.

/// Stack that [`inspect`] needs for the deepest tree that libpg_query itself accepts.
pub const STACK_BYTES: usize = 32 * 1024 * 1024;
