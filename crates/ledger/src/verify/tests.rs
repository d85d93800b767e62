//! A journal with each kind of wrong done to it.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::event::{ActionRecorded, Completed, Human, SessionOpened, StatementRecorded};
use crate::journal::segment_name;
use crate::record::{GENESIS, Payload, write};

const SESSION: [u8; 16] = [4; 16];

/// Pieces of a segment: its header, then each record.
fn pieces() -> Vec<Vec<u8>> {
    let header = SegmentHeader {
        journal: [1; 16],
        number: 1,
        first_sequence: 1,
        before: GENESIS,
    };
    let mut pieces = vec![header.to_bytes().to_vec()];
    let (mut intents, mut results) = (Chain::default(), Chain::default());
    let action = |sequence| {
        Event::Action(ActionRecorded {
            time: 10 + sequence,
            sequence,
            text: "select 1".into(),
            ..ActionRecorded::default()
        })
    };
    let completed = |sequence| {
        Event::Completed(Completed {
            time: 20,
            sequence,
            ..Completed::default()
        })
    };
    let mut put = |chain: &mut Chain, stream, events: &[Event<'_>]| {
        let mut payload = Vec::new();
        events
            .iter()
            .for_each(|event| codec::encode(event, &mut payload));
        let (mut piece, sequence) = (Vec::new(), pieces.len() as u64);
        let payload = Payload::plain(&payload).unwrap();
        write(&mut piece, chain, stream, SESSION, sequence, &payload);
        pieces.push(piece);
    };
    put(&mut intents, Stream::Intents, &[action(1)]);
    put(&mut intents, Stream::Intents, &[action(2)]);
    put(&mut results, Stream::Results, &[completed(1)]);
    put(&mut intents, Stream::Intents, &[action(3)]);
    put(&mut results, Stream::Results, &[completed(2), completed(3)]);
    let end = StreamEnd {
        records: results.records,
        hash: results.hash,
    };
    let closed = Event::SessionClosed {
        time: 30,
        reason: "left".into(),
    };
    put(
        &mut intents,
        Stream::Intents,
        &[Event::StreamEnd(end), closed],
    );
    pieces
}

fn report(pieces: &[Vec<u8>], kept: Option<Head>) -> Report {
    let mut verifier = Verifier {
        kept,
        ..Verifier::default()
    };
    verifier.segment(1, &pieces.concat());
    verifier.finish(kept)
}

/// What verification finds after `harm`.
fn check(harm: impl FnOnce(&mut Vec<Vec<u8>>), expect: impl Fn(&Finding) -> bool) {
    let mut pieces = pieces();
    harm(&mut pieces);
    let report = report(&pieces, None);
    assert!(!report.is_sound(), "nothing was noticed");
    assert!(report.findings.iter().any(expect), "{:?}", report.findings);
}

#[test]
fn each_wrong_is_named() {
    assert_eq!(report(&pieces(), None).findings, []);
    check(
        |pieces| drop(pieces.remove(3)),
        |f| matches!(f, Finding::Missing { from: 3, to: 3 }),
    );
    check(
        |pieces| pieces.swap(1, 2),
        |f| matches!(f, Finding::Reordered { sequence: 1 }),
    );
    check(
        |pieces| pieces.insert(3, pieces[2].clone()),
        |f| matches!(f, Finding::Duplicated { sequence: 2 }),
    );
    check(
        |pieces| pieces[6].truncate(100),
        |f| matches!(f, Finding::Torn { .. }),
    );
    // Results removed and everything after renumbered: the closing record still counts them.
    check(
        |pieces| drop(pieces.remove(5)),
        |f| {
            matches!(
                f,
                Finding::ResultsCut {
                    expected: 2,
                    found: 1,
                    ..
                }
            )
        },
    );
    check(
        |pieces| pieces[0][30] ^= 1,
        |f| matches!(f, Finding::BadSegment { segment: 1 }),
    );
}

#[test]
fn an_edit_with_a_right_checksum_is_named() {
    for at in 1..=6 {
        let mut pieces = pieces();
        let piece = &mut pieces[at];
        *piece.last_mut().unwrap() ^= 1;
        let crc = crate::crc::crc32c(&[&piece[..4], &piece[8..]]);
        piece[4..8].copy_from_slice(&crc.to_le_bytes());
        let sequence = at as u64;
        let findings = report(&pieces, None).findings;
        let edited = findings
            .iter()
            .any(|f| matches!(f, Finding::Edited { sequence: found, .. } if *found == sequence));
        assert!(edited, "{findings:?}");
    }
}

#[test]
fn every_flipped_byte_is_noticed() {
    let whole = pieces().concat();
    for at in 0..whole.len() {
        let mut bad = whole.clone();
        bad[at] ^= 0x10;
        assert!(!report(&[bad], None).is_sound(), "byte {at}");
    }
}

#[test]
fn a_kept_head_notices_a_cut_and_a_fork() {
    let whole = pieces();
    let head = report(&whole, None).head.unwrap();
    assert_eq!(head.sequence, 6);
    assert!(report(&whole, Some(head)).is_sound());
    let cut = report(&whole[..6], Some(head)).findings;
    assert!(
        cut.contains(&Finding::HeadMissing { sequence: 6 }),
        "{cut:?}"
    );
    let other = Head {
        hash: [9; 32],
        ..head
    };
    let forked = report(&whole, Some(other)).findings;
    assert_eq!(forked, [Finding::Forked { sequence: 6 }]);
}

#[test]
fn a_missing_segment_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let whole = pieces();
    std::fs::write(dir.path().join(segment_name(1)), whole.concat()).unwrap();
    let header = SegmentHeader {
        journal: [1; 16],
        number: 3,
        first_sequence: 9,
        before: [7; 32],
    };
    std::fs::write(dir.path().join(segment_name(3)), header.to_bytes()).unwrap();
    let findings = verify(dir.path(), None).unwrap().findings;
    let expect = [
        Finding::MissingSegments { from: 2, to: 2 },
        Finding::Unlinked { segment: 3 },
    ];
    assert_eq!(findings, expect);
}

/// Which text, effects, reasons, policy and masks an action says; whether it is one.
type Said = (usize, usize, usize, usize, usize, bool);

proptest! {
    #[test]
    fn events_round_trip(
        time in any::<u64>(),
        sequence in any::<u64>(),
        text in ".*",
        parameters in proptest::collection::vec(proptest::option::of(".*"), 0..5),
        reasons in proptest::collection::vec((".*", ".*"), 0..4),
        approval in proptest::option::of(any::<[u8; 16]>()),
        policy in any::<[u8; 32]>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        statements in proptest::collection::vec((".*", any::<u32>(), any::<bool>()), 0..4),
        in_transaction in any::<bool>(),
        says_circumstances in any::<bool>(),
        human in proptest::option::of((".*", proptest::collection::vec(".*", 0..3), ".*")),
    ) {
        let statement = |(kind, effects, has_where): (String, u32, bool)| StatementRecorded {
            kind,
            effects: effects.into(),
            has_where,
        };
        let human = human.map(|(kind, groups, email)| Box::new(Human {
            kind: kind.into(),
            groups: groups.into_iter().map(Into::into).collect(),
            email: email.into(),
        }));
        let opened = Event::SessionOpened(SessionOpened {
            time,
            email: text.clone().into(),
            human,
            says_circumstances,
            ..SessionOpened::default()
        });
        let action = Event::Action(ActionRecorded {
            time,
            sequence,
            text: text.clone().into(),
            parameters: parameters.into_iter().map(|p| p.map(Into::into)).collect(),
            reasons: reasons.into_iter().map(|(a, b)| (a.into(), b.into())).collect(),
            approval,
            policy,
            statements: statements.into_iter().map(statement).collect(),
            in_transaction,
            ..ActionRecorded::default()
        });
        let completed = Event::Completed(Completed {
            time,
            sequence,
            status: text.clone().into(),
            error: Some(text.into()),
            ..Completed::default()
        });
        let response = Event::Response { sequence, bytes: bytes.into() };
        let events = [opened, action, completed, response];
        let mut encoded = Vec::new();
        events.iter().for_each(|event| codec::encode(event, &mut encoded));
        let decoded: Result<Vec<_>, _> = codec::events(&encoded).collect();
        prop_assert_eq!(decoded.unwrap(), events);
    }

    #[test]
    fn what_is_left_out_as_before_comes_back(
        // Few values, so that many repeat what the one before them says.
        said in proptest::collection::vec((0_usize..3, 0_usize..3, 0_usize..3, 0_usize..2, 0_usize..3, any::<bool>()), 0..12),
    ) {
        let many = |count| (0..count).map(|nth| format!("{nth} of {count}").into()).collect();
        let event = |(nth, &(text, effects, reasons, policy, masked, is_action)): (usize, &Said)| {
            if !is_action {
                return Event::Response { sequence: nth as u64, bytes: vec![7; text].into() };
            }
            Event::Action(ActionRecorded {
                sequence: nth as u64,
                text: ["", "select 1", "select 2"][text].into(),
                effects: many(effects),
                reasons: vec![("rule".into(), "text".into()); reasons],
                policy: [u8::try_from(policy).unwrap(); 32],
                masked: many(masked),
                parameters: vec![None; text],
                ..ActionRecorded::default()
            })
        };
        let events: Vec<Event<'_>> = said.iter().enumerate().map(event).collect();
        let mut payload = codec::EventList::default();
        let mut plain = Vec::new();
        for event in &events {
            payload.push(event);
            codec::encode(event, &mut plain);
        }
        let decoded: Result<Vec<_>, _> = codec::events(payload.bytes()).collect();
        prop_assert_eq!(decoded.unwrap(), &events[..]);
        prop_assert!(payload.bytes().len() <= plain.len() + 4 * events.len());
    }

    #[test]
    fn any_bytes_decode_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _count = codec::events(&bytes).count();
        let _items = items(&bytes).count();
    }
}

#[test]
fn a_driver_that_prepares_and_executes_is_written_down_once() {
    let action = |sequence, kind: &'static str| {
        Event::Action(ActionRecorded {
            sequence,
            kind: kind.into(),
            text: "select name from customers where id = $1".into(),
            effects: vec!["select public.customers (id, name)".into()],
            policy: [1; 32],
            ..ActionRecorded::default()
        })
    };
    let mut payload = codec::EventList::default();
    payload.push(&action(1, "prepare"));
    let first = payload.bytes().len();
    payload.push(&action(2, "execute"));
    assert!(
        payload.bytes().len() - first < 30,
        "{}",
        payload.bytes().len() - first
    );
    payload.clear(0);
    payload.push(&action(3, "execute"));
    assert_eq!(
        payload.bytes().len(),
        first,
        "nothing is as in another payload"
    );
}
