//! Seal after seal, what the log says of the journal's records, held against the records.
//!
//! Must never hold more than one batch in memory, and per session no more than a few numbers.

use std::collections::{BTreeMap, HashMap};

use super::{Finding, Report, head_of};
use crate::record::{Chain, Record, Stream};
use crate::tlog::batch::{Batch, RECORDS_MAX};
use crate::tlog::entry::{Entry, Span};
use crate::tlog::folder::{Entries, Folder};
use crate::verify::{Head, Verifier};

/// Entries of one batch that are looked at; an honest one has no more than its records, and two.
const BATCH_ENTRIES_MAX: u32 = RECORDS_MAX + 2;

/// Where to begin when older seals are left out.
pub(super) struct Start {
    /// The last record that they sealed.
    pub(super) head: Head,
    /// Where each chain stood then.
    pub(super) chains: HashMap<([u8; 16], Stream), Chain>,
    /// The first entry behind them.
    index: u64,
}

/// The start of what was sealed at a time or later; `None` for all.
pub(super) fn start(folder: &Folder, size: u64, since: Option<u64>) -> Option<Start> {
    let since = since?;
    let (mut found, mut chains) = (None, HashMap::new());
    // What the batch at hand moves; it counts once it is sealed.
    let mut moved: Vec<(([u8; 16], Stream), Chain)> = Vec::new();
    // A file that cannot be read has been named by the check of the tree.
    for (index, entry) in folder.entries(0, size).map_while(Result::ok) {
        match entry {
            Entry::Chain {
                session,
                stream,
                numbers,
                hash,
                ..
            } => {
                let records = numbers.to;
                moved.push(((session, stream), Chain { records, hash }));
            }
            Entry::Control {
                session,
                number: records,
                hash,
                ..
            } => moved.push(((session, Stream::Intents), Chain { records, hash })),
            Entry::Seal { time, .. } if time >= since => break,
            Entry::Seal {
                sequences, hash, ..
            } => {
                chains.extend(moved.drain(..));
                found = Some((head_of(sequences.to, hash), index.saturating_add(1)));
            }
            Entry::Log { .. } | Entry::Gap { .. } | Entry::Unknown(_) => {}
        }
    }
    found.map(|(head, index)| Start {
        head,
        chains,
        index,
    })
}

/// A record as the journal has it.
struct Seen {
    session: [u8; 16],
    stream: Stream,
    number: u64,
    hash: [u8; 32],
}

/// One seal with the entries it closes.
struct Sealed {
    index: u64,
    sequences: Span,
    time: u64,
    entries: Vec<(u64, Entry<'static>)>,
}

/// What is missing of one session.
#[derive(Default)]
struct Absent {
    entries: u64,
    from: u64,
    to: u64,
}

/// Holds records against seals, both in order.
pub(super) struct Comparison<'a> {
    entries: Entries<'a>,
    only: Option<[u8; 16]>,
    journal: Option<[u8; 16]>,
    /// The next record that no seal has covered.
    next: Option<u64>,
    time: u64,
    current: Option<Sealed>,
    batch: Batch,
    seen: HashMap<u64, Seen>,
    first: Option<u64>,
    last: u64,
    absent: BTreeMap<[u8; 16], Absent>,
    put_away: u64,
    /// The records that lie between seals and journal's end.
    unsealed: Option<Span>,
    seals: u64,
    sealed: u64,
    /// Entries that the journal does not bear out.
    wrong: u64,
    /// Entries of the one session.
    of_only: u64,
    findings: Vec<Finding>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        folder: &'a Folder,
        size: u64,
        start: Option<Start>,
        only: Option<[u8; 16]>,
    ) -> Self {
        let head = start
            .as_ref()
            .map_or(head_of(0, [0; 32]), |start| start.head);
        let mut comparison = Self {
            entries: folder.entries(start.as_ref().map_or(0, |start| start.index), size),
            only,
            journal: None,
            next: start
                .as_ref()
                .map(|start| start.head.sequence.saturating_add(1)),
            time: 0,
            current: None,
            batch: Batch::after(head),
            seen: HashMap::new(),
            first: None,
            last: head.sequence,
            absent: BTreeMap::new(),
            put_away: 0,
            unsealed: None,
            seals: 0,
            sealed: head.sequence,
            wrong: 0,
            of_only: 0,
            findings: Vec::new(),
        };
        comparison.advance();
        comparison
    }

    /// Takes the next record of the journal; says when it was sealed.
    pub(super) fn record(&mut self, record: &Record<'_>) -> Option<u64> {
        let header = &record.header;
        let sequence = header.sequence;
        self.first.get_or_insert(sequence);
        self.last = self.last.max(sequence);
        while self
            .current
            .as_ref()
            .is_some_and(|sealed| sealed.sequences.to < sequence)
        {
            self.settle();
        }
        let current = self.current.as_ref();
        let sealed = current.filter(|sealed| sealed.sequences.contains(sequence));
        let time = sealed.map(|sealed| sealed.time);
        if time.is_none() {
            if self.only.is_none_or(|id| id == header.session) {
                let span = self.unsealed.get_or_insert(Span::one(sequence));
                span.to = span.to.max(sequence);
            }
            return None;
        }
        self.batch.take(record);
        self.seen.insert(
            sequence,
            Seen {
                session: header.session,
                stream: header.stream,
                number: header.number,
                hash: record.hash,
            },
        );
        time
    }

    /// Closes the current seal and goes to the next.
    fn settle(&mut self) {
        let Some(sealed) = self.current.take() else {
            return;
        };
        self.seals += 1;
        let begins_late = self.first.is_none_or(|first| first > sealed.sequences.from);
        let batch = std::mem::replace(&mut self.batch, Batch::after(head_of(0, [0; 32])));
        let wrong = self.wrong;
        for (index, entry) in &sealed.entries {
            self.hold_against(*index, entry);
        }
        // Entry for entry what the records give; only then nothing was added or moved.
        if self.only.is_none() && self.wrong == wrong && !begins_late && !self.seen.is_empty() {
            let expected = sealed.entries.iter().map(|(_, entry)| entry);
            let expected =
                expected.filter(|entry| !matches!(entry, Entry::Log { .. } | Entry::Unknown(_)));
            if !batch.close(sealed.time).iter().eq(expected) {
                let Span { from, to } = sealed.sequences;
                self.findings.push(Finding::Uncovered {
                    index: sealed.index,
                    from,
                    to,
                });
            }
        }
        self.seen.clear();
        self.advance();
    }

    /// Whether the journal has what one entry says.
    fn hold_against(&mut self, index: u64, entry: &Entry<'_>) {
        let (session, stream, number, sequence, hash) = match entry {
            Entry::Chain {
                session,
                stream,
                numbers,
                sequences,
                hash,
            } => (*session, *stream, numbers.to, sequences.to, *hash),
            Entry::Control {
                session,
                number,
                sequence,
                hash,
                ..
            } => (*session, Stream::Intents, *number, *sequence, *hash),
            Entry::Gap {
                sequences: Span { from, to },
            } => {
                return self.findings.push(Finding::Gap {
                    from: *from,
                    to: *to,
                });
            }
            Entry::Log { .. } | Entry::Seal { .. } | Entry::Unknown(_) => return,
        };
        if self.only.is_some_and(|only| only != session) {
            return;
        }
        self.of_only += u64::from(self.only.is_some());
        match self.seen.get(&sequence) {
            Some(seen)
                if (seen.session, seen.stream, seen.number, seen.hash)
                    == (session, stream, number, hash) => {}
            Some(_) => {
                self.wrong += 1;
                self.findings.push(Finding::Changed {
                    index,
                    sequence,
                    session,
                });
            }
            None if self.first.is_none_or(|first| first > sequence) && self.last > sequence => {
                self.put_away = self.put_away.max(sequence);
            }
            None => {
                self.wrong += 1;
                let absent = self.absent.entry(session).or_default();
                if absent.entries == 0 {
                    absent.from = sequence;
                }
                absent.entries += 1;
                absent.to = sequence;
            }
        }
    }

    /// Reads the next seal with its entries.
    fn advance(&mut self) {
        let mut entries = Vec::new();
        while let Some(Ok((index, entry))) = self.entries.next() {
            match entry {
                Entry::Seal {
                    sequences,
                    hash,
                    time,
                } => {
                    self.take_seal(index, sequences, time);
                    self.batch = Batch::after(head_of(sequences.from.saturating_sub(1), hash));
                    self.current = Some(Sealed {
                        index,
                        sequences,
                        time,
                        entries: Vec::new(),
                    });
                    entries.push((
                        index,
                        Entry::Seal {
                            sequences,
                            hash,
                            time,
                        },
                    ));
                    break;
                }
                Entry::Log { journal, first, .. } => {
                    if index != 0 {
                        self.disorder(index, "a log begins only once");
                    }
                    (self.journal, self.next) = (Some(journal), Some(first));
                }
                Entry::Unknown(_) => self.findings.push(Finding::UnknownEntry { index }),
                Entry::Chain { .. } | Entry::Control { .. } | Entry::Gap { .. } => {}
            }
            if index == 0 && self.journal.is_none() {
                self.disorder(index, "a log begins by naming its journal");
            }
            if entries.len() as u64 >= u64::from(BATCH_ENTRIES_MAX) {
                return self.disorder(index, "no seal closes these entries");
            }
            entries.push((index, entry));
        }
        match &mut self.current {
            Some(current) => current.entries = entries,
            None if entries.is_empty() => {}
            None => {
                let index = entries.last().map_or(0, |(index, _)| *index);
                self.disorder(index, "the log does not end in a seal");
            }
        }
    }

    fn take_seal(&mut self, index: u64, sequences: Span, time: u64) {
        if let Some(next) = self.next.filter(|next| *next != sequences.from) {
            let what = format!(
                "it seals records from {} on, where {next} comes next",
                sequences.from
            );
            self.disorder(index, &what);
        }
        let by = self.time.saturating_sub(time);
        if by > 0 {
            self.findings.push(Finding::ClockBackwards { index, by });
        }
        self.next = sequences.to.checked_add(1);
        (self.time, self.sealed) = (time, sequences.to);
    }

    fn disorder(&mut self, index: u64, what: &str) {
        let what = what.to_owned();
        self.findings.push(Finding::Order { index, what });
    }

    /// Says what the journal lacks, and what the log does.
    pub(super) fn finish(mut self, verifier: &Verifier, report: &mut Report) {
        let mut is_cut = false;
        while let Some(current) = &self.current {
            let Span { from, to } = current.sequences;
            if self.last < to && self.only.is_none() && !is_cut {
                is_cut = true;
                let from = from.max(self.last + 1);
                self.findings.push(Finding::Cut { from, to });
            }
            self.settle();
        }
        if is_cut
            && let Some(Finding::Cut { to, .. }) = self
                .findings
                .iter_mut()
                .find(|finding| matches!(finding, Finding::Cut { .. }))
        {
            *to = self.sealed;
        }
        if self.put_away > 0 {
            self.findings.push(Finding::PutAway { to: self.put_away });
        }
        for (session, Absent { entries, from, to }) in std::mem::take(&mut self.absent) {
            self.findings.push(match verifier.has(&session) {
                true => Finding::SealedMissing { session, from, to },
                false => Finding::SessionMissing { session, entries },
            });
        }
        if let Some(session) = self.only
            && self.of_only == 0
            && !verifier.has(&session)
        {
            self.findings.push(Finding::SessionUnknown { session });
        }
        if let (Some(said), Some(found)) = (self.journal, verifier.journal())
            && said != found
        {
            self.findings.push(Finding::OtherJournal);
        }
        if let Some(Span { from, to }) = self.unsealed {
            self.findings.push(Finding::Unsealed { from, to });
        }
        report.findings.append(&mut self.findings);
        (report.seals, report.sealed) = (self.seals, self.sealed);
        report.sealed_time = (self.time > 0).then_some(self.time);
    }
}
