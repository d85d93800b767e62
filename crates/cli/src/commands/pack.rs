//! `audit pack`, `audit verify-pack`, `audit verify-proof`: evidence about one session, made and checked on files alone.
//!
//! Takes nothing in a pack or a proof for true.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use contract::visible::single_line;
use export::pack::{self, PACK_BYTES_MAX, Verdict, Wish};
use ledger::find::{id_text, rfc3339};
use ledger::tlog::entry::Entry;
use ledger::tlog::note::{Note, VerifierKey};
use ledger::tlog::prove::SessionProof;
use serde_json::json;

use crate::args::{Globals, Pack, VerifyPart};
use crate::commands::audit::{self, vkey, witnesses};
use crate::commands::offline;
use crate::commands::output::Output;
use crate::print;
use crate::problem::{Kind, Problem};

/// Bytes of a proof.
const PROOF_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// `audit pack`
pub(crate) fn make(globals: &Globals, wish: &Pack) -> Result<(), Problem> {
    let id = offline::id(&wish.session)?;
    let beside = || {
        let parent = wish.journal.parent();
        parent.unwrap_or(Path::new(".")).join("ledger")
    };
    let ledger = wish.ledger.clone().unwrap_or_else(beside);
    let folder = offline::folder(globals, &wish.journal)?;
    let mut out = Output::open(&wish.output)?;
    match pack::make(&folder, &ledger, id, &mut out.to) {
        Ok(()) => out.keep(),
        Err(error) => {
            out.discard();
            Err(unusable(&error))
        }
    }
}

fn unusable(error: &pack::Error) -> Problem {
    let kind = match error {
        pack::Error::NoSession | pack::Error::NoProof { .. } => Kind::NotFound,
        pack::Error::Pack { .. } => Kind::Damaged,
        pack::Error::Journal(_)
        | pack::Error::Ledger(_)
        | pack::Error::Write(_)
        | pack::Error::TooLarge => Kind::Failed,
    };
    Problem::new(kind, error.to_string())
}

/// `audit verify-pack`
pub(crate) fn verify(globals: &Globals, part: &VerifyPart) -> Result<(), Problem> {
    let wish = Wish {
        key: part.trust.key.as_deref().map(vkey).transpose()?,
        witnesses: witnesses(&part.trust)?,
    };
    let bytes = read(&part.file, PACK_BYTES_MAX)?;
    let verdict = pack::check(&bytes, &wish).map_err(|error| unusable(&error))?;
    tell(globals, &verdict)?;
    audit::verdict(globals, verdict.is_sound(), "the pack")
}

fn tell(globals: &Globals, verdict: &Verdict) -> Result<(), Problem> {
    let (log, tree) = verdict.checkpoint.clone().unzip();
    if globals.json {
        return print::json(&json!({
            "sound": verdict.is_sound(),
            "session": id_text(&verdict.session),
            "records": verdict.records,
            "control": verdict.control,
            "log": log,
            "entries": tree.map(|tree| tree.size),
            "root": tree.map(|tree| ledger::Hex(&tree.root).to_string()),
            "sealed_time": verdict.sealed.map(rfc3339),
            "cosigned": verdict.cosigned,
            "findings": audit::as_json(&verdict.findings),
        }));
    }
    print::facts(&[
        ("session", id_text(&verdict.session)),
        (
            "records",
            format!(
                "{}, and {} of the control plane",
                verdict.records, verdict.control
            ),
        ),
        ("ledger", log.unwrap_or_default()),
        (
            "entries",
            tree.map(|tree| tree.size.to_string()).unwrap_or_default(),
        ),
        ("sealed", verdict.sealed.map(rfc3339).unwrap_or_default()),
    ])?;
    audit::tell(&verdict.findings)
}

/// `audit verify-proof`
pub(crate) fn verify_proof(globals: &Globals, part: &VerifyPart) -> Result<(), Problem> {
    let damaged = |what: String| Problem::new(Kind::Damaged, what);
    let given = part.trust.key.as_deref().ok_or_else(|| {
        Problem::usage("a proof is worth what the key is worth that it is checked with")
            .hint("--key, from `portcullis audit key`")
    })?;
    let key: VerifierKey = vkey(given)?;
    let bytes = read(&part.file, PROOF_BYTES_MAX)?;
    let proof: SessionProof = serde_json::from_slice(&bytes)
        .map_err(|error| damaged(format!("this is no proof: {error}")))?;
    let (checkpoint, entries) = proof
        .check(&key)
        .map_err(|error| damaged(error.to_string()))?;
    let note = Note::parse(proof.checkpoint.as_bytes());
    let note = note.map_err(|error| damaged(error.to_string()))?;
    let policy = witnesses(&part.trust)?;
    policy
        .check(&note)
        .map_err(|error| damaged(error.to_string()))?;
    let about = entries.iter().filter(|entry| {
        let session = entry.session();
        session.is_some_and(|id| ledger::Hex(&id).to_string() == proof.session)
    });
    let about: Vec<String> = about.map(Entry::to_string).collect();
    if globals.json {
        return print::json(&json!({
            "sound": !about.is_empty(),
            "session": proof.session,
            "log": checkpoint.origin,
            "entries": checkpoint.head.size,
            "root": ledger::Hex(&checkpoint.head.root).to_string(),
            "proved": about,
        }));
    }
    for entry in &about {
        print::line(&single_line(entry))?;
    }
    print::line(&format!(
        "{} entries of session {} are in {} of {} entries",
        about.len(),
        single_line(&proof.session),
        single_line(&checkpoint.origin),
        checkpoint.head.size
    ))?;
    audit::verdict(globals, !about.is_empty(), "the proof")
}

/// A file that is not longer than such files are.
fn read(path: &Path, max: u64) -> Result<Vec<u8>, Problem> {
    let cannot = |error: std::io::Error| Problem::failed(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(max + 1).read_to_end(&mut bytes).map_err(cannot)?;
    match bytes.len() as u64 > max {
        true => Err(Problem::new(
            Kind::Damaged,
            format!("{} is too long", path.display()),
        )),
        false => Ok(bytes),
    }
}
