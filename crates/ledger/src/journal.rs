//! Reading a journal from its folder, with the keys that there are: sessions, one session's recording, every event.
//!
//! Must never write, and never hold more than one segment and one recording in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::codec;
use crate::event::{Event, SessionOpened};
use crate::keys::{Access, Erasure, Keys, NoKeys, OneKey, Opener, SessionKey};
use crate::record::{HEADER_BYTES, PAYLOAD_BYTES_MAX, PayloadError, Record, Stream};
use crate::segment::{Item, items, items_of};
use crate::verify::{Finding, Verifier};

/// The ending of a segment's file name.
pub const SEGMENT_SUFFIX: &str = ".pcj";

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or folder cannot be read.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A journal to read from: its folder, and who yields its sessions' keys.
#[derive(Clone)]
pub struct Folder {
    path: PathBuf,
    keys: Arc<dyn Keys>,
}

impl Folder {
    /// A folder with its keys.
    pub fn new(path: impl Into<PathBuf>, keys: Arc<dyn Keys>) -> Self {
        let path = path.into();
        Self { path, keys }
    }

    /// A folder without keys: what is encrypted in it stays so.
    pub fn without_keys(path: impl Into<PathBuf>) -> Self {
        Self::new(path, Arc::new(NoKeys))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What can be had of a session's key.
    pub fn access(&self, session: &[u8; 16]) -> Access {
        self.keys.key(session)
    }

    /// Reads payloads, for the time of one reading.
    pub fn opener(&self) -> Opener<'_> {
        Opener::new(&*self.keys)
    }
}

/// One segment's file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SegmentFile {
    /// The number in its name.
    pub number: u64,
    /// Where it is.
    pub path: PathBuf,
}

/// The name of a segment's file.
pub fn segment_name(number: u64) -> String {
    format!("{number:08}{SEGMENT_SUFFIX}")
}

/// The segments in a folder, by number; other files are passed over.
///
/// # Errors
/// [`ReadError`].
pub fn segments(dir: &Path) -> Result<Vec<SegmentFile>, ReadError> {
    let failed = |source| ReadError::Io {
        path: dir.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(SEGMENT_SUFFIX));
        if let Some(number) = number.and_then(|digits| digits.parse().ok()) {
            found.push(SegmentFile { number, path });
        }
    }
    found.sort();
    Ok(found)
}

/// Reads one segment's bytes.
///
/// # Errors
/// [`ReadError`].
pub fn read_segment(file: &SegmentFile) -> Result<Vec<u8>, ReadError> {
    fs::read(&file.path).map_err(|source| ReadError::Io {
        path: file.path.clone(),
        source,
    })
}

/// The bytes of the record that begins at a place; `None` when there is none, or it cannot be read.
pub fn record_at(dir: &Path, segment: u64, offset: u64) -> Option<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    let file = fs::File::open(dir.join(segment_name(segment))).ok()?;
    let mut bytes = vec![0; HEADER_BYTES];
    file.read_exact_at(&mut bytes, offset).ok()?;
    let [a, b, c, d, ..] = *bytes.as_slice() else {
        return None;
    };
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > PAYLOAD_BYTES_MAX {
        return None;
    }
    bytes.resize(HEADER_BYTES + length, 0);
    file.read_exact_at(&mut bytes, offset).ok()?;
    Some(bytes)
}

/// Bytes of a segment from an offset on, at most `room`, fewer at its end. For whoever reads a journal while it is
/// written.
///
/// # Errors
/// What opening or reading the file says; `NotFound` where the segment was put away.
pub fn read_at(dir: &Path, segment: u64, offset: u64, room: usize) -> std::io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    let file = fs::File::open(dir.join(segment_name(segment)))?;
    let there = file.metadata()?.len().saturating_sub(offset);
    let length = usize::try_from(there).unwrap_or(usize::MAX).min(room);
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(space) = bytes.get_mut(filled..).filter(|space| !space.is_empty()) {
        match file.read_at(space, offset + filled as u64)? {
            0 => break,
            some => filled += some,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Calls `visit` with every whole record, in the journal's order.
///
/// # Errors
/// [`ReadError`].
pub fn for_each_record(
    folder: &Folder,
    mut visit: impl FnMut(&Record<'_>),
) -> Result<(), ReadError> {
    for file in segments(folder.path())? {
        let bytes = read_segment(&file)?;
        for item in items(&bytes) {
            if let Item::Record { record, .. } = item {
                visit(&record);
            }
        }
    }
    Ok(())
}

/// Calls `visit` with every readable event and its record, in the journal's order. What cannot be read is passed
/// over; [`crate::verify`] names it.
///
/// # Errors
/// [`ReadError`].
pub fn for_each_event(
    folder: &Folder,
    mut visit: impl FnMut(&Record<'_>, Event<'_>),
) -> Result<(), ReadError> {
    let mut opener = folder.opener();
    for_each_record(folder, |record| {
        if let Ok(payload) = opener.payload(record) {
            let readable = codec::events(&payload).map_while(Result::ok);
            readable.for_each(|event| visit(record, event));
        }
    })
}

/// One session at a glance.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SessionSummary {
    /// How it began.
    pub opened: SessionOpened<'static>,
    /// When it ended and why; `None` while it is open or when its end was lost.
    pub closed: Option<(u64, String)>,
    /// Actions asked for.
    pub actions: u64,
    /// Of these, refused.
    pub denied: u64,
    /// Of these, held for approval.
    pub held: u64,
    /// Rows delivered or changed.
    pub rows: u64,
    /// Response bytes delivered.
    pub bytes: u64,
    /// Actions that failed.
    pub errors: u64,
    /// Its key was destroyed: of all else only its id, the time in it, and its end are known.
    pub erased: Option<Erasure>,
}

impl SessionSummary {
    /// What is left of a session: its id, and the time that a UUID of version 7 begins with.
    fn erased(session: [u8; 16], erasure: Erasure) -> Self {
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&session[..6]);
        let time = u64::from_be_bytes(millis).saturating_mul(1_000);
        Self {
            opened: SessionOpened {
                time,
                session,
                ..SessionOpened::default()
            },
            erased: Some(erasure),
            ..Self::default()
        }
    }

    fn add(&mut self, event: Event<'_>) {
        match event {
            Event::SessionOpened(opened) => self.opened = opened.into_owned(),
            Event::SessionClosed { time, reason } => self.closed = Some((time, reason.into())),
            Event::Action(action) => {
                self.actions = self.actions.max(action.sequence);
                match &*action.outcome {
                    "deny" => self.denied += 1,
                    "hold" => self.held += 1,
                    _ => {}
                }
            }
            Event::Completed(completed) => {
                self.rows = self.rows.saturating_add(completed.rows);
                self.bytes = self.bytes.saturating_add(completed.bytes);
                self.errors += u64::from(completed.error.is_some());
            }
            Event::Response { .. }
            | Event::ResponseRest { .. }
            | Event::Approval(_)
            | Event::Control { .. }
            | Event::StreamEnd(_)
            | Event::Unknown(_) => {}
        }
    }
}

/// All sessions, oldest first, the erased ones too. Those whose key is not to be had are left out.
///
/// # Errors
/// [`ReadError`].
pub fn sessions(folder: &Folder) -> Result<Vec<SessionSummary>, ReadError> {
    let mut found: BTreeMap<[u8; 16], SessionSummary> = BTreeMap::new();
    let mut opener = folder.opener();
    for_each_record(folder, |record| {
        let session = record.header.session;
        // There is nothing in rows that a summary tells.
        if record.is_rows() {
            return;
        }
        match opener.payload(record) {
            Ok(payload) => {
                for event in codec::events(&payload).map_while(Result::ok) {
                    if matches!(event, Event::SessionOpened(_)) {
                        found.insert(session, SessionSummary::default());
                    }
                    if let Some(summary) = found.get_mut(&session) {
                        summary.add(event);
                    }
                }
            }
            Err(PayloadError::Erased) => {
                if let Access::Erased(erasure) = opener.access(&session)
                    && erasure.opened
                {
                    let summary = found.entry(session);
                    summary.or_insert_with(|| SessionSummary::erased(session, erasure.clone()));
                }
            }
            Err(PayloadError::Encrypted | PayloadError::Altered | PayloadError::Compression) => {}
        }
    })?;
    Ok(found.into_values().collect())
}

/// One session, whole.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recording {
    /// Its events: each action's responses and completion follow it.
    pub events: Vec<Event<'static>>,
    /// What is wrong with its records.
    pub findings: Vec<Finding>,
    /// Its key was destroyed: of its events there is at most the end.
    pub erased: Option<Erasure>,
    /// Records that are encrypted under a key that is not to be had here.
    pub locked: u64,
}

/// The recording of one session; `None` when the journal has nothing of it.
///
/// # Errors
/// [`ReadError`].
pub fn recording(folder: &Folder, session: [u8; 16]) -> Result<Option<Recording>, ReadError> {
    let mut collector = Collector::new(session, &*folder.keys);
    for_each_record(folder, |record| collector.take(record))?;
    Ok(collector.finish())
}

/// The recording of one session from its raw records, one after the other, as they stand in the journal, perhaps
/// behind its key as [`key_preamble`] writes it; `None` when there is nothing of it in these bytes.
pub fn recording_from(bytes: &[u8], session: [u8; 16]) -> Option<Recording> {
    let (key, records) = split_preamble(bytes);
    let keys: Arc<dyn Keys> = match key {
        Some(key) => Arc::new(OneKey::new(session, key)),
        None => Arc::new(NoKeys),
    };
    let mut collector = Collector::new(session, &*keys);
    for item in items_of(records) {
        if let Item::Record { record, .. } = item {
            collector.take(&record);
        }
    }
    collector.finish()
}

/// What stands before a session's key in front of its raw records.
const PREAMBLE: [u8; 8] = *b"PCJKEY\x00\x01";

/// A session's key as it stands in front of its raw records, for whoever may read them.
pub fn key_preamble(key: &SessionKey) -> Vec<u8> {
    [PREAMBLE.as_slice(), key.expose()].concat()
}

fn split_preamble(bytes: &[u8]) -> (Option<SessionKey>, &[u8]) {
    let split = bytes
        .strip_prefix(PREAMBLE.as_slice())
        .and_then(|rest| rest.split_first_chunk());
    match split {
        Some((key, records)) => (SessionKey::new((*key).into()).ok(), records),
        None => (None, bytes),
    }
}

/// Gathers one session's records.
struct Collector<'a> {
    session: [u8; 16],
    opener: Opener<'a>,
    verifier: Verifier,
    intents: Vec<Event<'static>>,
    results: Vec<Event<'static>>,
    met: bool,
    locked: u64,
    erased: Option<Erasure>,
}

impl<'a> Collector<'a> {
    fn new(session: [u8; 16], keys: &'a dyn Keys) -> Self {
        Self {
            session,
            opener: Opener::new(keys),
            verifier: Verifier::one_session(),
            intents: Vec::new(),
            results: Vec::new(),
            met: false,
            locked: 0,
            erased: None,
        }
    }

    fn take(&mut self, record: &Record<'_>) {
        if record.header.session != self.session {
            return;
        }
        self.met = true;
        let payload = self.opener.payload(record);
        self.verifier.opened(record, payload.as_deref());
        let payload = match payload {
            Ok(payload) => payload,
            Err(PayloadError::Erased) => {
                if let Access::Erased(erasure) = self.opener.access(&self.session) {
                    self.erased.get_or_insert_with(|| erasure.clone());
                }
                return;
            }
            Err(PayloadError::Encrypted) => {
                self.locked += 1;
                return;
            }
            Err(PayloadError::Altered | PayloadError::Compression) => return,
        };
        let into = match record.header.stream {
            Stream::Intents => &mut self.intents,
            Stream::Results => &mut self.results,
        };
        let readable = codec::events(&payload).map_while(Result::ok);
        into.extend(readable.map(Event::into_owned));
    }

    fn finish(self) -> Option<Recording> {
        self.met.then(|| Recording {
            events: interleave(self.intents, self.results),
            findings: self.verifier.finish(None).findings,
            erased: self.erased,
            locked: self.locked,
        })
    }
}

/// Puts each action's results behind its decision and before the next action's. What was said outside any action
/// (a notification, the FATAL of a killed session) keeps its place among the results; behind the last of them it
/// belongs to the session's end.
fn interleave(intents: Vec<Event<'static>>, results: Vec<Event<'static>>) -> Vec<Event<'static>> {
    let mut events = Vec::with_capacity(intents.len() + results.len());
    let of = |event: &Event<'_>| event.sequence().unwrap_or(0);
    let last = results.iter().rposition(|result| of(result) > 0);
    let mut highest = 0;
    let mut results = results
        .into_iter()
        .enumerate()
        .map(|(at, result)| {
            highest = of(&result).max(highest);
            let is_trailing = last.is_none_or(|last| at > last);
            (if is_trailing { u64::MAX - 1 } else { highest }, result)
        })
        .peekable();
    for intent in intents {
        let before = match &intent {
            Event::Action(action) => action.sequence,
            Event::SessionClosed { .. } => u64::MAX,
            Event::SessionOpened(_)
            | Event::Response { .. }
            | Event::ResponseRest { .. }
            | Event::Completed(_)
            | Event::Approval(_)
            | Event::Control { .. }
            | Event::StreamEnd(_)
            | Event::Unknown(_) => 0,
        };
        while let Some((_, result)) = results.next_if(|(place, _)| *place < before) {
            events.push(result);
        }
        events.push(intent);
    }
    events.extend(results.map(|(_, result)| result));
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{ActionRecorded, Completed};

    fn action(sequence: u64) -> Event<'static> {
        Event::Action(ActionRecorded {
            sequence,
            ..ActionRecorded::default()
        })
    }

    fn said(sequence: u64) -> Event<'static> {
        Event::Response {
            sequence,
            bytes: Vec::new().into(),
        }
    }

    fn done(sequence: u64) -> Event<'static> {
        Event::Completed(Completed {
            sequence,
            ..Completed::default()
        })
    }

    fn opened() -> Event<'static> {
        Event::SessionOpened(SessionOpened::default())
    }

    fn closed() -> Event<'static> {
        let (time, reason) = (9, "killed".into());
        Event::SessionClosed { time, reason }
    }

    #[test]
    fn results_follow_their_action_and_last_words_the_last_action() {
        let check = |intents: Vec<Event<'static>>, results, expect: Vec<Event<'static>>| {
            assert_eq!(interleave(intents, results), expect);
        };
        check(
            vec![opened(), action(1), action(2), closed()],
            vec![said(1), done(1), said(0), said(2), done(2), said(0)],
            vec![
                opened(),
                action(1),
                said(1),
                done(1),
                said(0),
                action(2),
                said(2),
                done(2),
                said(0),
                closed(),
            ],
        );
        // Killed before its first answer: the FATAL stands behind what was asked.
        check(
            vec![opened(), action(1), closed()],
            vec![said(0)],
            vec![opened(), action(1), said(0), closed()],
        );
    }
}
