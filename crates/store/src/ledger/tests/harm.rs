//! Each kind of wrong done to a real journal and its log, and the words in which the check tells of it.

use super::*;
use ::ledger::crc::crc32c;
use ::ledger::record::{Chain, HEADER_BYTES, Payload, Record, Stream, write};
use ::ledger::segment::{Item, SEGMENT_HEADER_BYTES, items};
use std::collections::HashMap;

/// The first segment: its header, and each record as it stands.
fn pieces(state: &State) -> (Vec<u8>, Vec<Vec<u8>>) {
    let bytes = fs::read(state.path("journal/00000001.pcj")).unwrap();
    let records = items(&bytes)
        .map(|item| match item {
            Item::Record { offset, record } => {
                bytes[offset..offset + HEADER_BYTES + record.stored.len()].to_vec()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    (bytes[..SEGMENT_HEADER_BYTES].to_vec(), records)
}

/// Changes the first segment's records.
fn rearrange(state: &State, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let (header, mut records) = pieces(state);
    change(&mut records);
    fs::write(
        state.path("journal/00000001.pcj"),
        [header, records.concat()].concat(),
    )
    .unwrap();
}

fn parsed(bytes: &[u8]) -> Record<'_> {
    match Record::front(bytes) {
        ::ledger::record::Front::Record(record, _) => record,
        other => panic!("{other:?}"),
    }
}

/// Writes all anew as a forger would who knows the format: numbers, checksums, chains, everything is right.
fn forge(state: &State, keep: impl Fn(&Record<'_>) -> bool, edit: impl Fn(&mut Vec<u8>)) {
    rearrange(state, |records| {
        let mut chains: HashMap<([u8; 16], Stream), Chain> = HashMap::new();
        let mut forged = Vec::new();
        let mut sequence = 0;
        for bytes in records.iter() {
            let record = parsed(bytes);
            if !keep(&record) {
                continue;
            }
            sequence += 1;
            let mut payload = record.stored.to_vec();
            edit(&mut payload);
            let (session, stream) = (record.header.session, record.header.stream);
            let chain = chains.entry((session, stream)).or_default();
            let mut out = Vec::new();
            write(
                &mut out,
                chain,
                stream,
                session,
                sequence,
                &Payload::plain(&payload).unwrap(),
            );
            forged.push(out);
        }
        *records = forged;
    });
}

fn replace(payload: &mut [u8], from: &[u8], to: &[u8]) {
    if let Some(at) = payload
        .windows(from.len())
        .position(|window| window == from)
    {
        payload[at..at + to.len()].copy_from_slice(to);
    }
}

fn all(report: &Report) -> String {
    let log = report
        .findings
        .iter()
        .map(|f| (f.is_alarm(), f.to_string()));
    let journal = report
        .journal
        .findings
        .iter()
        .map(|f| (f.is_alarm(), f.to_string()));
    let line = |(alarm, text)| format!("{} {text}", if alarm { "ALARM" } else { "remark" });
    log.chain(journal).map(line).collect::<Vec<_>>().join("\n")
}

/// A run of three sessions, sealed.
fn good() -> (State, Vec<SessionId>) {
    let state = State::new();
    let ids = state.run(3);
    (state, ids)
}

type Harm = fn(&State, &[SessionId]);

#[test]
fn each_wrong_is_told_apart() {
    let wrongs: Vec<(&str, Harm, &[&str])> = vec![
        (
            "an edited byte",
            |s, _| rearrange(s, |r| r[4][HEADER_BYTES] ^= 1),
            &["damaged bytes at", "record 5 is missing"],
        ),
        (
            "an edited byte with its checksum",
            |s, _| {
                rearrange(s, |r| {
                    let last = r[4].len() - 1;
                    r[4][last] ^= 1;
                    let crc = crc32c(&[&r[4][..4], &r[4][8..]]).to_le_bytes();
                    r[4][4..8].copy_from_slice(&crc);
                });
            },
            &["record 5 of session", "edited"],
        ),
        (
            "an event rewritten with everything behind it",
            |s, _| {
                forge(
                    s,
                    |_| true,
                    |payload| replace(payload, b"select 2", b"select 9"),
                )
            },
            &["edited or forked", "that entry"],
        ),
        (
            "a removed event",
            |s, _| rearrange(s, |r| drop(r.remove(5))),
            &["record 6 is missing"],
        ),
        (
            "a removed event, and the others moved up",
            |s, _| forge(s, |record| record.header.sequence != 6, |_| {}),
            &["were sealed and are missing: the journal's tail was cut"],
        ),
        (
            "a reordered event",
            |s, _| rearrange(s, |r| r.swap(4, 5)),
            &["stands behind later ones"],
        ),
        (
            "a duplicated event",
            |s, _| rearrange(s, |r| r.insert(5, r[4].clone())),
            &["record 5 stands twice"],
        ),
        (
            "a truncated tail",
            |s, _| rearrange(s, |r| r.truncate(r.len() - 4)),
            &["were sealed and are missing: the journal's tail was cut"],
        ),
        (
            "a missing session",
            |s, ids| {
                let id = *ids[1].as_bytes();
                forge(s, |record| record.header.session != id, |_| {});
            },
            &["(2 entries) and is missing from the journal"],
        ),
        (
            "an added session",
            |s, _| {
                rearrange(s, |r| {
                    let mut more = Vec::new();
                    write(
                        &mut more,
                        &mut Chain::default(),
                        Stream::Intents,
                        [9; 16],
                        7,
                        &Payload::plain(b"").unwrap(),
                    );
                    r[6] = more;
                });
            },
            &["are not those that entry", "added, removed or reordered"],
        ),
        (
            "another journal",
            |s, _| {
                let other = State::new();
                other.run(9);
                fs::remove_dir_all(s.journal()).unwrap();
                copy_all(&other.journal(), &s.journal());
            },
            &["another journal", "edited or forked"],
        ),
        (
            "no journal",
            |s, _| fs::remove_file(s.path("journal/00000001.pcj")).unwrap(),
            &["were sealed and are missing"],
        ),
    ];
    for (name, harm, expect) in wrongs {
        let (state, ids) = good();
        let before = state.check(&state.wish());
        assert!(before.is_sound(), "{name}: {}", all(&before));
        harm(&state, &ids);
        let report = state.check(&state.wish());
        let told = all(&report);
        assert!(!report.is_sound(), "{name} goes unnoticed: {told}");
        for words in expect {
            assert!(told.contains(words), "{name}: {words:?} is not in\n{told}");
        }
    }
}

#[test]
fn one_session_is_checked_alone() {
    let (state, ids) = good();
    let of = |id: &SessionId| Wish {
        session: Some(*id.as_bytes()),
        ..state.wish()
    };
    for id in &ids {
        let report = state.check(&of(id));
        assert!(report.is_sound(), "{}", all(&report));
        assert_eq!(report.journal.sessions, 1);
    }
    let told = all(&state.check(&of(&SessionId::generate())));
    assert!(
        told.contains("neither log nor journal has a session"),
        "{told}"
    );
    // The middle one is taken out, traces and all.
    let gone = *ids[1].as_bytes();
    forge(&state, |record| record.header.session != gone, |_| {});
    let told = all(&state.check(&of(&ids[1])));
    assert!(told.contains("is missing from the journal"), "{told}");
    // One statement of the first is rewritten.
    let (state, ids) = good();
    let first = *ids[0].as_bytes();
    forge(
        &state,
        |_| true,
        |payload| replace(payload, b"select 2", b"select 9"),
    );
    let wish = Wish {
        session: Some(first),
        ..state.wish()
    };
    let told = all(&state.check(&wish));
    assert!(told.contains("edited or forked"), "{told}");
}

#[test]
fn only_what_was_sealed_since_a_time_is_read() {
    let state = State::new();
    state.run(2);
    let before = state.check(&state.wish()).sealed_time.unwrap();
    state.run(2);
    let wish = |since| Wish {
        since: Some(since),
        ..state.wish()
    };
    let report = state.check(&wish(before + 1));
    assert!(report.is_sound(), "{}", all(&report));
    assert_eq!(report.journal.sessions, 3, "two and the gateway's own");
    assert_eq!(report.seals, 1);
    // The first segment may be elsewhere then, and only then.
    fs::remove_file(state.path("journal/00000001.pcj")).unwrap();
    let report = state.check(&wish(before + 1));
    assert!(report.is_sound(), "{}", all(&report));
    let told = all(&state.check(&state.wish()));
    assert!(told.contains("ALARM records up to"), "{told}");
    // What is checked is checked as ever.
    let path = state.path("journal/00000002.pcj");
    let mut bytes = fs::read(&path).unwrap();
    let length = bytes.len();
    bytes[length - 30] ^= 1;
    fs::write(path, bytes).unwrap();
    assert!(!state.check(&wish(before + 1)).is_sound());
}

#[test]
fn a_clock_that_runs_backwards_is_told() {
    let state = State::new();
    // The times of an encrypted session are for whoever has its key.
    let plain = JournalOptions {
        encrypt: false,
        ..options(state.0.path())
    };
    let store = open_as(&state.journal(), plain).unwrap();
    let (_, mut recorder) = begin(&store);
    recorder.append(&action(500, 1)).unwrap();
    recorder.append(&action(300, 2)).unwrap();
    drop((recorder, store));
    let report = state.check(&state.wish());
    let told = all(&report);
    assert!(told.contains("the clock went back by 200 µs"), "{told}");
    assert!(report.is_sound(), "order is by number");
}

#[test]
fn a_wrong_in_the_log_is_told() {
    let (good, _) = good();
    let size = good.size();
    let hashes: &'static str = format!("tile/0/000.p/{size}").leak();
    let entries: &'static str = format!("tile/entries/000.p/{size}").leak();
    let flip = |state: &State, name: &str, at: usize| {
        let path = state.log().join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    type Wrong<'a> = (&'a str, Box<dyn Fn(&State) + 'a>, &'a str);
    let wrongs: Vec<Wrong<'_>> = vec![
        (
            "an edited hash",
            Box::new(|s| flip(s, hashes, 33)),
            "entry 1 does not hash to",
        ),
        (
            "an edited entry",
            Box::new(|s| flip(s, entries, 60)),
            "do not hash to the checkpoint's root",
        ),
        (
            "a missing bundle",
            Box::new(|s| fs::remove_file(s.log().join(entries)).unwrap()),
            "nothing behind it can be checked",
        ),
        (
            "a missing tile",
            Box::new(|s| fs::remove_file(s.log().join(hashes)).unwrap()),
            "tile/0/000.p",
        ),
        (
            "no checkpoint",
            Box::new(|s| fs::remove_file(s.log().join("checkpoint")).unwrap()),
            "there is no checkpoint",
        ),
        (
            "a checkpoint that says more",
            Box::new(|s| {
                let path = s.log().join("checkpoint");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(
                    path,
                    text.replace(&format!("\n{size}\n"), &format!("\n{}\n", size + 1)),
                )
                .unwrap();
            }),
            "signature by",
        ),
    ];
    for (name, wrong, expect) in wrongs {
        let state = good.copy();
        wrong(&state);
        let report = state.check(&good.wish());
        assert!(!report.is_sound(), "{name}");
        assert!(all(&report).contains(expect), "{name}: {}", all(&report));
    }
    let stranger = Signer::from_seed(
        good.wish().key.unwrap().name(),
        Algorithm::Ed25519,
        &[3; 32],
    )
    .unwrap()
    .0;
    let wrong = Wish {
        key: Some(stranger.verifier().clone()),
        ..Wish::default()
    };
    let told = all(&good.check(&wrong));
    assert!(told.contains("is not signed by"), "{told}");
    let told = all(&good.check(&Wish::default()));
    assert!(told.contains("remark no key was given"), "{told}");
}

#[test]
fn a_fork_and_a_rollback_are_told_to_whoever_kept_a_checkpoint() {
    let (state, _) = good();
    let early = state.checkpoint();
    let twin = state.copy();
    state.run(2);
    twin.run(3);
    let (late, other) = (state.checkpoint(), twin.checkpoint());
    let told = |state: &State, kept: &Note| {
        let wish = Wish {
            kept: vec![kept.clone()],
            ..state.wish()
        };
        let report = state.check(&wish);
        (report.is_sound(), all(&report))
    };
    for state in [&state, &twin] {
        assert!(told(state, &early).0, "{}", told(state, &early).1);
    }
    // Both are signed by the same key; only whoever kept one of them sees it.
    assert!(state.check(&state.wish()).is_sound() && twin.check(&twin.wish()).is_sound());
    let (sound, words) = told(&twin, &late);
    assert!(!sound && words.contains("the log was forked"), "{words}");
    let (sound, words) = told(&state, &other);
    assert!(!sound && words.contains("cut or rolled back"), "{words}");
    let stranger = State::new();
    stranger.run(1);
    let (sound, words) = told(&state, &stranger.checkpoint());
    assert!(!sound && words.contains("is not this log's"), "{words}");
}
