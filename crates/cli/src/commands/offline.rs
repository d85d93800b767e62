//! Reading a journal's folder without a gateway: the same answers that the API gives, from files.
//!
//! Never writes, and takes nothing in the files for true: text is made visible where it is printed.

use std::path::Path;
use std::sync::Arc;

use contract::{SearchResults, Session};
use ledger::find::facet::Facet;
use ledger::find::{self, Filter};
use ledger::journal::{self, Folder, ReadError, Recording};
use ledger::keys::{MasterKey, WrappedKeys};
use zeroize::Zeroizing;

use crate::args::{Globals, SessionList};
use crate::commands::recordings::erased;
use crate::problem::{Kind, Problem};

/// The environment variable that may hold the master key itself.
const MASTER_KEY: &str = "PORTCULLIS_MASTER_KEY";

/// A journal's folder with the keys that its master key unwraps; without one, with none.
pub(crate) fn folder(globals: &Globals, dir: &Path) -> Result<Folder, Problem> {
    let masters = master_key(globals, dir)?.into_iter().collect();
    let keys = WrappedKeys::read(dir, masters).map_err(unreadable)?;
    if keys.has_masters()
        && let Some(id) = keys.missing_masters().keys().next()
    {
        eprintln!(
            "portcullis: some recordings are under the master key {id}, which is not the one given"
        );
    }
    Ok(Folder::new(dir, Arc::new(keys)))
}

/// The master key: out of the environment, the file that is named, or the one beside the journal's folder.
fn master_key(globals: &Globals, dir: &Path) -> Result<Option<MasterKey>, Problem> {
    let refused = |place: &str, why: String| Problem::usage(format!("{place}: {why}"));
    if let Some(path) = &globals.master_key_file {
        let place = path.display().to_string();
        let text = std::fs::read_to_string(path);
        let text = Zeroizing::new(text.map_err(|error| refused(&place, error.to_string()))?);
        let key = MasterKey::parse(&text).map_err(|error| refused(&place, error.to_string()));
        return key.map(Some);
    }
    if let Ok(text) = std::env::var(MASTER_KEY) {
        let text = Zeroizing::new(text);
        let key = MasterKey::parse(&text).map_err(|error| refused(MASTER_KEY, error.to_string()));
        return key.map(Some);
    }
    let beside = dir.join("..").join("master.key");
    let text = std::fs::read_to_string(beside).ok().map(Zeroizing::new);
    Ok(text.and_then(|text| MasterKey::parse(&text).ok()))
}

/// Sessions, newest first.
pub(crate) fn sessions(folder: &Folder, wish: &SessionList) -> Result<Vec<Session>, Problem> {
    let filter = Filter {
        principal: wish.principal.clone(),
        limit: wish.limit,
        ..Filter::default()
    };
    let filter = filter.with(Facet::Resource, &wish.resource);
    find::sessions(folder, &filter).map_err(unreadable)
}

/// One session.
pub(crate) fn session_by_id(folder: &Folder, id: [u8; 16]) -> Result<Session, Problem> {
    let found = find::session_by_id(folder, id).map_err(unreadable)?;
    found.ok_or_else(no_session)
}

/// One session's recording, to be shown: not one that was erased, or that is locked.
pub(crate) fn recording(folder: &Folder, id: [u8; 16]) -> Result<Recording, Problem> {
    let recording = raw_recording(folder, id)?;
    if let Some(erasure) = &recording.erased {
        return Err(erased(&find::rfc3339(erasure.time), &erasure.by));
    }
    if recording.locked > 0 {
        return Err(locked());
    }
    Ok(recording)
}

/// One session's recording as it is.
pub(crate) fn raw_recording(folder: &Folder, id: [u8; 16]) -> Result<Recording, Problem> {
    let found = journal::recording(folder, id).map_err(unreadable)?;
    found.ok_or_else(no_session)
}

/// Actions that match, newest first.
pub(crate) fn search(folder: &Folder, filter: &Filter) -> Result<SearchResults, Problem> {
    find::search(folder, filter, &|| false).map_err(unreadable)
}

/// What is said of a recording whose key is not to be had.
pub(crate) fn locked() -> Problem {
    Problem::new(
        Kind::Failed,
        "the recording is encrypted, and its key is not to be had here",
    )
    .hint("--master-key-file FILE, and the folder `keys` in the journal's")
}

/// A session's id from text, with or without hyphens.
pub(crate) fn id(text: &str) -> Result<[u8; 16], Problem> {
    let refused =
        || Problem::usage(format!("{text} is not a session's id")).hint("portcullis sessions list");
    ledger::Id::parse(text).ok_or_else(refused)
}

fn no_session() -> Problem {
    Problem::new(Kind::NotFound, "no such session in this journal")
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
pub(crate) fn unreadable(error: ReadError) -> Problem {
    Problem::failed(format!("the journal cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ledger::find::id_text;

    #[test]
    fn ids_are_read_and_written() {
        let text = "01998877-6655-7443-a221-100f0e0d0c0b";
        assert_eq!(id_text(&id(text).unwrap()), text);
        assert_eq!(id(&text.replace('-', "")).unwrap(), id(text).unwrap());
        for bad in ["", "0199", "zz998877-6655-7443-a221-100f0e0d0c0b", "é"] {
            assert!(id(bad).is_err(), "{bad}");
        }
    }
}
