//! Records of the journal, in their order, to audit events.
//!
//! Must never depend on anything but the records: the same records make the same events with the same ids, whenever
//! they are read again.

use std::collections::{BTreeMap, HashMap};
use std::mem::take;
use std::sync::Arc;

use ledger::Event;
use ledger::codec;
use ledger::event::{ActionRecorded, Completed, SessionOpened};
use ledger::record::{PayloadError, Record, Stream};

use crate::event::{AuditEvent, Detail, End, Reference, Statement};

/// Statements of one session that are decided and not ended; beyond it the oldest are told without their end.
const PENDING_MAX: usize = 10_000;

/// What is known of a session that goes on.
#[derive(Default)]
struct Open {
    opened: Option<Arc<SessionOpened<'static>>>,
    /// The first record of it that is needed to understand what follows.
    first: u64,
    pending: BTreeMap<u64, Pending>,
}

struct Pending {
    statement: Box<Statement>,
    local_id: String,
}

/// Makes audit events out of records. Holds what sessions that are open need, and nothing else.
pub struct Fold {
    journal: [u8; 16],
    /// The next record's place; `None` before the first.
    next: Option<u64>,
    is_part: bool,
    open: HashMap<[u8; 16], Open>,
    out: Vec<AuditEvent>,
}

impl Fold {
    /// Begins with any record of a journal.
    pub fn new(journal: [u8; 16]) -> Self {
        Self {
            journal,
            next: None,
            is_part: false,
            open: HashMap::new(),
            out: Vec::new(),
        }
    }

    /// Begins at a place: should the first record stand behind it, what is between is told as a gap.
    pub fn expecting(journal: [u8; 16], next: u64) -> Self {
        Self {
            next: Some(next),
            ..Self::new(journal)
        }
    }

    /// Takes some records of a journal: that others are not among them is no gap.
    pub(crate) fn of_a_part(journal: [u8; 16]) -> Self {
        Self {
            is_part: true,
            ..Self::new(journal)
        }
    }

    /// The record that reading must begin at, so that what comes next is understood as it is now.
    pub fn resume_from(&self) -> u64 {
        let next = self.next.unwrap_or(1);
        self.open
            .values()
            .map(|open| open.first)
            .fold(next, u64::min)
    }

    /// Takes the next record; gives the events that it makes. `payload` is its payload as it was before compression
    /// and encryption, or why it cannot be had.
    pub fn take(
        &mut self,
        record: &Record<'_>,
        payload: Result<&[u8], PayloadError>,
    ) -> Vec<AuditEvent> {
        let sequence = record.header.sequence;
        let reference = Reference {
            sequence,
            hash: record.hash,
        };
        if let Some(next) = self.next.filter(|next| *next < sequence && !self.is_part) {
            self.gap(reference, (next, sequence - 1), "missing");
        }
        self.next = Some(sequence.saturating_add(1));
        match payload {
            Err(error) => self.unread(record, reference, error),
            Ok(payload) => {
                let readable = codec::events(payload).map_while(Result::ok);
                for (index, event) in readable.enumerate() {
                    let place = Place {
                        session: record.header.session,
                        record: reference,
                        index,
                    };
                    self.event(&place, event);
                }
            }
        }
        take(&mut self.out)
    }

    /// A session that was erased, or whose key is not here, is told of once; a record that was altered each time.
    fn unread(&mut self, record: &Record<'_>, reference: Reference, error: PayloadError) {
        let header = &record.header;
        let is_first = header.number == 1 && header.stream == Stream::Intents;
        let reason = match error {
            PayloadError::Erased => "erased",
            PayloadError::Encrypted => "locked",
            PayloadError::Altered | PayloadError::Compression => "unreadable",
        };
        if is_first || reason == "unreadable" {
            let sequence = reference.sequence;
            let session = Some(header.session);
            self.gap(reference, (sequence, sequence), reason);
            self.out
                .last_mut()
                .into_iter()
                .for_each(|gap| gap.session = session);
        }
    }

    /// Statements that are decided and have not ended so far, as they were decided.
    pub fn pending(&self) -> Vec<AuditEvent> {
        let open = self.open.iter();
        let mut found: Vec<_> = open
            .flat_map(|(session, open)| open.pending.values().map(|pending| (*session, pending)))
            .map(|(session, pending)| AuditEvent {
                record: pending.statement.record,
                ..self.made(
                    session,
                    pending.local_id.clone(),
                    pending.statement.action.time,
                    Detail::StatementDecided(pending.statement.clone()),
                )
            })
            .collect();
        found.sort_by_key(|event| event.record.sequence);
        found
    }

    fn event(&mut self, place: &Place, event: Event<'_>) {
        match event {
            Event::SessionOpened(opened) => self.opened(place, opened.into_owned()),
            Event::Action(action) => self.action(place, action.into_owned()),
            Event::Completed(completed) => self.completed(place, completed.into_owned()),
            Event::Approval(approval) => {
                let (time, approval) = (approval.time, Box::new(approval.into_owned()));
                self.tell(place, time, Detail::Approval(approval));
            }
            // Logins that were turned away and runs of the gateway end too, but are no sessions.
            Event::SessionClosed { time, reason } if self.open.contains_key(&place.session) => {
                self.flush(place.session);
                let reason = reason.into_owned();
                self.tell(place, time, Detail::SessionClosed { reason });
                self.open.remove(&place.session);
            }
            Event::Control {
                time,
                actor,
                name,
                fields,
            } => {
                if name == "gateway.started" {
                    self.end_of_an_earlier_run();
                }
                let own =
                    |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
                        (name.into_owned(), value.into_owned())
                    };
                let detail = Detail::Control {
                    actor: actor.into_owned(),
                    name: name.into_owned(),
                    fields: fields.into_iter().map(own).collect(),
                };
                self.tell(place, time, detail);
            }
            Event::SessionClosed { .. }
            | Event::Response { .. }
            | Event::ResponseRest { .. }
            | Event::StreamEnd(_)
            | Event::Unknown(_) => {}
        }
    }

    fn opened(&mut self, place: &Place, opened: SessionOpened<'static>) {
        let time = opened.time;
        let open = Open {
            opened: Some(Arc::new(opened)),
            first: place.record.sequence,
            pending: BTreeMap::new(),
        };
        self.open.insert(place.session, open);
        self.tell(place, time, Detail::SessionOpened);
    }

    fn action(&mut self, place: &Place, action: ActionRecorded<'static>) {
        let open = self.open.entry(place.session).or_insert_with(|| Open {
            first: place.record.sequence,
            ..Open::default()
        });
        let (number, time) = (action.sequence, action.time);
        let before = open.pending.remove(&number);
        let held_since = before.and_then(|before| {
            let held = before.statement.action.outcome == "hold";
            let since = before.statement.held_since;
            since.or(held.then_some(before.statement.action.time))
        });
        let held_since = held_since.or((action.outcome == "hold").then_some(time));
        let statement = Box::new(Statement {
            action,
            record: place.record,
            held_since,
        });
        let pending = Pending {
            statement: statement.clone(),
            local_id: place.local_id(),
        };
        open.pending.insert(number, pending);
        let overflow = match open.pending.len() > PENDING_MAX {
            true => open.pending.pop_first(),
            false => None,
        };
        self.tell(place, time, Detail::StatementDecided(statement));
        if let Some((_, pending)) = overflow {
            self.unended(place.session, pending);
        }
    }

    fn completed(&mut self, place: &Place, completed: Completed<'static>) {
        let open = self.open.get_mut(&place.session);
        let pending = open.and_then(|open| open.pending.remove(&completed.sequence));
        let Some(pending) = pending else {
            return;
        };
        let end = Box::new(End {
            completed,
            record: place.record,
        });
        let event = AuditEvent {
            record: pending.statement.record,
            ..self.made(
                place.session,
                place.local_id(),
                pending.statement.action.time,
                Detail::StatementEnded(pending.statement, Some(end)),
            )
        };
        self.out.push(event);
    }

    /// A session is over: what was decided and has no end never gets one.
    fn flush(&mut self, session: [u8; 16]) {
        let open = self.open.get_mut(&session);
        let pending = open.map(|open| take(&mut open.pending)).unwrap_or_default();
        for (_, pending) in pending {
            self.unended(session, pending);
        }
    }

    /// The gateway started: whatever was open before is over.
    fn end_of_an_earlier_run(&mut self) {
        let mut sessions: Vec<_> = self.open.keys().copied().collect();
        sessions.sort_unstable();
        for session in sessions {
            self.flush(session);
        }
        self.open.clear();
    }

    fn unended(&mut self, session: [u8; 16], pending: Pending) {
        let local_id = format!("{}-unended", pending.local_id);
        let record = pending.statement.record;
        let time = pending.statement.action.time;
        let detail = Detail::StatementEnded(pending.statement, None);
        let event = AuditEvent {
            record,
            ..self.made(session, local_id, time, detail)
        };
        self.out.push(event);
    }

    fn gap(&mut self, at: Reference, (from, to): (u64, u64), reason: &'static str) {
        let record = Reference {
            sequence: from,
            hash: match reason {
                "missing" => [0; 32],
                _ => at.hash,
            },
        };
        let event = AuditEvent {
            journal: self.journal,
            local_id: format!("{from}-gap"),
            time: 0,
            record,
            session: None,
            opened: None,
            detail: Detail::Gap { from, to, reason },
            is_shortened: false,
        };
        self.out.push(event);
    }

    fn tell(&mut self, place: &Place, time: u64, detail: Detail) {
        let event = AuditEvent {
            record: place.record,
            ..self.made(place.session, place.local_id(), time, detail)
        };
        self.out.push(event);
    }

    fn made(&self, session: [u8; 16], local_id: String, time: u64, detail: Detail) -> AuditEvent {
        let open = self.open.get(&session);
        AuditEvent {
            journal: self.journal,
            local_id,
            time,
            record: Reference::default(),
            session: Some(session),
            opened: open.and_then(|open| open.opened.clone()),
            detail,
            is_shortened: false,
        }
    }
}

/// Where an event stands.
struct Place {
    session: [u8; 16],
    record: Reference,
    index: usize,
}

impl Place {
    fn local_id(&self) -> String {
        format!("{}-{}", self.record.sequence, self.index)
    }
}
