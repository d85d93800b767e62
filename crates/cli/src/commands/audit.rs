//! `audit …`: checks a journal and its ledger without trusting whoever keeps them, and hands out proofs and keys.
//!
//! Never writes, and takes nothing in the files for true.

mod reconcile;
mod sent;
mod server_log;

use std::path::{Path, PathBuf};

use contract::visible::single_line;
use jiff::Timestamp;
use ledger::find::rfc3339;
use ledger::tlog::check::{self, Report, Wish};
use ledger::tlog::folder::{CHECKPOINT, Folder, VKEY};
use ledger::tlog::note::{Note, VerifierKey, WitnessPolicy};
use ledger::tlog::prove;
use ledger::verify::{self, Finding};
use serde_json::{Value, json};

pub use reconcile::OwnQuestions;

use crate::args::{Audit, AuditVerify, Globals, Trust};
use crate::commands::{offline, pack, sessions};
use crate::print;
use crate::problem::{Kind, Problem};
use crate::session;

pub(crate) async fn run(
    globals: &Globals,
    command: &Audit,
    own: &OwnQuestions,
) -> Result<(), Problem> {
    match command {
        Audit::Reconcile(wish) => reconcile::run(globals, wish, own),
        Audit::Verify { wish } => verify(globals, wish),
        Audit::Proof { ledger, session } => proof(ledger, session),
        Audit::VerifyProof(part) => pack::verify_proof(globals, part),
        Audit::Pack(wish) => pack::make(globals, wish),
        Audit::VerifyPack(part) => pack::verify(globals, part),
        Audit::Key { ledger } => key(globals, ledger.as_deref()).await,
    }
}

fn verify(globals: &Globals, wish: &AuditVerify) -> Result<(), Problem> {
    let beside = || {
        wish.journal
            .parent()
            .unwrap_or(Path::new("."))
            .join("ledger")
    };
    let dir = wish.ledger.clone().unwrap_or_else(beside);
    if Folder::new(&dir).is_log() {
        return with_ledger(globals, wish, &dir);
    }
    let needs = wish.ledger.is_some() || wish.trust.key.is_some() || wish.since.is_some();
    if needs || !wish.trust.witnesses.is_empty() || !wish.since_checkpoints.is_empty() {
        let problem = Problem::new(Kind::Damaged, format!("{} holds no ledger", dir.display()));
        return Err(problem.hint("it was removed, or give its folder with --ledger"));
    }
    match &wish.session {
        Some(id) => one(globals, &wish.journal, id),
        None => all(globals, &wish.journal),
    }
}

/// Checks the journal against its ledger.
fn with_ledger(globals: &Globals, wish: &AuditVerify, dir: &Path) -> Result<(), Problem> {
    let since = sessions::time(wish.since.as_deref(), Timestamp::now())?;
    let journal = &wish.journal;
    let kept = wish.since_checkpoints.iter().map(checkpoint);
    let wish = Wish {
        key: wish.trust.key.as_deref().map(vkey).transpose()?,
        witnesses: witnesses(&wish.trust)?,
        kept: kept.collect::<Result<Vec<_>, _>>()?,
        since: since.map(|time| u64::try_from(time.as_microsecond()).unwrap_or(0)),
        session: wish.session.as_deref().map(offline::id).transpose()?,
    };
    let report = check::check(journal, dir, &wish).map_err(unusable)?;
    tell_report(globals, &report, &wish)?;
    verdict(globals, report.is_sound(), "the journal")
}

fn tell_report(globals: &Globals, report: &Report, wish: &Wish) -> Result<(), Problem> {
    let found = report
        .findings
        .iter()
        .map(|finding| (finding.is_alarm(), finding.to_string()));
    let found: Vec<_> = found.chain(told(&report.journal.findings)).collect();
    let time = report
        .sealed_time
        .and_then(|micros| i64::try_from(micros).ok());
    let time = time.and_then(|micros| Timestamp::from_microsecond(micros).ok());
    if globals.json {
        return print::json(&json!({
            "sound": report.is_sound(),
            "segments": report.journal.segments,
            "records": report.journal.records,
            "sessions": report.journal.sessions,
            "head": head(&report.journal),
            "ledger": {
                "key": report.key.as_ref().map(ToString::to_string),
                "key_pinned": wish.key.is_some(),
                "entries": report.tree.map(|tree| tree.size),
                "root": report.tree.map(|tree| ledger::Hex(&tree.root).to_string()),
                "seals": report.seals,
                "sealed": report.sealed,
                "sealed_time": time.map(|time| time.to_string()),
                "cosigned": report.cosigned,
            },
            "findings": as_json(&found),
        }));
    }
    print::line(&format!(
        "{} records of {} sessions in {} segments",
        report.journal.records, report.journal.sessions, report.journal.segments
    ))?;
    if let (Some(tree), Some(key)) = (report.tree, &report.key) {
        let (size, root) = (tree.size, ledger::Hex(&tree.root).to_string());
        print::line(&format!(
            "ledger {}: {size} entries, root {root}",
            single_line(key.name())
        ))?;
    }
    let when = time
        .map(|time| format!(", last at {time}"))
        .unwrap_or_default();
    print::line(&format!(
        "{} seals checked, up to record {}{when}",
        report.seals, report.sealed
    ))?;
    if !wish.witnesses.keys.is_empty() {
        let (asked, needed) = (wish.witnesses.keys.len(), wish.witnesses.quorum);
        print::line(&format!(
            "{} of {asked} witnesses cosigned, {needed} needed",
            report.cosigned
        ))?;
    }
    tell(&found)
}

/// Prints a session's proof.
fn proof(dir: &Path, session: &str) -> Result<(), Problem> {
    let folder = Folder::new(dir);
    let note = folder.note(CHECKPOINT).map_err(unusable)?;
    let note = note.ok_or_else(|| {
        Problem::new(
            Kind::NotFound,
            format!("{} holds no checkpoint", dir.display()),
        )
    })?;
    let proof = prove::session(&folder, &note, offline::id(session)?).map_err(unusable)?;
    if proof.entries.is_empty() {
        return Err(
            Problem::new(Kind::NotFound, "the ledger has nothing of this session")
                .hint("a session is sealed within seconds of its first statement"),
        );
    }
    print::json(&proof)
}

/// Prints the public key.
async fn key(globals: &Globals, dir: Option<&Path>) -> Result<(), Problem> {
    let text = match dir {
        Some(dir) => String::from_utf8(Folder::new(dir).file(VKEY).map_err(unusable)?)
            .map_err(|_| Problem::failed("the key beside the ledger is no text"))?,
        None => session::open(globals)?.0.open_text("/ledger/vkey").await?,
    };
    let key: VerifierKey = text.parse().map_err(unusable)?;
    match globals.json {
        true => print::json(&json!({ "key": key.to_string(), "origin": key.name() })),
        false => print::line(&key.to_string()),
    }
}

/// The witnesses whose cosignatures are asked for.
pub(super) fn witnesses(trust: &Trust) -> Result<WitnessPolicy, Problem> {
    let keys = trust.witnesses.iter().map(|text| vkey(text));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let quorum = trust.quorum.unwrap_or(keys.len());
    if quorum > keys.len() {
        return Err(Problem::usage(
            "--quorum asks for more witnesses than are given with --witness",
        ));
    }
    Ok(WitnessPolicy { keys, quorum })
}

/// A public key from the command line, or from the file that it names.
pub(super) fn vkey(text: &str) -> Result<VerifierKey, Problem> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let refused = || {
        Problem::usage(format!("{text} is neither a vkey nor a file with one"))
            .hint("portcullis audit key")
    };
    let file = std::fs::read_to_string(text).map_err(|_| refused())?;
    file.parse().map_err(|_| refused())
}

fn checkpoint(path: &PathBuf) -> Result<Note, Problem> {
    let refused = |why: String| Problem::usage(format!("{}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    Note::parse(&bytes).map_err(|error| refused(error.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn unusable(error: ledger::tlog::Error) -> Problem {
    Problem::failed(format!("the ledger cannot be read: {error}"))
}

fn head(report: &verify::Report) -> Option<Value> {
    let head = report.head?;
    Some(json!({ "sequence": head.sequence, "hash": ledger::Hex(&head.hash).to_string() }))
}

fn told(found: &[Finding]) -> Vec<(bool, String)> {
    found
        .iter()
        .map(|finding| (finding.is_alarm(), finding.to_string()))
        .collect()
}

/// Findings as JSON: whether each is an alarm, and a line.
pub(super) fn as_json(found: &[(bool, String)]) -> Vec<Value> {
    let found = found.iter();
    found
        .map(|(alarm, text)| json!({ "alarm": alarm, "text": text }))
        .collect()
}

fn all(globals: &Globals, dir: &Path) -> Result<(), Problem> {
    let report = verify::verify(dir, None).map_err(offline::unreadable)?;
    if report.segments == 0 {
        return Err(Problem::new(
            Kind::NotFound,
            format!("{} holds no journal", dir.display()),
        ));
    }
    let unsealed = (
        false,
        "there is no ledger: only the journal's own chains were checked".to_owned(),
    );
    let mut found = told(&report.findings);
    found.push(unsealed);
    if globals.json {
        print::json(&json!({
            "sound": report.is_sound(),
            "segments": report.segments,
            "records": report.records,
            "sessions": report.sessions,
            "head": head(&report),
            "findings": as_json(&found),
        }))?;
    } else {
        print::line(&format!(
            "{} records of {} sessions in {} segments",
            report.records, report.sessions, report.segments
        ))?;
        if let Some(head) = report.head {
            let hash = ledger::Hex(&head.hash).to_string();
            print::line(&format!("last record {}, hash {hash}", head.sequence))?;
        }
        tell(&found)?;
    }
    verdict(globals, report.is_sound(), "the journal")
}

fn one(globals: &Globals, dir: &Path, id: &str) -> Result<(), Problem> {
    let recording = offline::raw_recording(&offline::folder(globals, dir)?, offline::id(id)?)?;
    let is_sound = !recording.findings.iter().any(Finding::is_alarm);
    let mut found = told(&recording.findings);
    if let Some(erasure) = &recording.erased {
        let when = rfc3339(erasure.time);
        found.push((false, format!("erased on {when} by {}", erasure.by)));
    }
    if recording.locked > 0 {
        let count = recording.locked;
        found.push((
            false,
            format!("{count} records are encrypted, and their key is not to be had here"),
        ));
    }
    if globals.json {
        print::json(&json!({
            "sound": is_sound,
            "events": recording.events.len(),
            "findings": as_json(&found),
        }))?;
    } else {
        print::line(&format!("{} events", recording.events.len()))?;
        tell(&found)?;
    }
    verdict(globals, is_sound, "the journal")
}

/// Findings, a line each.
pub(super) fn tell(found: &[(bool, String)]) -> Result<(), Problem> {
    for (is_alarm, text) in found {
        let mark = if *is_alarm { "ALARM" } else { "remark" };
        print::line(&format!("{mark}: {}", single_line(text)))?;
    }
    Ok(())
}

/// The last word on what was checked.
pub(super) fn verdict(globals: &Globals, is_sound: bool, what: &str) -> Result<(), Problem> {
    if !is_sound {
        let message = format!("{what} does not verify");
        return Err(Problem::new(Kind::Damaged, message));
    }
    if globals.json {
        return Ok(());
    }
    print::line("sound")
}
