//! Finding sessions and actions in a journal, in the shapes that others keep.
//!
//! One answer for the gateway's index, its API and the command line on files alone. Must never decide who may look.

pub mod asked;
pub mod entry;
pub mod facet;
pub mod filter;
pub mod gather;
mod memo;
pub mod query;
mod reader;
pub mod scan;
pub mod words;

use contract::{Erased, Session};
use jiff::Timestamp;

pub use self::filter::Filter;
pub use self::scan::search;
use crate::journal::{self, Folder, ReadError, SessionSummary};
use crate::keys::Erasure;
use entry::Seat;

/// Sessions, newest first; none of them is said to be live.
///
/// # Errors
/// [`ReadError`].
pub fn sessions(folder: &Folder, filter: &Filter) -> Result<Vec<Session>, ReadError> {
    let found = journal::sessions(folder)?.into_iter().rev();
    let wanted = found.filter(|s| {
        filter.takes_session(&Seat::new(&s.opened)) && filter.is_in_time(s.opened.time)
    });
    Ok(wanted.take(filter.limit).map(|s| session(&s)).collect())
}

/// One session.
///
/// # Errors
/// [`ReadError`].
pub fn session_by_id(folder: &Folder, id: [u8; 16]) -> Result<Option<Session>, ReadError> {
    let mut all = journal::sessions(folder)?.into_iter();
    Ok(all.find(|s| s.opened.session == id).map(|s| session(&s)))
}

/// A time of the journal, microseconds since the Unix epoch, as RFC 3339 in UTC; the epoch for what no calendar has.
pub fn rfc3339(micros: u64) -> String {
    let stamp = i64::try_from(micros)
        .ok()
        .and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let stamp = stamp.unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// A session's id as text: hexadecimal in groups of 8, 4, 4, 4 and 12 digits.
pub fn id_text(id: &[u8; 16]) -> String {
    crate::Id(id).to_string()
}

impl Filter {
    /// Whether a session is looked for, by what is known of it as a whole.
    fn takes_session(&self, seat: &Seat) -> bool {
        let terms = seat.terms();
        let wanted = self.terms();
        self.takes_people(seat) && wanted.iter().all(|term| terms.contains(term))
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
        started: rfc3339(opened.time),
        ended: closed.map(|(time, _)| rfc3339(*time)),
        end_reason: closed.map(|(_, reason)| reason.clone()),
        live: false,
        actions: summary.actions,
        denied: summary.denied,
        held: summary.held,
        erased: summary.erased.as_ref().map(erased),
    }
}

/// An erasure as others keep it.
pub fn erased(erasure: &Erasure) -> Erased {
    Erased {
        time: rfc3339(erasure.time),
        by: erasure.by.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_in_utc() {
        let check = |micros, expect| assert_eq!(rfc3339(micros), expect, "{micros}");
        check(0, "1970-01-01T00:00:00.000000Z");
        check(1_700_000_000_123_456, "2023-11-14T22:13:20.123456Z");
        check(u64::MAX, "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn ids_are_written_in_five_groups() {
        let id = *b"\x01\x99\x88\x77\x66\x55\x74\x43\xa2\x21\x10\x0f\x0e\x0d\x0c\x0b";
        assert_eq!(id_text(&id), "01998877-6655-7443-a221-100f0e0d0c0b");
    }
}
