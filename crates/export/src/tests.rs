//! Journals as files, read and told: whole, from the middle, cut, damaged, and while they grow.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::Path;

use ledger::event::{ActionRecorded, ApprovalRecorded, Completed, SessionOpened};
use ledger::journal::Folder;
use ledger::record::{Chain, Payload, Stream, write};
use ledger::segment::SegmentHeader;
use ledger::{Event, codec};

use crate::{AuditEvent, Error, Filter, Fold, Format, Kind, Reader, Step, export};

const JOURNAL: [u8; 16] = [0xab; 16];

/// Writes a journal, record by record.
struct Writer {
    segments: Vec<Vec<u8>>,
    sequence: u64,
    chains: HashMap<(u8, Stream), Chain>,
}

impl Writer {
    fn new() -> Self {
        let mut writer = Self {
            segments: Vec::new(),
            sequence: 0,
            chains: HashMap::new(),
        };
        writer.segment();
        writer
    }

    fn segment(&mut self) {
        let header = SegmentHeader {
            journal: JOURNAL,
            number: self.segments.len() as u64 + 1,
            first_sequence: self.sequence + 1,
            before: [0; 32],
        };
        self.segments.push(header.to_bytes().to_vec());
    }

    fn record(&mut self, session: u8, stream: Stream, events: &[Event<'_>]) {
        let mut bytes = Vec::new();
        events
            .iter()
            .for_each(|event| codec::encode(event, &mut bytes));
        self.sequence += 1;
        let payload = Payload::plain(&bytes).unwrap();
        let out = self.segments.last_mut().unwrap();
        write(
            out,
            self.chains.entry((session, stream)).or_default(),
            stream,
            [session; 16],
            self.sequence,
            &payload,
        );
    }

    fn intents(&mut self, session: u8, events: &[Event<'_>]) {
        self.record(session, Stream::Intents, events);
    }

    fn results(&mut self, session: u8, events: &[Event<'_>]) {
        self.record(session, Stream::Results, events);
    }

    fn put(&self, dir: &Path) {
        for (index, bytes) in self.segments.iter().enumerate() {
            let name = ledger::journal::segment_name(index as u64 + 1);
            std::fs::write(dir.join(name), bytes).unwrap();
        }
    }
}

fn opened(session: u8) -> Event<'static> {
    Event::SessionOpened(SessionOpened {
        time: 10,
        session: [session; 16],
        principal: format!("idp|{session}").into(),
        resource: "shop".into(),
        ..SessionOpened::default()
    })
}

fn action(sequence: u64, outcome: &'static str) -> Event<'static> {
    Event::Action(ActionRecorded {
        time: 100 + sequence,
        sequence,
        text: format!("SELECT {sequence}").into(),
        outcome: outcome.into(),
        ..ActionRecorded::default()
    })
}

fn done(sequence: u64) -> Event<'static> {
    Event::Completed(Completed {
        time: 200 + sequence,
        sequence,
        rows: sequence,
        ..Completed::default()
    })
}

fn closed() -> Event<'static> {
    let reason = "the client left".into();
    Event::SessionClosed { time: 300, reason }
}

fn control(name: &'static str) -> Event<'static> {
    Event::Control {
        time: 1,
        actor: "portcullis".into(),
        name: name.into(),
        fields: Vec::new(),
    }
}

/// Two sessions side by side, one that waits for approval, a portal that ends late, a crash and a new run.
fn busy() -> Writer {
    let mut writer = Writer::new();
    writer.intents(9, &[control("gateway.started")]);
    writer.intents(1, &[opened(1)]);
    writer.intents(1, &[action(1, "allow"), action(2, "allow")]);
    writer.intents(2, &[opened(2)]);
    writer.results(1, &[done(2)]);
    writer.intents(2, &[action(1, "hold")]);
    let approval = ApprovalRecorded {
        time: 150,
        sequence: 1,
        approval: [5; 16],
        state: "requested".into(),
        ..ApprovalRecorded::default()
    };
    writer.intents(2, &[Event::Approval(approval)]);
    writer.segment();
    writer.intents(2, &[action(1, "allow")]);
    writer.results(2, &[done(1)]);
    writer.results(1, &[done(1)]);
    writer.intents(1, &[action(3, "deny")]);
    writer.intents(1, &[closed()]);
    writer.intents(2, &[action(2, "allow"), action(3, "allow")]);
    writer.intents(8, &[control("gateway.started")]);
    writer.intents(3, &[opened(3)]);
    writer.intents(3, &[action(1, "allow")]);
    writer.results(3, &[done(1)]);
    writer
}

fn read(dir: &Path, from: u64, fold: &mut Fold, mut told: impl FnMut(u64, Vec<AuditEvent>)) {
    let mut reader = Reader::new(dir, from);
    loop {
        let step = reader
            .step(u64::MAX, |record| {
                let payload = record.payload();
                told(
                    record.header.sequence,
                    fold.take(record, payload.as_deref().map_err(|error| *error)),
                );
                true
            })
            .unwrap();
        if step == Step::End {
            return;
        }
    }
}

fn all(dir: &Path) -> Vec<(u64, AuditEvent)> {
    let mut events = Vec::new();
    read(dir, 0, &mut Fold::new(JOURNAL), |sequence, told| {
        events.extend(told.into_iter().map(|event| (sequence, event)));
    });
    events
}

fn names(events: &[(u64, AuditEvent)], session: u8) -> Vec<String> {
    let of = events
        .iter()
        .filter(|(_, e)| e.session == Some([session; 16]));
    of.map(|(_, event)| {
        let number = event
            .statement()
            .map_or(String::new(), |s| format!(" {}", s.action.sequence));
        let end = if event.end().is_some() { " done" } else { "" };
        format!("{}{number}{end}", event.kind().as_str())
    })
    .collect()
}

#[test]
fn every_statement_is_decided_and_ends_once() {
    let dir = tempfile::tempdir().unwrap();
    busy().put(dir.path());
    let events = all(dir.path());
    assert_eq!(
        names(&events, 1),
        [
            "session.opened",
            "statement.decided 1",
            "statement.decided 2",
            "statement.ended 2 done",
            "statement.ended 1 done",
            "statement.decided 3",
            "statement.ended 3",
            "session.closed",
        ]
    );
    assert_eq!(
        names(&events, 2),
        [
            "session.opened",
            "statement.decided 1",
            "approval",
            "statement.decided 1",
            "statement.ended 1 done",
            "statement.decided 2",
            "statement.decided 3",
            "statement.ended 2",
            "statement.ended 3",
        ]
    );
    let held = events
        .iter()
        .find(|(_, e)| e.kind() == Kind::StatementEnded && e.session == Some([2; 16]))
        .unwrap();
    let statement = held.1.statement().unwrap();
    assert_eq!(
        (&*statement.action.outcome, statement.held_since),
        ("allow", Some(101))
    );
    assert_eq!(held.1.opened.as_ref().unwrap().principal, "idp|2");
    let mut ids: Vec<_> = events.iter().map(|(_, event)| event.id()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "ids are unique");
}

#[test]
fn what_has_not_ended_stands_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = busy();
    writer.intents(3, &[action(2, "deny")]);
    writer.put(dir.path());
    let kinds = |filter: &Filter| {
        let mut out = Vec::new();
        export(
            &Folder::without_keys(dir.path()),
            u64::MAX,
            filter,
            &mut *Format::Jsonl.encoder(),
            &mut out,
        )
        .unwrap();
        let lines = String::from_utf8(out).unwrap();
        let read = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        let kinds = lines
            .lines()
            .map(|line| read(line)["kind"].as_str().unwrap().to_owned());
        kinds.collect::<Vec<_>>()
    };
    let all = kinds(&Filter::default());
    assert_eq!(
        all.iter()
            .filter(|kind| *kind == "statement.decided")
            .count(),
        1
    );
    assert_eq!(all.last().unwrap(), "statement.decided");
    let decided = Filter {
        kinds: vec![Kind::StatementDecided],
        ..Filter::default()
    };
    assert_eq!(kinds(&decided).len(), 9, "none twice");
    let ended = Filter {
        kinds: vec![Kind::StatementEnded],
        ..Filter::default()
    };
    assert_eq!(kinds(&ended).len(), 7);
}

#[test]
fn reading_again_from_any_record_tells_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let writer = busy();
    writer.put(dir.path());
    let whole = all(dir.path());
    for stop in 0..=writer.sequence {
        let mut fold = Fold::new(JOURNAL);
        let mut before = Vec::new();
        let mut resume = 1;
        let mut reader = Reader::new(dir.path(), 0);
        while reader
            .step(stop, |record| {
                let payload = record.payload();
                before.extend(fold.take(record, payload.as_deref().map_err(|error| *error)));
                resume = fold.resume_from();
                true
            })
            .unwrap()
            == Step::More
        {}
        let mut after = Vec::new();
        let mut fold = Fold::expecting(JOURNAL, resume);
        read(dir.path(), resume, &mut fold, |sequence, told| {
            if sequence > stop {
                after.extend(told);
            }
        });
        before.extend(after);
        let whole: Vec<_> = whole.iter().map(|(_, event)| event.clone()).collect();
        assert_eq!(before, whole, "stopped behind record {stop}");
    }
}

#[test]
fn what_is_missing_is_told() {
    let dir = tempfile::tempdir().unwrap();
    busy().put(dir.path());
    std::fs::remove_file(dir.path().join(ledger::journal::segment_name(1))).unwrap();
    let mut events = Vec::new();
    read(
        dir.path(),
        3,
        &mut Fold::expecting(JOURNAL, 3),
        |_, told| events.extend(told),
    );
    let gap = &events[0];
    assert_eq!(gap.kind(), Kind::Gap);
    let line = Format::Jsonl.json(gap);
    assert_eq!(
        (line["sequence"].as_u64(), line["gap_to"].as_u64()),
        (Some(3), Some(7))
    );
    // What belongs to a session whose beginning is gone is told all the same.
    assert!(
        events
            .iter()
            .any(|e| e.kind() == Kind::StatementEnded && e.opened.is_none())
    );
}

#[test]
fn a_session_that_was_erased_is_told_of_once() {
    use ledger::record::PayloadError;
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::new();
    writer.intents(1, &[opened(1)]);
    writer.intents(1, &[action(1, "allow")]);
    writer.results(1, &[done(1)]);
    writer.put(dir.path());
    let told = |error: PayloadError| {
        let mut fold = Fold::new(JOURNAL);
        let mut events = Vec::new();
        let mut reader = Reader::new(dir.path(), 0);
        while reader
            .step(u64::MAX, |record| {
                events.extend(fold.take(record, Err(error)));
                true
            })
            .unwrap()
            == Step::More
        {}
        let reasons = events
            .iter()
            .map(|event| Format::Jsonl.json(event)["reason"].to_string());
        reasons.collect::<Vec<_>>()
    };
    assert_eq!(told(PayloadError::Erased), ["\"erased\""]);
    assert_eq!(told(PayloadError::Encrypted), ["\"locked\""]);
    assert_eq!(told(PayloadError::Altered).len(), 3);
}

#[test]
fn damage_is_stepped_over_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = busy();
    let first = &mut writer.segments[0];
    let middle = first.len() / 2;
    first[middle] ^= 0x40;
    writer.put(dir.path());
    let events = all(dir.path());
    let gaps: Vec<_> = events
        .iter()
        .filter(|(_, e)| e.kind() == Kind::Gap)
        .collect();
    assert_eq!(gaps.len(), 1);
    let last = events.last().unwrap();
    assert_eq!(last.1.session, Some([3; 16]));
}

#[test]
fn a_tail_cut_at_every_byte_tells_the_whole_records() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::new();
    writer.intents(1, &[opened(1)]);
    writer.intents(1, &[closed()]);
    writer.put(dir.path());
    let whole = writer.segments[0].clone();
    let path = dir.path().join(ledger::journal::segment_name(1));
    for cut in 80..=whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let events = all(dir.path());
        assert!(events.len() <= 2, "cut at {cut}");
        assert_eq!(events.len() == 2, cut == whole.len(), "cut at {cut}");
    }
}

#[test]
fn a_reader_goes_on_where_the_journal_grows() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::new();
    writer.intents(1, &[opened(1)]);
    writer.put(dir.path());
    let mut reader = Reader::new(dir.path(), 0);
    let mut seen = Vec::new();
    let mut step = |last| {
        while reader
            .step(last, |record| {
                seen.push(record.header.sequence);
                true
            })
            .unwrap()
            == Step::More
        {}
        seen.clone()
    };
    assert_eq!(step(0), Vec::<u64>::new(), "not on disk yet");
    assert_eq!(step(1), [1]);
    writer.intents(1, &[action(1, "allow")]);
    writer.segment();
    writer.intents(1, &[closed()]);
    writer.put(dir.path());
    assert_eq!(step(2), [1, 2]);
    assert_eq!(step(3), [1, 2, 3]);
    assert_eq!(step(3), [1, 2, 3]);
}

#[test]
fn a_writer_that_takes_no_more_ends_it() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            match self.0.checked_sub(bytes.len()) {
                Some(left) => self.0 = left,
                None => return Err(std::io::ErrorKind::StorageFull.into()),
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let dir = tempfile::tempdir().unwrap();
    busy().put(dir.path());
    for format in Format::ALL {
        let mut encoder = format.encoder();
        let run = |encoder: &mut dyn crate::Encoder, room| {
            export(
                &Folder::without_keys(dir.path()),
                u64::MAX,
                &Filter::default(),
                encoder,
                &mut Full(room),
            )
        };
        assert!(matches!(run(&mut *encoder, 100), Err(Error::Write(_))));
        let summary = run(&mut *format.encoder(), usize::MAX).unwrap();
        assert_eq!((summary.events, summary.records), (14, 17), "{format:?}");
    }
}

#[test]
fn a_folder_without_a_journal_is_an_error_and_an_empty_one_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    let run = |dir: &Path| {
        let mut out = Vec::new();
        export(
            &Folder::without_keys(dir),
            u64::MAX,
            &Filter::default(),
            &mut *Format::Jsonl.encoder(),
            &mut out,
        )
    };
    assert_eq!(run(dir.path()).unwrap().events, 0);
    assert!(matches!(
        run(&dir.path().join("none")),
        Err(Error::Read { .. })
    ));
}
