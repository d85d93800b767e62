//! Sessions, their recordings, and searching them.
//!
//! Whoever looks into a recording is in the journal before the first byte is shown.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use contract::{Hit, SearchResults, Session};
use gate::ports::PortError;
use ledger::Event;
use ledger::event::{ActionRecorded, SessionOpened};
use ledger::journal::{self, ReadError, Recording, SessionSummary};
use ledger::record::HEADER_BYTES;
use ledger::segment::{Item, items};
use model::SessionId;

use crate::caller::Caller;
use crate::convert::rfc3339_micros;
use crate::failure::Failure;
use crate::shared::{Shared, blocking};

/// What narrows a list or a search. Empty fields narrow nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Found in statement text, effects and parameters, without regard to case.
    pub text: String,
    /// Principal key, or a part of the name.
    pub principal: String,
    /// The resource.
    pub resource: String,
    /// allow, hold or deny.
    pub outcome: String,
    /// Not before.
    pub since: Option<SystemTime>,
    /// Not after.
    pub until: Option<SystemTime>,
    /// At most so many.
    pub limit: usize,
}

/// Sessions, newest first.
pub(crate) async fn list(shared: &Shared, filter: Filter) -> Result<Vec<Session>, Failure> {
    let live = shared.parts.gate.live().ids();
    read(shared, move |dir| {
        let found = journal::sessions(dir)?.into_iter().rev();
        let wanted = found.filter(|s| filter.takes(&s.opened) && filter.is_in_time(s.opened.time));
        Ok(wanted
            .take(filter.limit)
            .map(|summary| session(&summary, &live))
            .collect())
    })
    .await
}

/// One session.
pub(crate) async fn show(shared: &Shared, id: SessionId) -> Result<Session, Failure> {
    let live = shared.parts.gate.live().ids();
    let found = read(shared, move |dir| {
        let mut all = journal::sessions(dir)?.into_iter();
        let found = all.find(|summary| summary.opened.session == *id.as_bytes());
        Ok(found.map(|summary| session(&summary, &live)))
    });
    found.await?.ok_or_else(|| Failure::not_found("session"))
}

/// One session's recording. The view is recorded first.
pub(crate) async fn recording(
    shared: &Shared,
    caller: &Caller,
    id: SessionId,
) -> Result<Recording, Failure> {
    viewed(shared, caller, id, "page").await?;
    let found = read(shared, move |dir| journal::recording(dir, *id.as_bytes()));
    found.await?.ok_or_else(|| Failure::not_found("session"))
}

/// A session's raw journal records, one after the other. The view is recorded first.
pub(crate) async fn records(
    shared: &Shared,
    caller: &Caller,
    id: SessionId,
) -> Result<Vec<u8>, Failure> {
    show(shared, id).await?;
    viewed(shared, caller, id, "api").await?;
    read(shared, move |dir| raw(dir, id)).await
}

fn raw(dir: &Path, id: SessionId) -> Result<Vec<u8>, ReadError> {
    let mut out = Vec::new();
    for file in journal::segments(dir)? {
        let bytes = journal::read_segment(&file)?;
        for item in items(&bytes) {
            let Item::Record { offset, record } = item else {
                continue;
            };
            let end = offset.saturating_add(HEADER_BYTES + record.stored.len());
            if record.header.session == *id.as_bytes() {
                out.extend_from_slice(bytes.get(offset..end).unwrap_or_default());
            }
        }
    }
    Ok(out)
}

/// Records that somebody looks into a recording.
async fn viewed(
    shared: &Shared,
    caller: &Caller,
    id: SessionId,
    through: &'static str,
) -> Result<(), Failure> {
    let fields = vec![
        ("session", id.to_string()),
        ("through", through.to_owned()),
        ("credential", caller.login.credential.clone()),
    ];
    let actor = caller.principal().key();
    shared.record(actor, "recording.viewed", fields).await
}

/// Actions that match, newest first. The search is recorded first.
pub(crate) async fn search(
    shared: &Shared,
    caller: &Caller,
    filter: Filter,
) -> Result<SearchResults, Failure> {
    let fields = vec![
        ("text", filter.text.clone()),
        ("principal", filter.principal.clone()),
        ("resource", filter.resource.clone()),
    ];
    let actor = caller.principal().key();
    shared.record(actor, "recordings.searched", fields).await?;
    read(shared, move |dir| scan(dir, &filter)).await
}

fn scan(dir: &Path, filter: &Filter) -> Result<SearchResults, ReadError> {
    let needle = filter.text.to_lowercase();
    let mut sessions: HashMap<[u8; 16], Option<SessionOpened<'static>>> = HashMap::new();
    let mut hits = std::collections::VecDeque::new();
    let mut truncated = false;
    journal::for_each_event(dir, |record, event| match event {
        Event::SessionOpened(opened) => {
            let wanted = filter.takes(&opened).then(|| opened.into_owned());
            sessions.insert(record.header.session, wanted);
        }
        Event::Action(action) => {
            let Some(Some(opened)) = sessions.get(&record.header.session) else {
                return;
            };
            if !filter.takes_action(&action, &needle) {
                return;
            }
            if hits.len() >= filter.limit {
                hits.pop_front();
                truncated = true;
            }
            hits.push_back(hit(opened, &action));
        }
        Event::SessionClosed { .. } => {
            sessions.remove(&record.header.session);
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

fn hit(opened: &SessionOpened<'_>, action: &ActionRecorded<'_>) -> Hit {
    Hit {
        session: SessionId::from_bytes(opened.session).to_string(),
        sequence: action.sequence,
        time: rfc3339_micros(action.time),
        name: opened.name.clone().into_owned(),
        principal: opened.principal.clone().into_owned(),
        resource: opened.resource.clone().into_owned(),
        outcome: action.outcome.clone().into_owned(),
        text: action.text.clone().into_owned(),
        effects: action.effects.iter().map(ToString::to_string).collect(),
    }
}

fn session(summary: &SessionSummary, live: &[SessionId]) -> Session {
    let opened = &summary.opened;
    let id = SessionId::from_bytes(opened.session);
    let closed = summary.closed.as_ref();
    Session {
        id: id.to_string(),
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
        started: rfc3339_micros(opened.time),
        ended: closed.map(|(time, _)| rfc3339_micros(*time)),
        end_reason: closed.map(|(_, reason)| reason.clone()),
        live: closed.is_none() && live.binary_search(&id).is_ok(),
        actions: summary.actions,
        denied: summary.denied,
        held: summary.held,
    }
}

async fn read<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Path) -> Result<T, ReadError> + Send + 'static,
) -> Result<T, Failure> {
    let dir = shared.parts.journal_dir.clone();
    blocking(move || {
        work(&dir).map_err(|error| PortError::Failed {
            what: "the journal",
            source: Box::new(error),
        })
    })
    .await
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
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(micros));
        let after = self.since.is_none_or(|since| time >= Some(since));
        let before = self.until.is_none_or(|until| time <= Some(until));
        after && before
    }
}
