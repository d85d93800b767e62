//! Reading a journal from its folder: sessions, one session's recording, every event.
//!
//! Must never write, and never hold more than one segment and one recording in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::codec;
use crate::event::{Event, SessionOpened};
use crate::record::{HEADER_BYTES, PAYLOAD_BYTES_MAX, Record, Stream};
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

/// Calls `visit` with every whole record, in the journal's order.
///
/// # Errors
/// [`ReadError`].
pub fn for_each_record(dir: &Path, mut visit: impl FnMut(&Record<'_>)) -> Result<(), ReadError> {
    for file in segments(dir)? {
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
    dir: &Path,
    mut visit: impl FnMut(&Record<'_>, Event<'_>),
) -> Result<(), ReadError> {
    for_each_record(dir, |record| {
        if let Ok(payload) = record.payload() {
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
}

impl SessionSummary {
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

/// All sessions, oldest first.
///
/// # Errors
/// [`ReadError`].
pub fn sessions(dir: &Path) -> Result<Vec<SessionSummary>, ReadError> {
    let mut found: BTreeMap<[u8; 16], SessionSummary> = BTreeMap::new();
    for_each_event(dir, |record, event| {
        if matches!(event, Event::SessionOpened(_)) {
            found.insert(record.header.session, SessionSummary::default());
        }
        if let Some(summary) = found.get_mut(&record.header.session) {
            summary.add(event);
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
}

/// The recording of one session; `None` when the journal has nothing of it.
///
/// # Errors
/// [`ReadError`].
pub fn recording(dir: &Path, session: [u8; 16]) -> Result<Option<Recording>, ReadError> {
    let mut collector = Collector::new(session);
    for_each_record(dir, |record| collector.take(record))?;
    Ok(collector.finish())
}

/// The recording of one session from its raw records, one after the other, as they stand in the journal; `None`
/// when there is nothing of it in these bytes.
pub fn recording_from(records: &[u8], session: [u8; 16]) -> Option<Recording> {
    let mut collector = Collector::new(session);
    for item in items_of(records) {
        if let Item::Record { record, .. } = item {
            collector.take(&record);
        }
    }
    collector.finish()
}

/// Gathers one session's records.
struct Collector {
    session: [u8; 16],
    verifier: Verifier,
    intents: Vec<Event<'static>>,
    results: Vec<Event<'static>>,
}

impl Collector {
    fn new(session: [u8; 16]) -> Self {
        Self {
            session,
            verifier: Verifier::one_session(),
            intents: Vec::new(),
            results: Vec::new(),
        }
    }

    fn take(&mut self, record: &Record<'_>) {
        if record.header.session != self.session {
            return;
        }
        self.verifier.record(0, record);
        let Ok(payload) = record.payload() else {
            return;
        };
        let into = match record.header.stream {
            Stream::Intents => &mut self.intents,
            Stream::Results => &mut self.results,
        };
        let readable = codec::events(&payload).map_while(Result::ok);
        into.extend(readable.map(Event::into_owned));
    }

    fn finish(self) -> Option<Recording> {
        if self.intents.is_empty() && self.results.is_empty() {
            return None;
        }
        Some(Recording {
            events: interleave(self.intents, self.results),
            findings: self.verifier.finish(None).findings,
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
