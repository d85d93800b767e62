//! Any bytes as events, and as the payloads of a journal: what is read is written back and reads alike, what was written
//! verifies, and no bit of it can be changed unseen.
#![no_main]

use ledger::codec::{EventList, encode, events};
use ledger::event::Event;
use ledger::journal::recording_from;
use ledger::record::{Chain, Content, Front, Record, Stream, write};
use ledger::result::results;
use ledger::segment::{SEGMENT_HEADER_BYTES, SegmentHeader};
use ledger::verify::{Report, Verifier};

const SESSION: [u8; 16] = [7; 16];

fn reads_alike(payload: &[u8]) {
    let all: Vec<Event<'_>> = events(payload).map_while(Result::ok).collect();
    let (mut plain, mut list) = (Vec::new(), EventList::default());
    for event in &all {
        encode(event, &mut plain);
        list.push(event);
        if let Event::Response { bytes, .. } = event {
            let shown = results(bytes).count();
            assert!(shown <= bytes.len(), "{shown} of {} bytes", bytes.len());
        }
    }
    for bytes in [&plain[..], list.bytes()] {
        let again: Result<Vec<_>, _> = events(bytes).collect();
        assert_eq!(again.as_ref(), Ok(&all));
    }
    assert!(list.bytes().len() <= plain.len() + 12 * all.len());
    let owned: Vec<_> = all.iter().cloned().map(Event::into_owned).collect();
    assert_eq!(owned, all);
}

/// A segment of one session, a record for each piece; where its records end.
fn segment(data: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let header = SegmentHeader {
        journal: [3; 16],
        number: 1,
        first_sequence: 1,
        before: [0; 32],
    };
    let mut file = header.to_bytes().to_vec();
    let (mut intents, mut results) = (Chain::default(), Chain::default());
    let mut ends = vec![file.len()];
    for (sequence, piece) in (1..).zip(data.chunks(data.len() / 4 + 1)) {
        let [how, piece @ ..] = piece else { break };
        let content = match how & 2 {
            0 => Content::plain(piece),
            // Of another length than it says, or no frame at all.
            _ => Content::zstd(piece, piece.len() * 3),
        };
        let payload = content.unsealed().expect("short");
        let (chain, stream) = match how & 1 {
            0 => (&mut intents, Stream::Intents),
            _ => (&mut results, Stream::Results),
        };
        write(&mut file, chain, stream, SESSION, sequence, &payload);
        ends.push(file.len());
    }
    (file, ends)
}

fn verified(file: &[u8]) -> Report {
    let mut verifier = Verifier::default();
    verifier.segment(1, file);
    verifier.finish(None)
}

fn is_kept(data: &[u8]) {
    let (mut file, ends) = segment(data);
    let before = verified(&file);
    assert_eq!(before.records as usize + 1, ends.len());
    let records = &file[SEGMENT_HEADER_BYTES..];
    let recording = recording_from(records, SESSION);
    assert_eq!(recording.is_some(), ends.len() > 1);
    // One bit, anywhere.
    let seed = data.iter().fold(5_usize, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
    });
    let bit = seed % (file.len() * 8);
    file[bit / 8] ^= 1 << (bit % 8);
    let after = verified(&file);
    assert!(!after.is_sound(), "bit {bit} of {} bytes", file.len());
    assert!(after.findings != before.findings, "bit {bit} is not seen");
    // Without its last record it is sound in itself, and not what was kept.
    file[bit / 8] ^= 1 << (bit % 8);
    if let [.., last, _] = ends.as_slice() {
        let cut = verified(&file[..*last]);
        assert!(cut.head != before.head && cut.records + 1 == before.records);
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    reads_alike(data);
    is_kept(data);
    if let Front::Record(record, length) = Record::front(data) {
        assert!(length <= data.len());
        let _ = record.payload();
    }
    let _ = recording_from(data, SESSION);
});
