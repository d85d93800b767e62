//! Evidence packs: one file that holds one session, what proves it, and what was in force.
//!
//! Must never hold what the journal does not say: what people read in it is computed from the records, by whoever
//! makes it and again by whoever checks it.

mod archive;
mod check;
mod derive;
mod gather;
mod html;
mod report;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::Path;

use ledger::journal::Folder;
use ledger::tlog::entry::Entry;
use ledger::tlog::folder::{self, Folder as Log};
use ledger::tlog::prove;
use ledger::{Hex, tlog};
use serde_json::json;
use sha2::{Digest as _, Sha256};

pub use archive::{FILES_MAX, PACK_BYTES_MAX};
pub use check::{Verdict, Wish, check};

use archive::File;
use gather::Material;

/// The version of the pack's shape.
const VERSION: u64 = 1;
/// The session's records, as they stand in the journal.
const RECORDING: &str = "recording.pcj";
/// The session's key, where its records are encrypted.
const KEY: &str = "session.key";
/// What each control-plane record's hash stands on.
const BEFORE: &str = "control/before.txt";
/// The signed checkpoint.
const CHECKPOINT: &str = "ledger/checkpoint";
/// The log's public key, as the pack's maker has it.
const VKEY: &str = "ledger/vkey";
/// The entries with their inclusion proofs.
const PROOF: &str = "ledger/proof.json";
/// What is in the pack.
const MANIFEST: &str = "manifest.json";
/// How a stranger reads it.
const README: &str = "README.txt";

/// Why a pack cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] crate::Error),
    /// The journal has nothing of the session.
    #[error("the journal has nothing of this session")]
    NoSession,
    /// The ledger has no checkpoint, or nothing of the session.
    #[error("the ledger {what}")]
    NoProof {
        /// What it lacks.
        what: &'static str,
    },
    /// The ledger cannot be read.
    #[error("the ledger cannot be read: {0}")]
    Ledger(#[from] tlog::Error),
    /// The pack cannot be written.
    #[error("the pack cannot be written: {0}")]
    Write(#[source] std::io::Error),
    /// It would be, or is, longer than packs may be.
    #[error("the pack is larger than packs may be (2 GiB, 10,000 files, 1 GiB of records)")]
    TooLarge,
    /// It is no pack, or not a whole one.
    #[error("this is no evidence pack: {what}")]
    Pack {
        /// What is wrong.
        what: &'static str,
    },
}

/// Makes the pack of a session and writes it.
///
/// # Errors
/// [`Error`].
pub fn make(
    folder: &Folder,
    ledger: &Path,
    session: [u8; 16],
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut material = gather::gather(folder, session)?.ok_or(Error::NoSession)?;
    let log = Log::new(ledger);
    let note = log.note(folder::CHECKPOINT)?;
    let note = note.ok_or(Error::NoProof {
        what: "has no checkpoint",
    })?;
    let proof = prove::session_with(&log, &note, session, |index, entry| match entry {
        // It names the journal.
        Entry::Log { .. } => index == 0,
        Entry::Control { sequence, .. } => material.control.contains_key(sequence),
        Entry::Chain { .. } | Entry::Gap { .. } | Entry::Seal { .. } | Entry::Unknown(_) => false,
    })?;
    let is_there =
        |entry: &prove::EntryProof| Entry::parse(entry.entry.as_bytes()).session() == Some(session);
    if !proof.entries.iter().any(is_there) {
        return Err(Error::NoProof {
            what: "has nothing of this session yet: it is sealed within seconds",
        });
    }
    material.records = check::sealed_part(&material.records, session, &proof);
    let vkey = log.file(folder::VKEY)?;
    let checkpoint = note.to_string();
    let proof_text = serde_json::to_vec_pretty(&proof);
    let proof_text = proof_text.map_err(|error| Error::Write(error.into()))?;
    let mut files = vec![
        file(RECORDING, &material.records),
        file(CHECKPOINT, checkpoint.as_bytes()),
        file(VKEY, &vkey),
        file(PROOF, &proof_text),
    ];
    let (before, key) = (before(&material), key_text(&material));
    if let Some(key) = &key {
        files.push(file(KEY, key.as_bytes()));
    }
    if !material.control.is_empty() {
        files.push(file(BEFORE, before.as_bytes()));
    }
    for (sequence, control) in &material.control {
        files.push(file(&control_name(*sequence), &control.bytes));
    }
    let journal = journal_of(&proof).unwrap_or_default();
    let derived = derive::derive(journal, session, &material)?;
    files.extend(derived.iter().map(|(name, bytes)| file(name, bytes)));
    let manifest = manifest(session, &files);
    let readme = readme(session, key.is_some());
    files.insert(0, file(MANIFEST, manifest.as_bytes()));
    files.insert(0, file(README, readme.as_bytes()));
    archive::write(&files, out)
}

fn file<'a>(name: &str, bytes: &'a [u8]) -> File<'a> {
    File {
        name: name.to_owned(),
        bytes: bytes.into(),
    }
}

fn control_name(sequence: u64) -> String {
    format!("control/{sequence:012}.pcj")
}

/// The journal that a proof is about: its first entry says it.
fn journal_of(proof: &prove::SessionProof) -> Option<[u8; 16]> {
    proof
        .entries
        .iter()
        .find_map(|entry| match Entry::parse(entry.entry.as_bytes()) {
            Entry::Log { journal, .. } => Some(journal),
            _ => None,
        })
}

/// One line a record: its place, the hash that it stands on.
fn before(material: &Material) -> String {
    let lines = material.control.iter();
    lines
        .map(|(sequence, control)| format!("{sequence} {}\n", Hex(&control.before)))
        .collect()
}

fn key_text(material: &Material) -> Option<String> {
    let key = material.key.as_ref()?;
    Some(format!("{}\n", Hex(key)))
}

fn manifest(session: [u8; 16], files: &[File<'_>]) -> String {
    let files: Vec<_> = files
        .iter()
        .map(|file| {
            let hash = Hex(&Sha256::digest(&file.bytes)).to_string();
            json!({ "name": file.name, "bytes": file.bytes.len(), "sha256": hash })
        })
        .collect();
    let manifest = json!({
        "version": VERSION,
        "made_by": format!("portcullis {}", env!("CARGO_PKG_VERSION")),
        "session": ledger::find::id_text(&session),
        "files": files,
    });
    format!("{manifest:#}\n")
}

fn readme(session: [u8; 16], has_key: bool) -> String {
    let id = ledger::find::id_text(&session);
    let key = match has_key {
        true => {
            "session.key        THE KEY of this recording, 32 bytes as hexadecimal. Whoever has it reads the recording.\n"
        }
        false => "",
    };
    format!(
        "Evidence pack of session {id}

report.html        what happened, for people: open it in a browser, print it, save it as PDF
recording.pcj      the session's records, byte for byte as they stand in the gateway's journal
{key}events.jsonl       the same as audit events, one JSON object a line
policy/            the policy sets that decided, by hash, with the data catalog that says what is masked
control/           the records of the gateway that loaded those policies and that hold the answers to requests
ledger/            the signed checkpoint of the gateway's ledger, its public key as the maker of this pack has it,
                   and a proof for each part of the recording that it is in the ledger
manifest.json      every other file with its length and SHA-256

To check it, get the gateway's public key from somewhere that is not this pack, and then:

    portcullis audit verify-pack session.zip --key KEY

It checks the signature, that every record is in the ledger, unaltered, in order and complete, and computes the report,
the events and the policies anew from the records. It needs neither the gateway nor a network.

By hand: a record's hash is SHA-256 over \"pcj record 1\\n\", the hash of the record before it in its stream, bytes 8 to
47 of its header, and the SHA-256 of its payload; the entries in ledger/proof.json name the last hash of each run of
records; each entry's leaf hash and its proof lead to the checkpoint's root (RFC 6962); the checkpoint is a signed note
(C2SP, Ed25519). The formats are described in docs/recording-format.md and docs/ledger.md of Portcullis.
"
    )
}
