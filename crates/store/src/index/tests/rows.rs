//! Rows that are passed over change nothing of what is gathered, and records of rows hold what they promise.

use std::collections::BTreeMap;

use ::ledger::codec;
use ::ledger::find::entry::{Found, Place};
use ::ledger::find::gather::Gatherer;
use ::ledger::find::scan;
use ::ledger::journal::{Folder, for_each_record};
use ::ledger::record::Stream;

use super::*;

/// Bytes of words that are taken of each response.
const PART_BYTES: usize = 2_000;

/// What a recording's responses are made of.
struct Told {
    pieces: Vec<(u64, Vec<u8>)>,
}

impl Told {
    /// Of large results, read in turn, with errors between their rows; cut where a message ends, or anywhere.
    fn random(dice: &mut Dice, is_cut_anywhere: bool) -> Self {
        let mut pieces = Vec::new();
        for _ in 0..8 {
            let sequence = 1 + dice.below(2);
            let values: Vec<_> = (0..300).map(|_| dice.words(12)).collect();
            for _ in 0..dice.below(40) {
                let mut bytes = rows_of(&values);
                if dice.below(24) == 0 {
                    bytes.extend(b"E\0\0\0\x13MDivided by 0\0\0");
                }
                let size = match is_cut_anywhere {
                    true => 1 + usize::try_from(dice.below(20_000)).unwrap(),
                    false => bytes.len(),
                };
                pieces.extend(bytes.chunks(size).map(|piece| (sequence, piece.to_vec())));
            }
        }
        Self { pieces }
    }

    fn record(&self, bench: &mut Bench, protocol: &'static str) {
        let id = SessionId::generate();
        let journal = bench.journal.clone().unwrap();
        let mut recorder = journal.begin(id).unwrap();
        let Event::SessionOpened(mut opened) = opened(id, "ada", bench.clock) else {
            unreachable!("that is what it makes");
        };
        opened.protocol = protocol.into();
        recorder.append(&Event::SessionOpened(opened)).unwrap();
        for sequence in [1, 2] {
            let quiet = Act::default();
            recorder
                .append(&action(sequence, bench.clock, &quiet))
                .unwrap();
        }
        for (sequence, piece) in &self.pieces {
            recorder.response(*sequence, piece).unwrap();
        }
        for sequence in [1, 2] {
            let end = completed(sequence, bench.clock, &Act::default());
            recorder.append(&end).unwrap();
        }
        let closed = Event::SessionClosed {
            time: bench.clock,
            reason: "the client left".into(),
        };
        recorder.append(&closed).unwrap();
        wait("its end is written", || {
            let found = recording(&journal.folder(), *id.as_bytes()).unwrap();
            let is_end = |event: &Event<'_>| matches!(event, Event::SessionClosed { .. });
            found.is_some_and(|found| found.events.iter().any(is_end))
        });
    }
}

/// What is gathered of a journal, and how many records were passed over; `None` where each is read.
fn gathered(folder: &Folder, mut passed_over: Option<&mut usize>) -> Vec<Found> {
    let mut gatherer = Gatherer::new(PART_BYTES, 0);
    let (mut opener, mut found) = (folder.opener(), Vec::new());
    let done = for_each_record(folder, |record| {
        let settled = &mut |one: Found| found.push(one);
        let place = Place::default();
        if let Some(passed_over) = &mut passed_over {
            let takes_it = record.is_rows() && gatherer.pass_over(&record.header);
            **passed_over += usize::from(takes_it);
            if !takes_it {
                scan::take(&mut gatherer, (&mut opener, record, place), settled);
            }
            return;
        }
        let payload = opener.payload(record).unwrap();
        for event in codec::events(&payload).map(Result::unwrap) {
            gatherer.take(&record.header, place, event, settled);
        }
    });
    done.unwrap();
    found
}

/// Records that say they are nothing but rows; each is looked at.
fn records_of_rows(folder: &Folder) -> usize {
    let (mut opener, mut count) = (folder.opener(), 0);
    let mut last = BTreeMap::new();
    let done = for_each_record(folder, |record| {
        if record.header.stream != Stream::Results {
            return;
        }
        let payload = opener.payload(record).unwrap();
        let events: Vec<_> = codec::events(&payload).map(Result::unwrap).collect();
        let session = record.header.session;
        let before = last.insert(session, events.last().and_then(Event::sequence));
        if !record.is_rows() {
            return;
        }
        count += 1;
        let mut bytes = Vec::new();
        for event in events {
            let Event::Response {
                sequence,
                bytes: more,
            } = event
            else {
                panic!("{event:?} among rows");
            };
            assert_eq!(before, Some(Some(sequence)));
            bytes.extend_from_slice(&more);
        }
        let mut rest = bytes.as_slice();
        while let Some((head, behind)) = rest.split_first_chunk::<5>() {
            let [b'D' | b'd', length @ ..] = *head else {
                panic!("no row: {head:?}");
            };
            let body = u32::from_be_bytes(length) as usize - 4;
            rest = behind.get(body..).unwrap();
        }
        assert!(rest.is_empty(), "it ends within a message");
    });
    done.unwrap();
    count
}

#[test]
fn rows_that_are_passed_over_change_nothing() {
    let mut dice = Dice(7);
    for (is_cut_anywhere, protocol) in [(false, "postgres"), (true, "postgres"), (false, "other")] {
        let mut bench = Bench::new();
        let told = Told::random(&mut dice, is_cut_anywhere);
        told.record(&mut bench, protocol);
        let folder = bench.journal().folder();
        let count = records_of_rows(&folder);
        let mut passed_over = 0;
        let found = gathered(&folder, Some(&mut passed_over));
        assert_eq!(found, gathered(&folder, None), "{protocol}");
        assert_eq!(found.len(), 2);
        let is_known = protocol == "postgres";
        assert!(found.iter().all(|found| found.entry.is_cut() == is_known));
        // Where messages are cut, hardly a chunk ends between them.
        if !is_cut_anywhere {
            assert_eq!(count > 3, is_known, "{count} records of rows");
            assert_eq!(passed_over > 3, is_known, "{passed_over} of {count}");
        }
    }
}

#[test]
fn rows_are_read_where_the_record_before_them_is_missing() {
    let mut bench = Bench::new();
    let told = Told::random(&mut Dice(8), false);
    told.record(&mut bench, "postgres");
    let folder = bench.journal().folder();
    let (mut gatherer, mut opener) = (Gatherer::new(PART_BYTES, 0), folder.opener());
    let (mut passed_over, mut is_missing) = (0, false);
    let done = for_each_record(&folder, |record| {
        if passed_over == 2 {
            (passed_over, is_missing) = (3, true);
            return;
        }
        let takes_it = record.is_rows() && gatherer.pass_over(&record.header);
        passed_over += usize::from(takes_it);
        assert!(
            !is_missing || !takes_it,
            "what it goes on with is not known"
        );
        is_missing = false;
        if !takes_it {
            let payload = (&mut opener, record, Place::default());
            scan::take(&mut gatherer, payload, &mut |_: Found| {});
        }
    });
    done.unwrap();
    assert!(passed_over > 3, "{passed_over}");
}
