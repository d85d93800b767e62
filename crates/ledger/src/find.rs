//! Finding sessions and actions in a journal's folder, in the shapes that others keep.
//!
//! One answer for the gateway's API and for the command line on files alone. Decides nothing about who may look.

use std::collections::{HashMap, VecDeque};

use contract::{Erased, Hit, SearchResults, Session};
use jiff::Timestamp;

use crate::Event;
use crate::event::{ActionRecorded, SessionOpened};
use crate::journal::{self, Folder, ReadError, SessionSummary};

/// What narrows a list or a search. Empty fields narrow nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// Found in statement text, effects and parameters, without regard to case.
    pub text: String,
    /// Principal key, or a part of the name without regard to case.
    pub principal: String,
    /// The resource.
    pub resource: String,
    /// allow, hold or deny.
    pub outcome: String,
    /// Not before, in microseconds since the Unix epoch.
    pub since: Option<u64>,
    /// Not after, in microseconds since the Unix epoch.
    pub until: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// Sessions, newest first; none of them is said to be live.
///
/// # Errors
/// [`ReadError`].
pub fn sessions(folder: &Folder, filter: &Filter) -> Result<Vec<Session>, ReadError> {
    let found = journal::sessions(folder)?.into_iter().rev();
    let wanted = found.filter(|s| filter.takes(&s.opened) && filter.is_in_time(s.opened.time));
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

/// Actions that match, newest first.
///
/// # Errors
/// [`ReadError`].
pub fn search(folder: &Folder, filter: &Filter) -> Result<SearchResults, ReadError> {
    let needle = filter.text.to_lowercase();
    let mut open: HashMap<[u8; 16], SessionOpened<'static>> = HashMap::new();
    let mut hits = VecDeque::new();
    let mut truncated = false;
    journal::for_each_event(folder, |record, event| match event {
        Event::SessionOpened(opened) => {
            if filter.takes(&opened) {
                open.insert(record.header.session, opened.into_owned());
            }
        }
        Event::Action(action) => {
            let Some(opened) = open.get(&record.header.session) else {
                return;
            };
            if !filter.takes_action(&action, &needle) {
                return;
            }
            if hits.len() >= filter.limit.max(1) {
                hits.pop_front();
                truncated = true;
            }
            hits.push_back(hit(opened, &action));
        }
        Event::SessionClosed { .. } => {
            open.remove(&record.header.session);
        }
        Event::Response { .. }
        | Event::ResponseRest { .. }
        | Event::Completed(_)
        | Event::Approval(_)
        | Event::Control { .. }
        | Event::StreamEnd(_)
        | Event::Unknown(_) => {}
    })?;
    let hits = hits.into_iter().rev().collect();
    Ok(SearchResults { hits, truncated })
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
    fn takes(&self, opened: &SessionOpened<'_>) -> bool {
        let name = opened.name.to_lowercase();
        let is_wanted = |who: &str| {
            who.is_empty() || who == opened.principal || name.contains(&who.to_lowercase())
        };
        (self.resource.is_empty() || self.resource == opened.resource) && is_wanted(&self.principal)
    }

    fn takes_action(&self, action: &ActionRecorded<'_>, needle: &str) -> bool {
        let holds = |text: &str| text.to_lowercase().contains(needle);
        let fits = self.outcome.is_empty() || self.outcome == action.outcome;
        fits && self.is_in_time(action.time)
            && (needle.is_empty()
                || holds(&action.text)
                || action.effects.iter().any(|e| holds(e))
                || action.parameters.iter().flatten().any(|p| holds(p)))
    }

    fn is_in_time(&self, micros: u64) -> bool {
        self.since.is_none_or(|since| micros >= since)
            && self.until.is_none_or(|until| micros <= until)
    }
}

fn hit(opened: &SessionOpened<'_>, action: &ActionRecorded<'_>) -> Hit {
    Hit {
        session: id_text(&opened.session),
        sequence: action.sequence,
        time: rfc3339(action.time),
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
        started: rfc3339(opened.time),
        ended: closed.map(|(time, _)| rfc3339(*time)),
        end_reason: closed.map(|(_, reason)| reason.clone()),
        live: false,
        actions: summary.actions,
        denied: summary.denied,
        held: summary.held,
        erased: summary.erased.as_ref().map(|erasure| Erased {
            time: rfc3339(erasure.time),
            by: erasure.by.clone(),
        }),
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

    #[test]
    fn times_and_outcomes_narrow() {
        let action = ActionRecorded {
            time: 50,
            outcome: "deny".into(),
            text: "DROP TABLE Orders".into(),
            ..ActionRecorded::default()
        };
        let check = |filter: Filter, expect| {
            let needle = filter.text.to_lowercase();
            assert_eq!(filter.takes_action(&action, &needle), expect, "{filter:?}");
        };
        let all = Filter::default;
        check(all(), true);
        check(
            Filter {
                text: "oRDers".into(),
                ..all()
            },
            true,
        );
        check(
            Filter {
                text: "customers".into(),
                ..all()
            },
            false,
        );
        check(
            Filter {
                outcome: "deny".into(),
                ..all()
            },
            true,
        );
        check(
            Filter {
                outcome: "allow".into(),
                ..all()
            },
            false,
        );
        check(
            Filter {
                since: Some(50),
                until: Some(50),
                ..all()
            },
            true,
        );
        check(
            Filter {
                since: Some(51),
                ..all()
            },
            false,
        );
        check(
            Filter {
                until: Some(49),
                ..all()
            },
            false,
        );
    }
}
