//! The index's SQLite file: where it is, how it is opened, what its tables are.
//!
//! Must never be readable by others, and never leave bytes behind of what was deleted.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::keep::nat;
use crate::error::Error;

/// The version of what stands in the file. Another one is made anew from the journal.
const VERSION: i64 = 2;
/// The file's name; SQLite puts `-wal` and `-shm` beside it.
const NAME: &str = "index.sqlite";
/// Entries whose words stand in one table. It bounds what one step of a search, of merging and of forgetting costs.
#[cfg(not(test))]
pub(super) const VOLUME_ENTRIES: u64 = 1 << 18;
/// Entries whose times and places are summed up in one row, by which a search in time finds where to begin.
#[cfg(not(test))]
pub(super) const CHAPTER_ENTRIES: u64 = 4_096;
/// Small, so that tests go from one to another.
#[cfg(test)]
pub(super) const VOLUME_ENTRIES: u64 = 32;
#[cfg(test)]
pub(super) const CHAPTER_ENTRIES: u64 = 8;
/// KiB of pages that a connection keeps at hand.
const CACHE_KIB: i64 = 64 * 1024;
/// Pages of the write-ahead log before they are brought into the file.
const LOG_PAGES: i64 = 8_192;
/// Statements that a connection keeps compiled: each volume has its own.
const STATEMENTS_KEPT: usize = 256;
/// Bytes of words that are collected before they are written out as a part of their own.
const COLLECT_BYTES: i64 = 32 * 1024 * 1024;

const SCHEMA: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value NOT NULL) WITHOUT ROWID;
CREATE TABLE session (
    ref INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    seat TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;
CREATE TABLE action (
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    record INTEGER NOT NULL,
    time INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    place INTEGER NOT NULL,
    error TEXT,
    cut INTEGER NOT NULL
) STRICT;
CREATE TABLE chapter (
    number INTEGER PRIMARY KEY,
    time_min INTEGER NOT NULL,
    time_max INTEGER NOT NULL,
    record_min INTEGER NOT NULL,
    record_max INTEGER NOT NULL
) STRICT;
CREATE TABLE who (
    role TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (role, key, name)
) WITHOUT ROWID, STRICT;
CREATE TABLE open (
    session BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (session, sequence)
) WITHOUT ROWID, STRICT;
CREATE TABLE volume (
    number INTEGER PRIMARY KEY,
    merged INTEGER NOT NULL DEFAULT 0,
    purge INTEGER NOT NULL DEFAULT 0
) STRICT;
";

fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

/// The table with the words of a volume.
pub(super) fn table(volume: u64) -> String {
    format!("words_{volume}")
}

/// The list of the words in it.
pub(super) fn terms(volume: u64) -> String {
    format!("terms_{volume}")
}

/// Makes the folder, with mode 0700.
pub(super) fn private_folder(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(dir)?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
}

/// Removes the file and what SQLite put beside it.
pub(super) fn remove(dir: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match std::fs::remove_file(dir.join(format!("{NAME}{suffix}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Opens the file to write, making it where it is missing.
///
/// # Errors
/// [`Error::IndexStale`] when it is of another version, [`Error::Sqlite`] when it is damaged.
pub(super) fn open_to_write(dir: &Path) -> Result<Connection, Error> {
    let path = path(dir);
    crate::database::protect(&path).map_err(|source| Error::Open {
        path: path.display().to_string(),
        source,
    })?;
    let db = Connection::open(&path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // What a power cut takes is read from the journal again.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    db.busy_timeout(std::time::Duration::from_secs(10))?;
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let is_made: Option<i64> = db
        .query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |row| row.get(0))
        .optional()?;
    match (is_made, version) {
        (Some(_), VERSION) => {}
        (Some(_), _) => {
            return Err(Error::IndexStale {
                why: "it is of another version",
            });
        }
        (None, _) => db.execute_batch(&format!(
            "BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
        ))?,
    }
    complete(&db)?;
    Ok(db)
}

/// Adds what an index that was made earlier lacks.
fn complete(db: &Connection) -> Result<(), Error> {
    let sql = "SELECT number FROM volume WHERE 'terms_' || number NOT IN (SELECT name FROM sqlite_schema)";
    let mut lacking = db.prepare(sql)?;
    let volumes = lacking.query_map([], |row| row.get(0).map(nat))?;
    for volume in volumes.collect::<Result<Vec<_>, _>>()? {
        make_terms(db, volume)?;
    }
    Ok(())
}

/// Opens the file to search it.
pub(super) fn open_to_read(dir: &Path) -> Result<Connection, Error> {
    // Not read-only: SQLite itself keeps a file of its own beside one that is being written.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path(dir), flags)?;
    db.pragma_update(None, "query_only", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    db.busy_timeout(std::time::Duration::from_secs(2))?;
    Ok(db)
}

/// Bytes of the file and of what SQLite put beside it.
pub(super) fn bytes(dir: &Path) -> u64 {
    let sizes = ["", "-wal", "-shm"].map(|suffix| {
        let found = std::fs::metadata(dir.join(format!("{NAME}{suffix}")));
        found.map_or(0, |found| found.len())
    });
    sizes.iter().sum()
}

/// Makes a volume's table. It is merged when it is full, not while it is written: each word is then written twice in all. It holds words only: neither text nor a copy of it, and words are cut as `ledger` cut them.
pub(super) fn make_volume(db: &Connection, volume: u64) -> Result<(), Error> {
    let table = table(volume);
    db.execute_batch(&format!(
        "CREATE VIRTUAL TABLE {table} USING fts5(
             body, content='', contentless_delete=1, detail=full, tokenize='ascii tokenchars _');
         INSERT INTO {table} ({table}, rank) VALUES ('hashsize', {COLLECT_BYTES});
         INSERT INTO {table} ({table}, rank) VALUES ('automerge', 0);
         INSERT OR IGNORE INTO volume (number) VALUES ({volume});"
    ))?;
    make_terms(db, volume)
}

/// Makes the list of a volume's words: a way to look at what FTS5 has, not a copy of it.
fn make_terms(db: &Connection, volume: u64) -> Result<(), Error> {
    let (table, terms) = (table(volume), terms(volume));
    db.execute_batch(&format!(
        "CREATE VIRTUAL TABLE IF NOT EXISTS {terms} USING fts5vocab({table}, instance);"
    ))?;
    Ok(())
}
