//! An evidence pack from a stranger: any bytes are a verdict or a refusal, what nobody vouches for is not unpacked, and what
//! is sound without a key never is with another one's. An odd first byte puts the bytes into a pack of the right form, a
//! third of them under a ledger that a key in the pack signs.
#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use export::pack::{Verdict, Wish, check};
use ledger::Id;
use ledger::record::{Chain, Content, Stream, write};
use ledger::tlog::entry::{Entry, Span};
use ledger::tlog::merkle::{Head, leaf_hash, node_hash};
use ledger::tlog::note::{Algorithm, Checkpoint, Note, Signer};
use ledger::tlog::prove::{EntryProof, SessionProof};

const SESSION: [u8; 16] = [7; 16];
const NAMES: [&str; 9] = [
    "README.txt",
    "manifest.json",
    "recording.pcj",
    "session.key",
    "control/before.txt",
    "ledger/checkpoint",
    "ledger/vkey",
    "ledger/proof.json",
    "report.html",
];

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// A pack of the right form.
fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let at = u32::try_from(out.len()).expect("short").to_le_bytes();
        let length = u32::try_from(bytes.len()).expect("short").to_le_bytes();
        let mut fields = vec![10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        fields.extend(crc32(bytes).to_le_bytes());
        fields.extend(length.repeat(2));
        fields.extend([u8::try_from(name.len()).expect("short"), 0, 0, 0]);
        out.extend([b"PK\x03\x04", &fields[..], name.as_bytes(), bytes].concat());
        directory.extend([b"PK\x01\x02\x0a\x00", &fields[..], &[0; 10], &at].concat());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(files.len()).expect("few").to_le_bytes();
    let [length, at] = [directory.len(), out.len()]
        .map(|length| u32::try_from(length).expect("short").to_le_bytes());
    out.extend(directory);
    out.extend(
        [
            b"PK\x05\x06",
            &[0; 4][..],
            &count,
            &count,
            &length,
            &at,
            &[0; 2],
        ]
        .concat(),
    );
    out
}

/// Records of a session, a record for each piece, and their chain.
fn records(data: &[u8]) -> (Vec<u8>, Chain) {
    let (mut out, mut chain) = (Vec::new(), Chain::default());
    for (sequence, piece) in (1..).zip(data.chunks(data.len() / 3 + 1)) {
        let payload = match piece {
            [how, frame @ ..] if how % 2 == 1 => Content::zstd(frame, usize::from(*how) * 64),
            _ => Content::plain(piece),
        };
        let payload = payload.unsealed().expect("short");
        write(
            &mut out,
            &mut chain,
            Stream::Intents,
            SESSION,
            sequence,
            &payload,
        );
    }
    (out, chain)
}

/// A log that says that these records are all there are; signed.
fn proof(signer: &Signer, chain: Chain) -> SessionProof {
    let whole = Span {
        from: 1,
        to: chain.records,
    };
    let log = Entry::Log {
        journal: [3; 16],
        first: 1,
        before: [0; 32],
        time: 8,
    };
    let sealed = Entry::Chain {
        session: SESSION,
        stream: Stream::Intents,
        numbers: whole,
        sequences: whole,
        hash: chain.hash,
    };
    let entries = [log, sealed].map(|entry| entry.to_string());
    let leaves = [0, 1].map(|at: usize| leaf_hash(entries[at].as_bytes()));
    let origin = signer.verifier().name().to_owned();
    let root = node_hash(&leaves[0], &leaves[1]);
    let head = Head { size: 2, root };
    let text = Checkpoint {
        origin: origin.clone(),
        head,
    }
    .text();
    let mut note = Note::unsigned(text.clone());
    note.add(&signer.sign(&text, 9)).expect("a line of ours");
    let proved = (0..).zip(entries).map(|(index, entry)| EntryProof {
        index,
        entry,
        leaf: BASE64.encode(leaves[usize::from(index == 1)]),
        proof: vec![BASE64.encode(leaves[usize::from(index == 0)])],
    });
    SessionProof {
        version: 1,
        session: Id(&SESSION).to_string(),
        origin,
        checkpoint: note.to_string(),
        entries: proved.collect(),
    }
}

fn judged(bytes: &[u8]) -> Option<Verdict> {
    let verdict = check(bytes, &Wish::default()).ok()?;
    let compared = !verdict
        .findings
        .iter()
        .any(|(_, what)| what.contains("were not compared"));
    assert!(
        !compared || verdict.checkpoint.is_some(),
        "what nobody vouches for is unpacked: {:?}",
        verdict.findings
    );
    // Neither README nor manifest can be right, and the seeds hold no whole pack.
    assert!(!verdict.is_sound());
    Some(verdict)
}

/// Records that a key in the pack vouches for, and the same with another byte somewhere.
fn vouched_for(data: &[u8]) {
    let (signer, _) =
        Signer::from_seed("example.org/log", Algorithm::Ed25519, &[9; 32]).expect("a key");
    let (mut records, chain) = records(data);
    let proof = proof(&signer, chain);
    let json = serde_json::to_vec(&proof).expect("JSON");
    let vkey = signer.verifier().to_string();
    let packed = |records: &[u8]| {
        pack(&[
            ("recording.pcj", records),
            ("ledger/checkpoint", proof.checkpoint.as_bytes()),
            ("ledger/vkey", vkey.as_bytes()),
            ("ledger/proof.json", &json),
        ])
    };
    if records.is_empty() {
        return;
    }
    // What says that it is longer than may be unpacked is refused.
    let Some(verdict) = judged(&packed(&records)) else {
        return;
    };
    assert_eq!((verdict.records, verdict.session), (chain.records, SESSION));
    assert!(verdict.checkpoint.is_some(), "{:?}", verdict.findings);
    let wish = Wish {
        key: Some(other_key()),
        ..Wish::default()
    };
    let other = check(&packed(&records), &wish).expect("a pack");
    assert!(other.checkpoint.is_none() && !other.is_sound());
    let at = data.iter().map(|byte| usize::from(*byte)).sum::<usize>() % records.len();
    records[at] ^= 1;
    let edited = judged(&packed(&records)).expect("a pack");
    let compared = "were not compared";
    assert!(
        edited
            .findings
            .iter()
            .any(|(_, what)| what.contains(compared))
    );
}

fn other_key() -> ledger::tlog::note::VerifierKey {
    let made = Signer::from_seed("example.org/log", Algorithm::Ed25519, &[8; 32]);
    made.expect("a key").0.verifier().clone()
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match bytes {
        [how, data @ ..] if how % 6 == 1 => vouched_for(data),
        [how, data @ ..] if how % 2 == 1 => {
            let parts = data.split(|byte| *byte == 0xff);
            let files: Vec<_> = NAMES.into_iter().zip(parts).collect();
            judged(&pack(&files));
        }
        _ => {
            judged(bytes);
        }
    }
});
