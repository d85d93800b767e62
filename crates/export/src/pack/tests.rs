//! Packs of a journal with its ledger: made, checked, and forged in every way that came to mind.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::PathBuf;

use ledger::event::{ActionRecorded, ApprovalRecorded, Completed, SessionOpened, StreamEnd};
use ledger::record::{Chain, Payload, Stream, write};
use ledger::segment::{Item, SegmentHeader, items_of};
use ledger::tlog::batch::Batch;
use ledger::tlog::merkle::Head as Tree;
use ledger::tlog::note::{Algorithm, Checkpoint, Note, Signer, WitnessPolicy};
use ledger::tlog::tile::Edge;
use ledger::verify::Head;
use ledger::{Event, codec};

use super::archive::{self, File};
use super::*;

const SESSION: [u8; 16] = [1; 16];
const OTHER: [u8; 16] = [2; 16];
const RUN: [u8; 16] = [9; 16];
const POLICY: [u8; 32] = [7; 32];
const HOSTILE: &str = "</pre><script>alert(1)</script>\u{202e}\" onload=x '\n<!-- \u{0}";

/// A journal and its ledger, in a folder.
struct World {
    dir: tempfile::TempDir,
    signer: Signer,
}

#[derive(Default)]
struct Writer {
    chains: HashMap<([u8; 16], Stream), Chain>,
    out: Vec<u8>,
    sequence: u64,
}

impl Writer {
    fn put(&mut self, session: [u8; 16], stream: Stream, events: &[Event<'_>]) {
        let mut bytes = Vec::new();
        events
            .iter()
            .for_each(|event| codec::encode(event, &mut bytes));
        self.sequence += 1;
        let payload = Payload::plain(&bytes).unwrap();
        let chain = self.chains.entry((session, stream)).or_default();
        write(
            &mut self.out,
            chain,
            stream,
            session,
            self.sequence,
            &payload,
        );
    }

    fn intents(&mut self, session: [u8; 16], events: &[Event<'_>]) {
        self.put(session, Stream::Intents, events);
    }
}

fn control<'a>(name: &'a str, fields: &[(&'a str, &'a str)]) -> Event<'a> {
    Event::Control {
        time: 5,
        actor: "idp|dora".into(),
        name: name.into(),
        fields: fields
            .iter()
            .map(|(n, v)| ((*n).into(), (*v).into()))
            .collect(),
    }
}

fn opened(session: [u8; 16]) -> Event<'static> {
    Event::SessionOpened(SessionOpened {
        time: 10,
        session,
        principal: "idp|ada".into(),
        name: HOSTILE.into(),
        ..SessionOpened::default()
    })
}

fn action(sequence: u64, text: &str) -> Event<'static> {
    Event::Action(ActionRecorded {
        time: 20,
        sequence,
        text: text.to_owned().into(),
        outcome: "allow".into(),
        policy: POLICY,
        approval: Some([5; 16]),
        parameters: vec![Some(HOSTILE.into()), None],
        ..ActionRecorded::default()
    })
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

fn row(value: &str) -> Vec<u8> {
    let length = i32::try_from(value.len()).unwrap();
    message(
        b'D',
        &[&[0, 1][..], &length.to_be_bytes(), value.as_bytes()].concat(),
    )
}

fn rows() -> Vec<u8> {
    let column = [&[0, 1][..], b"<b>name</b>\0", &[0; 18]].concat();
    [message(b'T', &column), row(HOSTILE), row("plain")].concat()
}

fn journal() -> Writer {
    let mut writer = Writer::default();
    let hash = Hex(&POLICY).to_string();
    writer.intents(RUN, &[control("gateway.started", &[])]);
    writer.intents(
        RUN,
        &[control(
            "policy.loaded",
            &[("policy", &hash), ("gateway.cedar", "permit(old);")],
        )],
    );
    writer.intents(
        RUN,
        &[control(
            "policy.loaded",
            &[
                ("policy", &hash),
                ("gateway.cedar", "permit;"),
                ("../../x.y", "no"),
                ("data.toml", ""),
            ],
        )],
    );
    writer.intents(SESSION, &[opened(SESSION)]);
    writer.intents(OTHER, &[opened(OTHER)]);
    let approval = ApprovalRecorded {
        time: 15,
        sequence: 1,
        approval: [5; 16],
        state: "requested".into(),
        ..ApprovalRecorded::default()
    };
    writer.intents(SESSION, &[Event::Approval(approval)]);
    let id = ledger::find::id_text(&[5; 16]);
    writer.intents(
        RUN,
        &[control(
            "approval.answered",
            &[("approval", &id), ("comment", HOSTILE)],
        )],
    );
    writer.intents(RUN, &[control("key.issued", &[])]);
    writer.intents(SESSION, &[action(1, HOSTILE)]);
    let response = Event::Response {
        sequence: 1,
        bytes: rows().into(),
    };
    let done = Event::Completed(Completed {
        sequence: 1,
        rows: 2,
        ..Completed::default()
    });
    writer.put(SESSION, Stream::Results, &[response, done]);
    writer.intents(SESSION, &[action(2, "SELECT 2")]);
    let chain = writer.chains[&(SESSION, Stream::Results)];
    let end = Event::StreamEnd(StreamEnd {
        records: chain.records,
        hash: chain.hash,
    });
    let closed = Event::SessionClosed {
        time: 30,
        reason: "the client left".into(),
    };
    writer.intents(SESSION, &[end, closed]);
    writer
}

impl World {
    fn new(writer: &Writer, sealed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (journal, ledger) = (dir.path().join("journal"), dir.path().join("ledger"));
        std::fs::create_dir_all(&journal).unwrap();
        let header = SegmentHeader {
            journal: [0xab; 16],
            number: 1,
            first_sequence: 1,
            before: [0; 32],
        };
        let bytes = [&header.to_bytes()[..], &writer.out].concat();
        std::fs::write(journal.join("00000001.pcj"), bytes).unwrap();
        let signer = Signer::from_seed("log.example", Algorithm::Ed25519, &[3; 32])
            .unwrap()
            .0;
        let mut edge = Edge::default();
        let first = Entry::Log {
            journal: [0xab; 16],
            first: 1,
            before: [0; 32],
            time: 1,
        };
        edge.push(&first.to_bytes());
        let mut batch = Batch::after(Head {
            sequence: 0,
            hash: [0; 32],
        });
        for item in items_of(&writer.out) {
            match item {
                Item::Record { record, .. } if record.header.sequence <= sealed => {
                    batch.take(&record)
                }
                _ => {}
            }
        }
        for entry in batch.close(77) {
            edge.push(&entry.to_bytes());
        }
        for written in edge.partial() {
            let path = ledger.join(written.tile.to_string());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, written.bytes).unwrap();
        }
        let head = Tree {
            size: edge.size(),
            root: edge.root(),
        };
        let text = Checkpoint {
            origin: "log.example".into(),
            head,
        }
        .text();
        let mut note = Note::unsigned(text);
        let signature = signer.sign(note.text(), 0);
        note.add(&signature).unwrap();
        std::fs::write(ledger.join("checkpoint"), note.to_string()).unwrap();
        std::fs::write(ledger.join("vkey"), format!("{}\n", signer.verifier())).unwrap();
        Self { dir, signer }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn pack(&self, session: [u8; 16]) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        let folder = Folder::without_keys(self.path("journal"));
        make(&folder, &self.path("ledger"), session, &mut out)?;
        Ok(out)
    }

    fn check(&self, pack: &[u8]) -> Verdict {
        let key = Some(self.signer.verifier().clone());
        check(
            pack,
            &Wish {
                key,
                ..Wish::default()
            },
        )
        .unwrap()
    }
}

fn alarms(verdict: &Verdict) -> String {
    let alarms = verdict.findings.iter().filter(|(is_alarm, _)| *is_alarm);
    alarms
        .map(|(_, text)| text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

fn text<'a>(files: &'a [File<'_>], name: &str) -> &'a str {
    let file = files.iter().find(|file| file.name == name);
    std::str::from_utf8(&file.unwrap_or_else(|| panic!("{name}")).bytes).unwrap()
}

#[test]
fn a_pack_holds_the_session_its_policies_and_answers_and_checks_out() {
    let world = World::new(&journal(), u64::MAX);
    let pack = world.pack(SESSION).unwrap();
    assert_eq!(
        pack,
        world.pack(SESSION).unwrap(),
        "the same journal makes the same pack"
    );
    let verdict = world.check(&pack);
    assert_eq!(verdict.findings, [], "{verdict:?}");
    assert!(verdict.is_sound());
    assert_eq!(
        (verdict.records, verdict.control, verdict.sealed),
        (6, 2, Some(77))
    );
    let files = archive::read(&pack).unwrap();
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    let hash = Hex(&POLICY).to_string();
    assert!(
        names.contains(&"control/000000000003.pcj"),
        "the last loading: {names:?}"
    );
    assert!(
        names.contains(&"control/000000000007.pcj"),
        "the answer: {names:?}"
    );
    assert_eq!(
        text(&files, &format!("policy/{hash}/00-gateway.cedar")),
        "permit;"
    );
    assert!(
        names.contains(&format!("policy/{hash}/01-.._.._x.y").as_str()),
        "{names:?}"
    );
    let events = text(&files, "events.jsonl");
    for kind in [
        "session.opened",
        "statement.ended",
        "approval",
        "control",
        "session.closed",
    ] {
        assert!(
            events.contains(&format!("\"kind\":\"{kind}\"")),
            "{kind}: {events}"
        );
    }
    assert!(!events.contains("\"kind\":\"gap\""), "{events}");
    let bare = check(&pack, &Wish::default()).unwrap();
    assert!(bare.is_sound() && bare.findings.len() == 1, "{bare:?}");
}

#[test]
fn the_report_shows_hostile_values_and_obeys_none() {
    let world = World::new(&journal(), u64::MAX);
    let pack = world.pack(SESSION).unwrap();
    let files = archive::read(&pack).unwrap();
    let report = text(&files, "report.html");
    for bad in [
        "<script",
        "\u{202e}",
        "\u{0}",
        "onload=x '",
        "<b>name",
        "<!-- ",
    ] {
        assert!(!report.contains(bad), "{bad:?}");
    }
    for good in [
        "&lt;script&gt;alert(1)&lt;/script&gt;<i class=\"hidden\">U+202E</i>",
        "<th>&lt;b&gt;name&lt;/b&gt;</th>",
        "<td>plain</td>",
        "default-src 'none'",
        "@media print",
        "the client left",
    ] {
        assert!(report.contains(good), "{good}: {report}");
    }
    assert!(
        !report.contains("http://") && !report.contains("https://") && !report.contains(" src=")
    );
}

/// Changes the files of a pack and puts it together again, with a manifest that fits.
fn forged(pack: &[u8], change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> Vec<u8> {
    let read = archive::read(pack).unwrap();
    let mut files: Vec<_> = read
        .into_iter()
        .map(|f| (f.name, f.bytes.into_owned()))
        .collect();
    change(&mut files);
    files.retain(|(name, _)| name != MANIFEST);
    let file = |(name, bytes): &(String, Vec<u8>)| File {
        name: name.clone(),
        bytes: bytes.clone().into(),
    };
    let mut all: Vec<_> = files.iter().map(file).collect();
    let manifest = manifest(SESSION, &all[1..]);
    all.insert(
        1,
        File {
            name: MANIFEST.into(),
            bytes: manifest.into_bytes().into(),
        },
    );
    let mut out = Vec::new();
    archive::write(&all, &mut out).unwrap();
    out
}

fn edit(files: &mut [(String, Vec<u8>)], name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let file = files.iter_mut().find(|(known, _)| known == name);
    change(&mut file.unwrap_or_else(|| panic!("{name}")).1);
}

#[test]
fn forgeries_are_named() {
    let world = World::new(&journal(), u64::MAX);
    let pack = world.pack(SESSION).unwrap();
    type Files = Vec<(String, Vec<u8>)>;
    let check = |what: &str, expect: &str, change: &dyn Fn(&mut Files)| {
        let verdict = world.check(&forged(&pack, change));
        assert!(alarms(&verdict).contains(expect), "{what}: {verdict:?}");
    };
    check("nothing", "", &|_| {});
    assert!(world.check(&forged(&pack, |_| {})).is_sound());
    check(
        "the report",
        "report.html is not what the records say",
        &|files| {
            edit(files, "report.html", |bytes| {
                bytes.extend_from_slice(b"<p>innocent")
            });
        },
    );
    check(
        "the events",
        "events.jsonl is not what the records say",
        &|files| edit(files, "events.jsonl", Vec::clear),
    );
    check("a policy", "is not what the records say", &|files| {
        let name = files
            .iter()
            .find(|(name, _)| name.ends_with("gateway.cedar"))
            .unwrap()
            .0
            .clone();
        edit(files, &name, |bytes| bytes[0] ^= 1);
    });
    check("the words to strangers", "README.txt", &|files| {
        edit(files, README, |bytes| bytes.extend_from_slice(b"call me"))
    });
    check("a file more", "does not belong", &|files| {
        files.push(("evil.html".into(), b"x".to_vec()))
    });
    check(
        "the last record cut",
        "were sealed and are missing",
        &|files| {
            edit(files, RECORDING, |bytes| {
                let last = last_record(bytes);
                bytes.truncate(last);
            })
        },
    );
    check("the first record cut", "does not follow", &|files| {
        edit(files, RECORDING, |bytes| {
            let second = items_of(bytes).nth(1).map(|item| match item {
                Item::Record { offset, .. } => offset,
                _ => 0,
            });
            bytes.drain(..second.unwrap());
        })
    });
    check("no records", "were sealed and are missing", &|files| {
        edit(files, RECORDING, Vec::clear)
    });
    check("a byte", "no record", &|files| {
        edit(files, RECORDING, |bytes| bytes[100] ^= 1)
    });
    check("a record more", "are not in the ledger", &|files| {
        edit(files, RECORDING, |bytes| {
            let mut chain = Chain::default();
            for item in items_of(&bytes.clone()) {
                if let Item::Record { record, .. } = item
                    && record.header.stream == Stream::Intents
                {
                    chain = Chain {
                        records: record.header.number,
                        hash: record.hash,
                    };
                }
            }
            let mut more = Vec::new();
            codec::encode(&action(3, "SELECT 'never'"), &mut more);
            write(
                bytes,
                &mut chain,
                Stream::Intents,
                SESSION,
                99,
                &Payload::plain(&more).unwrap(),
            );
        })
    });
    check("a control record", "does not prove record 3", &|files| {
        edit(files, "control/000000000003.pcj", |bytes| bytes[90] ^= 1);
    });
    check("what it stands on", "does not prove record 3", &|files| {
        edit(files, BEFORE, |bytes| {
            let at = bytes.len() - 3;
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            bytes[2] = if bytes[2] == b'0' { b'1' } else { b'0' };
        })
    });
    check("a control record taken out", "missing", &|files| {
        files.retain(|(name, _)| name != "control/000000000003.pcj")
    });
    check("an entry taken out", "are not in the ledger", &|files| {
        proof(files, |proof| {
            let chain =
                |e: &prove::EntryProof| e.entry.contains(" chain ") && e.entry.contains("intents");
            let at = proof.entries.iter().position(chain).unwrap();
            proof.entries.remove(at);
        })
    });
    check(
        "an entry edited",
        "is not in the checkpoint's tree",
        &|files| {
            proof(files, |proof| {
                proof.entries[1].entry = proof.entries[1].entry.replace('1', "2");
            })
        },
    );
    check(
        "a proof edited",
        "is not in the checkpoint's tree",
        &|files| proof(files, |proof| proof.entries[1].index += 1),
    );
    check("another checkpoint", "under another checkpoint", &|files| {
        edit(files, CHECKPOINT, |bytes| bytes.push(b'\n'))
    });
    check("another key", "is not the given one", &|files| {
        edit(files, VKEY, |bytes| {
            let other = Signer::from_seed("log.example", Algorithm::Ed25519, &[4; 32])
                .unwrap()
                .0;
            *bytes = format!("{}\n", other.verifier()).into_bytes();
        })
    });
}

fn last_record(bytes: &[u8]) -> usize {
    let offsets = items_of(bytes).map(|item| match item {
        Item::Record { offset, .. } | Item::Damage { offset, .. } | Item::Torn { offset, .. } => {
            offset
        }
    });
    offsets.last().unwrap()
}

fn proof(files: &mut [(String, Vec<u8>)], change: impl FnOnce(&mut prove::SessionProof)) {
    edit(files, PROOF, |bytes| {
        let mut proof: prove::SessionProof = serde_json::from_slice(bytes).unwrap();
        change(&mut proof);
        *bytes = serde_json::to_vec_pretty(&proof).unwrap();
    });
}

#[test]
fn a_pack_under_a_log_of_ones_own_needs_the_key_of_ones_own() {
    let world = World::new(&journal(), u64::MAX);
    let pack = world.pack(SESSION).unwrap();
    let stranger = Signer::from_seed("log.example", Algorithm::Ed25519, &[4; 32])
        .unwrap()
        .0;
    let wish = Wish {
        key: Some(stranger.verifier().clone()),
        ..Wish::default()
    };
    let verdict = check(&pack, &wish).unwrap();
    assert!(alarms(&verdict).contains("is not signed by"), "{verdict:?}");
    let witness = Signer::from_seed("w.example", Algorithm::Cosignature, &[5; 32])
        .unwrap()
        .0;
    let witnesses = WitnessPolicy {
        keys: vec![witness.verifier().clone()],
        quorum: 1,
    };
    let wish = Wish {
        key: Some(world.signer.verifier().clone()),
        witnesses,
    };
    let verdict = check(&pack, &wish).unwrap();
    assert!(alarms(&verdict).contains("0 of 1 witnesses"), "{verdict:?}");
}

#[test]
fn records_that_say_they_are_huge_are_not_unpacked() {
    let mut writer = journal();
    for sequence in 20..26 {
        let mut chain = writer.chains[&(OTHER, Stream::Intents)];
        let payload = Payload::zstd(b"small", 250 * 1024 * 1024).unwrap();
        write(
            &mut writer.out,
            &mut chain,
            Stream::Intents,
            OTHER,
            sequence,
            &payload,
        );
        writer.chains.insert((OTHER, Stream::Intents), chain);
    }
    let world = World::new(&writer, u64::MAX);
    assert!(matches!(world.pack(OTHER), Err(Error::TooLarge)));
}

/// Some kilobytes that say a gigabyte.
#[test]
fn actions_that_say_the_same_without_end_are_not_unpacked() {
    let mut writer = journal();
    let mut list = codec::EventList::default();
    list.push(&action(1, &"x".repeat(1024 * 1024)));
    let whole = list.bytes().len();
    list.push(&action(1, &"x".repeat(1024 * 1024)));
    let (first, again) = list.bytes().split_at(whole);
    let bytes = [first, &again.repeat(1_100)].concat();
    assert!(bytes.len() < 2 * 1024 * 1024, "{}", bytes.len());
    let payload = Payload::plain(&bytes).unwrap();
    let mut chain = writer.chains[&(OTHER, Stream::Intents)];
    let (out, intents) = (&mut writer.out, Stream::Intents);
    write(out, &mut chain, intents, OTHER, 20, &payload);
    let world = World::new(&writer, u64::MAX);
    assert!(matches!(world.pack(OTHER), Err(Error::TooLarge)));
}

/// A second thing that is wrong must not open the door.
#[test]
fn records_that_nobody_vouches_for_are_not_unpacked_whatever_else_is_wrong() {
    let world = World::new(&journal(), u64::MAX);
    let pack = world.pack(SESSION).unwrap();
    let checked = |unvouched: bool, foreign: bool| {
        let verdict = world.check(&forged(&pack, |files| {
            if unvouched {
                edit(files, RECORDING, |bytes| bytes.push(0));
            }
            if foreign {
                edit(files, README, |bytes| bytes.push(b'x'));
            }
        }));
        assert_eq!(verdict.is_sound(), !unvouched && !foreign, "{verdict:?}");
        let mut said = verdict.findings.iter();
        !said.any(|(_, what)| what.contains("were not compared"))
    };
    assert!(checked(false, false) && checked(false, true));
    assert!(!checked(true, false) && !checked(true, true));
}

#[test]
fn only_what_is_sealed_goes_into_a_pack() {
    let writer = journal();
    let world = World::new(&writer, 9);
    let pack = world.pack(SESSION).unwrap();
    let verdict = world.check(&pack);
    assert!(verdict.is_sound(), "{verdict:?}");
    assert_eq!(verdict.records, 3);
    let none = World::new(&writer, 2);
    assert!(matches!(none.pack(SESSION), Err(Error::NoProof { .. })));
    assert!(matches!(world.pack([8; 16]), Err(Error::NoSession)));
    std::fs::remove_file(world.path("ledger/checkpoint")).unwrap();
    assert!(matches!(world.pack(SESSION), Err(Error::NoProof { .. })));
}

#[test]
fn bytes_that_are_no_pack_are_refused() {
    let world = World::new(&journal(), u64::MAX);
    let pack = world.pack(SESSION).unwrap();
    for bad in [
        &b""[..],
        b"PK",
        b"PK\x05\x06",
        &[0xff; 4096],
        &pack[..pack.len() / 2],
    ] {
        assert!(check(bad, &Wish::default()).is_err());
    }
}
