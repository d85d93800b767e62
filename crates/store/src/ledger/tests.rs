//! The ledger over a real journal: what is sealed, what a restart finds, and what makes it refuse.
#![allow(clippy::unwrap_used)]
