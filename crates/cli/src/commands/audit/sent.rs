//! What a journal says that was sent to one server, counted by statement.
//!
//! Must never count as done what failed, was skipped, or lies where the server's log may not reach.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ledger::Event;
use ledger::codec;
use ledger::event::{ActionRecorded, Completed, UNANSWERED};
use ledger::journal::{self, Folder};
use ledger::record::PayloadError;

use super::reconcile::OwnQuestions;
use crate::args::AuditReconcile;
use crate::commands::offline;
use crate::problem::Problem;

/// The backend message that says that a portal was made.
const BIND_COMPLETE: u8 = b'2';

/// A statement's database and its text without literals.
pub(super) type Key = (String, String);

/// Microseconds since the Unix epoch, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    pub from: u64,
    pub to: u64,
}

impl Span {
    pub(super) const NONE: Self = Self {
        from: u64::MAX,
        to: 0,
    };

    pub(super) fn take(&mut self, time: u64) {
        self.from = self.from.min(time);
        self.to = self.to.max(time);
    }

    pub(super) fn has(self, time: u64) -> bool {
        (self.from..=self.to).contains(&time)
    }

    pub(super) fn wider(self, by: u64) -> Self {
        Self {
            from: self.from.saturating_sub(by),
            to: self.to.saturating_add(by),
        }
    }

    pub(super) fn narrower(self, by: u64) -> Self {
        Self {
            from: self.from.saturating_add(by),
            to: self.to.saturating_sub(by),
        }
    }
}

/// What the journal has of one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Recorded {
    /// Sent to the server.
    pub sent: u64,
    /// Of these, well away from the log's ends and successful: the server must have seen them.
    pub certain: u64,
}

/// Everything that was sent.
#[derive(Default)]
pub(super) struct Sent {
    /// Statements.
    pub recorded: HashMap<Key, Recorded>,
    /// Recorded texts of which only the length is known: how many of each length.
    pub unknown: BTreeMap<usize, u64>,
    /// Calls of functions by the protocol's own message.
    pub calls: Recorded,
    /// Sessions that were erased.
    pub erased: u64,
}

/// Reads one journal.
struct Reader<'a> {
    wish: &'a AuditReconcile,
    own: &'a OwnQuestions,
    /// When something may be in the log, and when it must.
    may: Span,
    must: Span,
    sent: Sent,
    resources: BTreeSet<String>,
    databases: HashMap<[u8; 16], String>,
    /// Actions under way.
    open: HashMap<([u8; 16], u64), Open>,
}

/// An action under way.
struct Open {
    /// `None` is a function call.
    key: Option<Key>,
    time: u64,
    /// It is in the log only once it was bound.
    needs_bind: bool,
    is_bound: bool,
}

/// Counts what was sent while the log reached; answers from when to when the journal reaches as well.
pub(super) fn read(
    folder: &Folder,
    wish: &AuditReconcile,
    own: &OwnQuestions,
    (logged, slack): (Span, u64),
) -> Result<(Sent, Span), Problem> {
    let mut reader = Reader {
        wish,
        own,
        may: logged.wider(slack),
        must: logged.narrower(slack),
        sent: Sent::default(),
        resources: BTreeSet::new(),
        databases: HashMap::new(),
        open: HashMap::new(),
    };
    let mut span = Span::NONE;
    let (mut is_locked, mut erased) = (false, HashSet::new());
    let mut opener = folder.opener();
    journal::for_each_record(folder, |record| match opener.payload(record) {
        Ok(payload) => {
            for event in codec::events(&payload).map_while(Result::ok) {
                event.time().into_iter().for_each(|time| span.take(time));
                reader.take(record.header.session, event);
            }
        }
        Err(PayloadError::Encrypted) => is_locked = true,
        Err(PayloadError::Erased) => {
            erased.insert(record.header.session);
        }
        // What is wrong with a journal is for `audit verify` to say.
        Err(PayloadError::Compression | PayloadError::Altered) => {}
    })
    .map_err(offline::unreadable)?;
    if is_locked {
        return Err(offline::locked());
    }
    if wish.resources.is_empty() && reader.resources.len() > 1 {
        let names = reader.resources.into_iter().collect::<Vec<_>>().join(", ");
        return Err(
            Problem::usage("the journal has several resources, of several servers")
                .hint(format!("--resource, those of this server of: {names}")),
        );
    }
    reader.sent.erased = erased.len() as u64;
    Ok((reader.sent, span))
}

impl Reader<'_> {
    fn take(&mut self, session: [u8; 16], event: Event<'_>) {
        match event {
            Event::SessionOpened(opened)
                if self.wish.resources.is_empty()
                    || self
                        .wish
                        .resources
                        .iter()
                        .any(|name| *name == opened.resource) =>
            {
                self.databases.insert(session, opened.database.into_owned());
                self.resources.insert(opened.resource.into_owned());
            }
            Event::Action(action) if action.outcome == "allow" && self.may.has(action.time) => {
                self.begin(session, &action);
            }
            Event::Response { sequence, bytes } if bytes.first() == Some(&BIND_COMPLETE) => {
                if let Some(open) = self.open.get_mut(&(session, sequence)) {
                    open.is_bound = true;
                }
            }
            Event::Completed(end) => self.end(session, &end),
            _ => {}
        }
    }

    fn begin(&mut self, session: [u8; 16], action: &ActionRecorded<'_>) {
        let Some(database) = self.databases.get(&session) else {
            return;
        };
        let place = (session, action.sequence);
        let mut open = Open {
            key: None,
            time: action.time,
            needs_bind: action.kind == "execute",
            is_bound: false,
        };
        match &*action.kind {
            "query" | "execute" => {}
            "function_call" => {
                self.sent.calls.sent += 1;
                self.open.insert(place, open);
                return;
            }
            _ => return,
        }
        if let Some(length) = only_length(&action.text) {
            *self.sent.unknown.entry(length).or_default() += 1;
            return;
        }
        let key = (database.clone(), (self.own.redact)(action.text.trim()));
        self.sent.recorded.entry(key.clone()).or_default().sent += 1;
        // Sent by the extended protocol, an empty statement is not logged.
        if !is_nothing(&key.1) {
            open.key = Some(key);
            self.open.insert(place, open);
        }
    }

    fn end(&mut self, session: [u8; 16], end: &Completed<'_>) {
        let Some(open) = self.open.remove(&(session, end.sequence)) else {
            return;
        };
        let recorded = match open.key {
            Some(key) => self.sent.recorded.entry(key).or_default(),
            None => &mut self.sent.calls,
        };
        if was_never_run(end, open.needs_bind && !open.is_bound) {
            recorded.sent -= 1;
        } else if end.error.is_none() && end.status != UNANSWERED && self.must.has(open.time) {
            // Unanswered: whether it ran is not known.
            recorded.certain += 1;
        }
    }
}

/// What cannot be in the server's log: what was bound and never executed, skipped behind a failure, failed before it was
/// bound, or was refused by the gateway after all.
fn was_never_run(end: &Completed<'_>, is_unbound: bool) -> bool {
    match end.error.as_deref() {
        None => matches!(&*end.status, "SKIPPED" | "BIND"),
        Some(code) => is_unbound || code.starts_with("PC"),
    }
}

/// Nothing but spaces, semicolons and what was left out: perhaps a comment alone.
fn is_nothing(shape: &str) -> bool {
    let rest = shape.replace("<redacted>", "");
    rest.chars().all(|c| c.is_whitespace() || c == ';')
}

/// The length in bytes that stands for a text which was not kept.
fn only_length(text: &str) -> Option<usize> {
    let length = text.strip_prefix("<redacted: ")?.strip_suffix(" bytes>")?;
    length.parse().ok()
}
