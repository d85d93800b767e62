//! `audit verify`: checks a journal's folder without trusting whoever keeps it.

use std::path::Path;

use contract::visible::single_line;
use ledger::verify::{self, Finding};

use crate::args::{Audit, Globals};
use crate::commands::offline;
use crate::print;
use crate::problem::{Kind, Problem};

pub(crate) fn run(globals: &Globals, command: &Audit) -> Result<(), Problem> {
    let Audit::Verify { journal, session } = command;
    match session {
        Some(id) => one(globals, journal, id),
        None => all(globals, journal),
    }
}

fn all(globals: &Globals, dir: &Path) -> Result<(), Problem> {
    let report = verify::verify(dir, None).map_err(offline::unreadable)?;
    if report.segments == 0 {
        return Err(Problem::new(
            Kind::NotFound,
            format!("{} holds no journal", dir.display()),
        ));
    }
    let head = report.head.map(|head| {
        let hash: String = head.hash.iter().map(|b| format!("{b:02x}")).collect();
        (head.sequence, hash)
    });
    if globals.json {
        print::json(&serde_json::json!({
            "sound": report.is_sound(),
            "segments": report.segments,
            "records": report.records,
            "sessions": report.sessions,
            "head": head.map(|(sequence, hash)| serde_json::json!({
                "sequence": sequence, "hash": hash,
            })),
            "findings": findings(&report.findings),
        }))?;
    } else {
        print::line(&format!(
            "{} records of {} sessions in {} segments",
            report.records, report.sessions, report.segments
        ))?;
        if let Some((sequence, hash)) = head {
            print::line(&format!("last record {sequence}, hash {hash}"))?;
        }
        tell(&report.findings)?;
    }
    verdict(globals, report.is_sound())
}

fn one(globals: &Globals, dir: &Path, id: &str) -> Result<(), Problem> {
    let recording = offline::recording(dir, offline::id(id)?)?;
    let is_sound = !recording.findings.iter().any(Finding::is_alarm);
    if globals.json {
        print::json(&serde_json::json!({
            "sound": is_sound,
            "events": recording.events.len(),
            "findings": findings(&recording.findings),
        }))?;
    } else {
        print::line(&format!("{} events", recording.events.len()))?;
        tell(&recording.findings)?;
    }
    verdict(globals, is_sound)
}

fn findings(found: &[Finding]) -> Vec<serde_json::Value> {
    let found = found.iter().map(
        |finding| serde_json::json!({ "alarm": finding.is_alarm(), "text": finding.to_string() }),
    );
    found.collect()
}

fn tell(found: &[Finding]) -> Result<(), Problem> {
    for finding in found {
        let mark = if finding.is_alarm() {
            "ALARM"
        } else {
            "remark"
        };
        print::line(&format!("{mark}: {}", single_line(&finding.to_string())))?;
    }
    Ok(())
}

fn verdict(globals: &Globals, is_sound: bool) -> Result<(), Problem> {
    if !is_sound {
        return Err(Problem::new(Kind::Damaged, "the journal does not verify"));
    }
    if globals.json {
        return Ok(());
    }
    print::line("sound")
}
