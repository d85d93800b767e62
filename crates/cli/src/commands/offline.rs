//! Reading a journal's folder without a gateway: the same answers that the API gives, from files.
//!
//! Never writes, and takes nothing in the files for true: text is made visible where it is printed.

use std::collections::{HashMap, VecDeque};
use std::path::Path;

use contract::{Hit, SearchResults, Session};
use jiff::Timestamp;
use ledger::Event;
use ledger::event::{ActionRecorded, SessionOpened};
use ledger::journal::{self, ReadError, Recording, SessionSummary};

use crate::args::{Search, SessionList};
use crate::problem::{Kind, Problem};

/// Sessions, newest first.
pub(crate) fn sessions(dir: &Path, wish: &SessionList) -> Result<Vec<Session>, Problem> {
    let found = journal::sessions(dir)
        .map_err(unreadable)?
        .into_iter()
        .rev();
    let wanted = found.filter(|s| is_wanted(&s.opened, &wish.principal, &wish.resource));
    Ok(wanted.take(wish.limit).map(|s| session(&s)).collect())
}

/// One session.
pub(crate) fn session_by_id(dir: &Path, id: [u8; 16]) -> Result<Session, Problem> {
    let mut found = journal::sessions(dir).map_err(unreadable)?.into_iter();
    found
        .find(|s| s.opened.session == id)
        .map(|s| session(&s))
        .ok_or_else(no_session)
}

/// One session's recording.
pub(crate) fn recording(dir: &Path, id: [u8; 16]) -> Result<Recording, Problem> {
    let found = journal::recording(dir, id).map_err(unreadable)?;
    found.ok_or_else(no_session)
}

/// Actions that match, newest first.
pub(crate) fn search(
    dir: &Path,
    wish: &Search,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<SearchResults, Problem> {
    let needle = wish.text.to_lowercase();
    let mut open: HashMap<[u8; 16], SessionOpened<'static>> = HashMap::new();
    let mut hits = VecDeque::new();
    let mut truncated = false;
    journal::for_each_event(dir, |record, event| match event {
        Event::SessionOpened(opened) if is_wanted(&opened, &wish.principal, &wish.resource) => {
            open.insert(record.header.session, opened.into_owned());
        }
        Event::Action(action) => {
            let Some(opened) = open.get(&record.header.session) else {
                return;
            };
            let fits = wish.outcome.as_deref().is_none_or(|o| o == action.outcome);
            let time = stamp(action.time);
            let in_time = since.is_none_or(|s| time >= s) && until.is_none_or(|u| time <= u);
            if !(fits && in_time && mentions(&action, &needle)) {
                return;
            }
            if hits.len() >= wish.limit.max(1) {
                hits.pop_front();
                truncated = true;
            }
            hits.push_back(hit(opened, &action));
        }
        Event::SessionClosed { .. } => {
            open.remove(&record.header.session);
        }
        Event::SessionOpened(_)
        | Event::Response { .. }
        | Event::ResponseRest { .. }
        | Event::Completed(_)
        | Event::Approval(_)
        | Event::Control { .. }
        | Event::StreamEnd(_)
        | Event::Unknown(_) => {}
    })
    .map_err(unreadable)?;
    let hits = hits.into_iter().rev().collect();
    Ok(SearchResults { hits, truncated })
}

fn mentions(action: &ActionRecorded<'_>, needle: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(needle);
    holds(&action.text)
        || action.effects.iter().any(|e| holds(e))
        || action.parameters.iter().flatten().any(|p| holds(p))
}

fn is_wanted(opened: &SessionOpened<'_>, principal: &str, resource: &str) -> bool {
    let who = principal.to_lowercase();
    (resource.is_empty() || resource == opened.resource)
        && (who.is_empty()
            || principal == opened.principal
            || opened.name.to_lowercase().contains(&who))
}

fn hit(opened: &SessionOpened<'_>, action: &ActionRecorded<'_>) -> Hit {
    Hit {
        session: id_text(&opened.session),
        sequence: action.sequence,
        time: stamp(action.time).to_string(),
        name: opened.name.clone().into_owned(),
        principal: opened.principal.clone().into_owned(),
        resource: opened.resource.clone().into_owned(),
        outcome: action.outcome.clone().into_owned(),
        text: action.text.clone().into_owned(),
        effects: action.effects.iter().map(ToString::to_string).collect(),
    }
}

fn session(summary: &SessionSummary) -> Session {
    let opened = &summary.opened;
    let closed = summary.closed.as_ref();
    Session {
        id: id_text(&opened.session),
        principal: opened.principal.clone().into_owned(),
        name: opened.name.clone().into_owned(),
        kind: opened.kind.clone().into_owned(),
        acts_for: opened.acts_for.get(1).map(ToString::to_string),
        credential: opened.credential.clone().into_owned(),
        resource: opened.resource.clone().into_owned(),
        database: opened.database.clone().into_owned(),
        protocol: opened.protocol.clone().into_owned(),
        application: opened.application.clone().into_owned(),
        address: opened.address.clone().into_owned(),
        started: stamp(opened.time).to_string(),
        ended: closed.map(|(time, _)| stamp(*time).to_string()),
        end_reason: closed.map(|(_, reason)| reason.clone()),
        live: false,
        actions: summary.actions,
        denied: summary.denied,
        held: summary.held,
    }
}

/// A time of the journal: microseconds since the Unix epoch.
pub(crate) fn stamp(micros: u64) -> Timestamp {
    let micros = i64::try_from(micros).ok();
    micros
        .and_then(|m| Timestamp::from_microsecond(m).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A session's id as text.
pub(crate) fn id_text(id: &[u8; 16]) -> String {
    let hex: String = id.iter().map(|b| format!("{b:02x}")).collect();
    let part = |range| hex.get(range).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32)
    )
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
