//! The database's schema, as ordered steps that are applied once and never edited. Knows nothing of the rows.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::error::Error;

struct Step {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

/// Append only: the checksum of each applied step is kept, and a file whose steps differ is refused.
const STEPS: &[Step] = &[
    Step {
        version: 1,
        name: "approvals",
        sql: "
CREATE TABLE approvals (
    id BLOB PRIMARY KEY NOT NULL,
    ticket TEXT NOT NULL UNIQUE,
    binding BLOB NOT NULL,
    session BLOB NOT NULL,
    requester TEXT NOT NULL,
    requester_key TEXT NOT NULL,
    resource TEXT NOT NULL,
    database TEXT NOT NULL,
    statement TEXT NOT NULL,
    statement_redacted TEXT NOT NULL,
    parameters TEXT NOT NULL,
    effects TEXT NOT NULL,
    reasons TEXT NOT NULL,
    rules TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending','approved','denied','expired','withdrawn','used'))
) STRICT;
CREATE INDEX approvals_binding ON approvals (binding, created);
CREATE INDEX approvals_state ON approvals (state, requester_key);
CREATE INDEX approvals_created ON approvals (created);
CREATE TABLE answers (
    approval BLOB NOT NULL REFERENCES approvals (id) ON DELETE CASCADE,
    principal TEXT NOT NULL,
    who TEXT NOT NULL,
    approve INTEGER NOT NULL CHECK (approve IN (0, 1)),
    comment TEXT NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (approval, principal)
) STRICT;
",
    },
    Step {
        version: 2,
        name: "keys",
        sql: "
CREATE TABLE keys (
    id TEXT PRIMARY KEY NOT NULL,
    hash BLOB NOT NULL,
    prefix TEXT NOT NULL,
    label TEXT NOT NULL,
    principal TEXT NOT NULL,
    principal_key TEXT NOT NULL,
    resource TEXT,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    revoked INTEGER
) STRICT;
CREATE INDEX keys_principal ON keys (principal_key, expires);
CREATE INDEX keys_expires ON keys (expires);
CREATE TABLE barred (
    principal_key TEXT PRIMARY KEY NOT NULL,
    since INTEGER NOT NULL
) STRICT;
",
    },
    Step {
        version: 3,
        name: "reach",
        sql: "
ALTER TABLE approvals ADD COLUMN named TEXT NOT NULL DEFAULT '[]';
ALTER TABLE approvals ADD COLUMN reach TEXT NOT NULL DEFAULT '{\"tables\":[],\"notes\":[]}';
",
    },
    Step {
        version: 4,
        name: "made_with",
        sql: "
ALTER TABLE keys ADD COLUMN made_with TEXT;
",
    },
];

/// Brings the schema up to date, each step in a transaction of its own.
///
/// # Errors
/// [`Error::Schema`] when the file has steps that this program does not know or knows differently.
pub(crate) fn run(db: &mut Connection) -> Result<(), Error> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (
            version INTEGER PRIMARY KEY NOT NULL,
            name TEXT NOT NULL,
            checksum BLOB NOT NULL
        ) STRICT",
    )?;
    let newest: Option<i64> =
        db.query_row("SELECT max(version) FROM migrations", [], |row| row.get(0))?;
    let known = STEPS.last().map_or(0, |step| step.version);
    if newest.is_some_and(|newest| newest > known) {
        return Err(Error::Schema {
            reason: "it was written by a newer version of this program".to_owned(),
        });
    }
    STEPS.iter().try_for_each(|step| apply(db, step))
}

fn apply(db: &mut Connection, step: &Step) -> Result<(), Error> {
    let checksum = Sha256::digest(step.sql.as_bytes());
    let applied: Option<Vec<u8>> = db
        .query_row(
            "SELECT checksum FROM migrations WHERE version = ?1",
            [step.version],
            |row| row.get(0),
        )
        .optional()?;
    match applied {
        Some(found) if found == checksum[..] => Ok(()),
        Some(_) => Err(Error::Schema {
            reason: format!("step {} ({}) is not as applied", step.version, step.name),
        }),
        None => {
            let change = db.transaction()?;
            change.execute_batch(step.sql)?;
            change.execute(
                "INSERT INTO migrations (version, name, checksum) VALUES (?1, ?2, ?3)",
                params![step.version, step.name, &checksum[..]],
            )?;
            Ok(change.commit()?)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(tamper: &str, expect_ok: bool) {
        let mut db = Connection::open_in_memory().unwrap();
        run(&mut db).unwrap();
        db.execute_batch(tamper).unwrap();
        assert_eq!(run(&mut db).is_ok(), expect_ok, "{tamper}");
    }

    #[test]
    fn runs_once_and_refuses_a_foreign_schema() {
        check("", true);
        check(
            "UPDATE migrations SET checksum = x'00' WHERE version = 1",
            false,
        );
        check("INSERT INTO migrations VALUES (999, 'later', x'00')", false);
    }
}
