//! The gate's ports on SQLite and local files. Never decides what is allowed; keeps what was.
//!
//! One thread owns the database; everybody else sends it work over a bounded channel and awaits the answer, so
//! that no runtime thread ever waits for a disk. Commits are on disk before the answer is given.
//!
//! The file holds the principals behind keys and, where recordings are not encrypted, the full text of held statements: it
//! is made with mode 0600. Keys and tokens themselves are not in it, only their hashes.

mod approvals;
mod database;
mod desk;
mod engine;
mod entitle;
mod error;
mod index;
pub mod journal;
mod keys;
mod ledger;
mod migrate;
mod oneshot;
mod row;
#[cfg(test)]
mod tests;
mod texts;
mod vault;

pub use crate::ledger::{Ledger, LedgerHealth, LedgerOptions};
pub use database::Store;
pub use error::Error;
pub use index::{Index, IndexHealth, IndexOptions};
pub use journal::{JournalHealth, JournalOptions, JournalStore};
pub use keys::{KEY_LIFE_MAX, KEYS_PER_PRINCIPAL_MAX};
pub use texts::TextKeys;
pub use vault::rekey;
