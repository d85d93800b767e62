//! Checking a journal: every record present, whole, unaltered, once and in order.
//!
//! Must never trust what it checks: every number and hash is computed or counted anew. Says exactly what is wrong
//! and goes on, so that one finding does not hide the next.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use crate::Id;
use crate::codec;
use crate::event::{Event, StreamEnd};
use crate::journal::{self, ReadError};
use crate::keys::slot::{Slot, WrappedKey, slots};
use crate::keys::wrapped::{KEYS_FOLDER, key_files};
use crate::record::{Chain, KIND_EVENTS, PayloadError, Record, Stream};
use crate::segment::{Item, SegmentHeader, items};

/// The control event that says that a session's key was destroyed.
pub const RECORDING_ERASED: &str = "recording.erased";

/// The control event that a run of the gateway begins with.
const GATEWAY_STARTED: &str = "gateway.started";

/// Missing numbers remembered one by one, so that a late record is told from a doubled one.
const MISSING_MAX: u64 = 1 << 16;

/// A place in the journal that somebody kept: the sequence number and hash of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The record's sequence number.
    pub sequence: u64,
    /// The record's hash.
    pub hash: [u8; 32],
}

/// What verification says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Segments read.
    pub segments: u64,
    /// Records read.
    pub records: u64,
    /// Sessions met.
    pub sessions: u64,
    /// The last record's place and hash; keep it to notice a cut later.
    pub head: Option<Head>,
    /// What was found, in the journal's order.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing speaks against the journal.
    pub fn is_sound(&self) -> bool {
        !self.findings.iter().any(Finding::is_alarm)
    }
}

/// Checks every segment in a folder, and that a head kept earlier is still in it.
///
/// # Errors
/// [`ReadError`]; what is wrong with the content is in the report.
pub fn verify(dir: &Path, kept: Option<Head>) -> Result<Report, ReadError> {
    let mut verifier = Verifier {
        kept,
        ..Verifier::default()
    };
    for file in journal::segments(dir)? {
        let bytes = journal::read_segment(&file)?;
        verifier.segment(file.number, &bytes);
    }
    verifier.keys(dir)?;
    Ok(verifier.finish(kept))
}

/// Where one session stands.
#[derive(Default)]
struct Session {
    intents: Chain,
    results: Chain,
    time: u64,
    end: Option<StreamEnd>,
    ended: bool,
    /// A record of it was met.
    met: bool,
}

/// A session's first encrypted record.
struct First {
    sequence: u64,
    /// When it was sealed.
    sealed: Option<u64>,
}

/// Checks segments and records as they come.
#[derive(Default)]
pub struct Verifier {
    /// Only one session's records come: the journal's own order is not looked at.
    partial: bool,
    kept: Option<Head>,
    journal: Option<[u8; 16]>,
    last_segment: Option<u64>,
    begins_late: bool,
    head: Option<Head>,
    missing: BTreeSet<u64>,
    sessions: HashMap<[u8; 16], Session>,
    /// Sessions that the journal says were erased.
    erased: HashSet<[u8; 16]>,
    /// Sessions with encrypted records, each with the first.
    encrypted: HashMap<[u8; 16], First>,
    /// The gateway's starts, each with the record's number and its time.
    starts: Vec<(u64, u64)>,
    report: Report,
}

impl Verifier {
    /// A verifier for the records of one session alone.
    pub fn one_session() -> Self {
        Self {
            partial: true,
            ..Self::default()
        }
    }

    /// Takes the next segment, by the number in its name.
    pub fn segment(&mut self, number: u64, file: &[u8]) {
        self.begin_segment(number, file);
        for item in items(file) {
            match item {
                Item::Record { record, .. } => self.record(number, &record),
                Item::Damage { offset, bytes } => self.find(Finding::Damaged {
                    segment: number,
                    offset,
                    bytes,
                }),
                Item::Torn { offset, bytes } => self.find(Finding::Torn {
                    segment: number,
                    offset,
                    bytes,
                }),
            }
        }
    }

    fn segment_header(&mut self, number: u64, file: &[u8]) {
        match self.last_segment {
            Some(last) if number > last + 1 => self.find(Finding::MissingSegments {
                from: last + 1,
                to: number - 1,
            }),
            None if number > 1 => {
                self.begins_late = true;
                self.find(Finding::BeginsLate { segment: number });
            }
            Some(_) | None => {}
        }
        let Some(header) = SegmentHeader::parse(file) else {
            return self.find(Finding::BadSegment { segment: number });
        };
        if header.number != number {
            self.find(Finding::Renamed {
                segment: number,
                says: header.number,
            });
        }
        if *self.journal.get_or_insert(header.journal) != header.journal {
            self.find(Finding::Foreign { segment: number });
        }
        match self.head {
            Some(head)
                if head.hash != header.before || head.sequence + 1 != header.first_sequence =>
            {
                self.find(Finding::Unlinked { segment: number });
            }
            None if number == 1 && header.first_sequence != 1 => {
                self.find(Finding::Unlinked { segment: number });
            }
            None if self.begins_late => {
                // What stood before is put away; its last record is taken on this header's word.
                self.head = header.first_sequence.checked_sub(1).map(|sequence| Head {
                    sequence,
                    hash: header.before,
                });
            }
            Some(_) | None => {}
        }
    }

    /// Takes the next record; of an encrypted one, the content is not looked at.
    pub fn record(&mut self, _segment: u64, record: &Record<'_>) {
        self.opened(record, record.payload().as_deref());
    }

    /// Takes the next record with what could be read of it.
    pub fn opened(&mut self, record: &Record<'_>, payload: Result<&[u8], &PayloadError>) {
        self.report.records += 1;
        let sequence = record.header.sequence;
        if !self.partial && !self.take_sequence(sequence) {
            return;
        }
        if let Some(kept) = self.kept.filter(|kept| kept.sequence == sequence)
            && kept.hash != record.hash
        {
            self.find(Finding::Forked { sequence });
        }
        if self.head.is_none_or(|head| head.sequence < sequence) {
            self.head = Some(Head {
                sequence,
                hash: record.hash,
            });
        }
        self.chain(record);
        self.content(record, payload);
    }

    /// Checks the journal's order; `false` for a record that was there before.
    fn take_sequence(&mut self, sequence: u64) -> bool {
        let expected = self.head.map_or(1, |head| head.sequence.saturating_add(1));
        if sequence == expected {
            return true;
        }
        if sequence > expected {
            let room = MISSING_MAX.saturating_sub(self.missing.len() as u64);
            let behind = sequence.min(expected.saturating_add(room));
            self.missing.extend(expected..behind);
            self.find(Finding::Missing {
                from: expected,
                to: sequence - 1,
            });
            return true;
        }
        if self.missing.remove(&sequence) {
            self.find(Finding::Reordered { sequence });
            return true;
        }
        self.find(Finding::Duplicated { sequence });
        false
    }

    fn chain(&mut self, record: &Record<'_>) {
        let header = record.header;
        if record.is_encrypted() {
            let first = self.encrypted.entry(header.session);
            first.or_insert(First {
                sequence: header.sequence,
                sealed: None,
            });
        }
        let session = self.sessions.entry(header.session).or_default();
        session.met = true;
        let ended = session.ended;
        let chain = match header.stream {
            Stream::Intents => &mut session.intents,
            Stream::Results => &mut session.results,
        };
        let expected = chain.records + 1;
        let follows = header.number == expected;
        let hash_right = record.expected_hash(&chain.hash) == record.hash;
        // A chain whose beginning was put away is taken up where it is met.
        let taken_up = self.begins_late && chain.records == 0 && header.number > 1;
        *chain = Chain {
            records: header.number,
            hash: record.hash,
        };
        if ended {
            self.find(Finding::AfterEnd {
                sequence: header.sequence,
                session: header.session,
            });
        }
        if taken_up {
            return;
        }
        if !follows {
            self.find(Finding::Gap {
                session: header.session,
                stream: header.stream,
                expected,
                found: header.number,
            });
        } else if !hash_right {
            self.find(Finding::Edited {
                sequence: header.sequence,
                session: header.session,
            });
        }
    }

    fn content(&mut self, record: &Record<'_>, payload: Result<&[u8], &PayloadError>) {
        let sequence = record.header.sequence;
        if record.header.kind != KIND_EVENTS {
            return;
        }
        let payload = match payload {
            Ok(payload) => payload,
            // The hash has been checked, and that is all there is to check.
            Err(PayloadError::Encrypted | PayloadError::Erased) => return,
            Err(PayloadError::Compression | PayloadError::Altered) => {
                return self.find(Finding::Unreadable { sequence });
            }
        };
        for event in codec::events(payload) {
            match event {
                Ok(event) => self.event(record, &event),
                Err(_) => self.find(Finding::Unreadable { sequence }),
            }
        }
    }

    fn event(&mut self, record: &Record<'_>, event: &Event<'_>) {
        let header = record.header;
        let session = self.sessions.entry(header.session).or_default();
        match event {
            Event::StreamEnd(end) => {
                session.end = Some(*end);
                session.ended = true;
            }
            // Behind an encrypted one comes the stream's end, readable without the key.
            Event::SessionClosed { .. } => session.ended |= !record.is_encrypted(),
            Event::Control {
                time,
                actor,
                name,
                fields,
            } if name == RECORDING_ERASED => self.erasure(*time, actor, fields),
            Event::Control { time, name, .. } if name == GATEWAY_STARTED => {
                self.starts.push((header.sequence, *time));
            }
            Event::SessionOpened(_)
            | Event::Action(_)
            | Event::Response { .. }
            | Event::ResponseRest { .. }
            | Event::Completed(_)
            | Event::Approval(_)
            | Event::Control { .. }
            | Event::Unknown(_) => {}
        }
        let session = self.sessions.entry(header.session).or_default();
        // Results are written after the intents that follow them, so only intents keep time.
        if let Some(time) = event.time().filter(|_| header.stream == Stream::Intents) {
            let by = session.time.saturating_sub(time);
            session.time = time;
            if by > 0 {
                self.find(Finding::ClockBackwards {
                    sequence: header.sequence,
                    by,
                });
            }
        }
    }

    fn erasure(&mut self, time: u64, actor: &str, fields: &[(Cow<'_, str>, Cow<'_, str>)]) {
        let Some(session) = erased_session(fields) else {
            return;
        };
        // Twice where a crash came between: it was recorded, and recorded again when it was finished.
        if self.erased.insert(session) {
            let by = actor.to_owned();
            self.find(Finding::Erased { session, time, by });
        }
    }

    /// Takes when the record that came last was sealed, if it was: then it was on disk, and its key before it.
    pub fn sealed(&mut self, record: &Record<'_>, time: Option<u64>) {
        let first = self.encrypted.get_mut(&record.header.session);
        if let Some(first) = first.filter(|first| first.sequence == record.header.sequence) {
            first.sealed = time;
        }
    }

    /// Whether a session's key must have been on disk: its records were sealed by the run that wrote them. What a run
    /// seals of the one before it may be there without its key, after a power cut.
    fn was_on_disk(&self, first: &First) -> bool {
        let start = self.starts.iter().find(|(at, _)| *at > first.sequence);
        let is_before = |sealed| start.is_none_or(|(_, started)| sealed < *started);
        first.sealed.is_some_and(is_before)
    }

    /// Takes from a record of another session than the one that is checked what it says of that one's erasure, and of
    /// the gateway's starts.
    pub fn erasures(&mut self, record: &Record<'_>, of: &[u8; 16]) {
        if record.header.stream != Stream::Intents || record.is_encrypted() {
            return;
        }
        let Ok(payload) = record.payload() else {
            return;
        };
        for event in codec::events(&payload).map_while(Result::ok) {
            if let Event::Control {
                time,
                actor,
                name,
                fields,
            } = event
            {
                if name == RECORDING_ERASED && erased_session(&fields) == Some(*of) {
                    self.erasure(time, &actor, &fields);
                } else if name == GATEWAY_STARTED {
                    self.starts.push((record.header.sequence, time));
                }
            }
        }
    }

    /// Looks into the key files beside a journal, all of whose records came before, or of one session the whole: no
    /// erased session has a key, nothing is erased that the journal does not say, and no encrypted session that its own
    /// run sealed (so that it was on disk, and its key before it) lacks its slot. Says nothing where there is no folder of keys.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn keys(&mut self, dir: &Path) -> Result<(), ReadError> {
        if !dir.join(KEYS_FOLDER).is_dir() {
            return Ok(());
        }
        let (mut keys, mut tombstones) = (HashSet::new(), HashSet::new());
        for (_, path) in key_files(dir)? {
            let bytes = std::fs::read(&path).map_err(|source| ReadError::Io { path, source })?;
            for (_, slot) in slots(&bytes, self.journal.as_ref()) {
                match slot {
                    Slot::Key(WrappedKey { session, .. }) => keys.insert(session),
                    Slot::Erased { session, .. } => tombstones.insert(session),
                };
            }
        }
        let mut found: Vec<_> = self
            .encrypted
            .iter()
            .map(|(id, first)| (*id, self.was_on_disk(first)))
            .collect();
        found.sort_unstable();
        for (session, was_on_disk) in found {
            let is_said = self.erased.contains(&session);
            if is_said && keys.contains(&session) {
                self.find(Finding::KeyIsBack { session });
            } else if !is_said && tombstones.contains(&session) && !self.begins_late {
                self.find(Finding::ErasedUnsaid { session });
            } else if !is_said && !keys.contains(&session) && !tombstones.contains(&session) {
                self.find(match was_on_disk {
                    true => Finding::KeyRemoved { session },
                    false => Finding::KeyMissing { session },
                });
            }
        }
        Ok(())
    }

    fn find(&mut self, finding: Finding) {
        self.report.findings.push(finding);
    }

    /// Says what was found, also of what never came.
    pub fn finish(mut self, kept: Option<Head>) -> Report {
        let sessions = std::mem::take(&mut self.sessions).into_iter();
        let mut sessions: Vec<_> = sessions.filter(|(_, session)| session.met).collect();
        sessions.sort_by_key(|(id, _)| *id);
        self.report.sessions = sessions.len() as u64;
        for (id, session) in sessions {
            match session.end {
                Some(end)
                    if end.records != session.results.records
                        || end.hash != session.results.hash =>
                {
                    self.find(Finding::ResultsCut {
                        session: id,
                        expected: end.records,
                        found: session.results.records,
                    });
                }
                Some(_) => {}
                None if !session.ended => self.find(Finding::Open { session: id }),
                None => {}
            }
        }
        let last = self.head.map_or(0, |head| head.sequence);
        if let Some(kept) = kept.filter(|kept| kept.sequence > last) {
            self.find(Finding::HeadMissing {
                sequence: kept.sequence,
            });
        }
        self.report.head = self.head.filter(|head| head.sequence > 0);
        self.report
    }
}

/// The session that an erasure names.
fn erased_session(fields: &[(Cow<'_, str>, Cow<'_, str>)]) -> Option<[u8; 16]> {
    let named = fields.iter().find(|(name, _)| name == "session");
    named.and_then(|(_, text)| Id::parse(text))
}

mod finding;
mod resume;
#[cfg(test)]
mod tests;

pub use finding::Finding;
