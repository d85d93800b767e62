//! Reading a journal's folder without a gateway: the same answers that the API gives, from files.
//!
//! Never writes, and takes nothing in the files for true: text is made visible where it is printed.

use std::path::Path;

use contract::{SearchResults, Session};
use ledger::find::facet::Facet;
use ledger::find::{self, Filter};
use ledger::journal::{self, Folder, ReadError, Recording};

use crate::args::SessionList;
use crate::problem::{Kind, Problem};

fn folder(dir: &Path) -> Folder {
    Folder::without_keys(dir)
}

/// Sessions, newest first.
pub(crate) fn sessions(dir: &Path, wish: &SessionList) -> Result<Vec<Session>, Problem> {
    let filter = Filter {
        principal: wish.principal.clone(),
        limit: wish.limit,
        ..Filter::default()
    };
    let filter = filter.with(Facet::Resource, &wish.resource);
    find::sessions(&folder(dir), &filter).map_err(unreadable)
}

/// One session.
pub(crate) fn session_by_id(dir: &Path, id: [u8; 16]) -> Result<Session, Problem> {
    let found = find::session_by_id(&folder(dir), id).map_err(unreadable)?;
    found.ok_or_else(no_session)
}

/// One session's recording.
pub(crate) fn recording(dir: &Path, id: [u8; 16]) -> Result<Recording, Problem> {
    let found = journal::recording(&folder(dir), id).map_err(unreadable)?;
    found.ok_or_else(no_session)
}

/// Actions that match, newest first.
pub(crate) fn search(dir: &Path, filter: &Filter) -> Result<SearchResults, Problem> {
    find::search(&folder(dir), filter, None).map_err(unreadable)
}

/// A session's id from text, with or without hyphens.
pub(crate) fn id(text: &str) -> Result<[u8; 16], Problem> {
    let refused =
        || Problem::usage(format!("{text} is not a session's id")).hint("portcullis sessions list");
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if digits.len() != 32 || !digits.is_ascii() {
        return Err(refused());
    }
    let mut out = [0u8; 16];
    for (byte, at) in out.iter_mut().zip((0..32).step_by(2)) {
        let pair = digits.get(at..at + 2).ok_or_else(refused)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| refused())?;
    }
    Ok(out)
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
