//! What several targets share. Knows no invariant; each target holds its own.

#[cfg(feature = "statements")]
pub mod statements;
