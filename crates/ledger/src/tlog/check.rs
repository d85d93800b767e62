//! Checking a journal against its ledger: signature, tree, every seal, and older checkpoints that somebody kept.
//!
//! Must never trust what it checks, and never stop at the first thing that is wrong. Needs files alone.

mod finding;
mod seals;
mod tree;

use std::path::Path;

pub use finding::Finding;

use self::seals::Comparison;
use super::folder::{CHECKPOINT, Folder, PENDING, VKEY};
use super::merkle::Head as Tree;
use super::note::{Checkpoint, Note, VerifierKey, WitnessPolicy};
use super::{Error, merkle};
use crate::journal::{self, ReadError, SegmentFile};
use crate::segment::{Item, SegmentHeader, items};
use crate::verify::{self, Head, Verifier};

/// What is to be checked, and against what.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The log's public key, had from elsewhere. Without it, the one beside the log is taken on its word.
    pub key: Option<VerifierKey>,
    /// Witnesses that must have cosigned.
    pub witnesses: WitnessPolicy,
    /// Checkpoints that somebody kept.
    pub kept: Vec<Note>,
    /// Only what was sealed at this time (microseconds since 1970) or later.
    pub since: Option<u64>,
    /// Only this session.
    pub session: Option<[u8; 16]>,
}

/// What the check says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The log's key, as text.
    pub key: Option<VerifierKey>,
    /// The tree that the checkpoint has.
    pub tree: Option<Tree>,
    /// Seals looked at.
    pub seals: u64,
    /// The last record that is sealed.
    pub sealed: u64,
    /// When the last seal was made, as the log says.
    pub sealed_time: Option<u64>,
    /// How many of the witnesses asked for cosigned.
    pub cosigned: usize,
    /// What is wrong with the log, or with the journal in the light of the log.
    pub findings: Vec<Finding>,
    /// What is wrong with the journal in itself.
    pub journal: verify::Report,
}

impl Report {
    /// Whether nothing speaks against log and journal.
    pub fn is_sound(&self) -> bool {
        self.journal.is_sound() && !self.findings.iter().any(Finding::is_alarm)
    }
}

/// Checks a journal and the log that seals it.
///
/// # Errors
/// [`Error`] when files cannot be read at all; what is wrong with them is in the report.
pub fn check(journal: &Path, log: &Path, wish: &Wish) -> Result<Report, Error> {
    let folder = Folder::new(log);
    let mut report = Report {
        key: None,
        tree: None,
        seals: 0,
        sealed: 0,
        sealed_time: None,
        cosigned: 0,
        findings: Vec::new(),
        journal: verify::Report::default(),
    };
    let size = check_log(&folder, wish, &mut report)?;
    check_journal(journal, &folder, size, wish, &mut report)?;
    Ok(report)
}

/// Checks checkpoint and tree; says how many entries there are to go by.
fn check_log(folder: &Folder, wish: &Wish, report: &mut Report) -> Result<u64, Error> {
    report.key = key(folder, wish, &mut report.findings);
    let mut claims = Vec::new();
    let mut size = 0;
    for name in [CHECKPOINT, PENDING] {
        let note = match folder.note(name) {
            Ok(Some(note)) => note,
            Ok(None) => continue,
            Err(error) => {
                let what = format!("{name}: {error}");
                report.findings.push(Finding::Checkpoint { what });
                continue;
            }
        };
        if let Some(key) = &report.key
            && let Err(error) = Checkpoint::verified(&note, key)
        {
            let by = note.signers().join(", ");
            let what = format!("{name}: {error}; it has signatures of: {by}");
            report.findings.push(Finding::Checkpoint { what });
        }
        let Ok(checkpoint) = Checkpoint::parse(note.text()) else {
            continue;
        };
        let tree = checkpoint.head;
        if name == CHECKPOINT {
            report.tree = Some(tree);
            report.cosigned = wish.witnesses.count(&note);
            if let Err(error) = wish.witnesses.check(&note) {
                report.findings.push(Finding::Checkpoint {
                    what: format!("{name}: {error}"),
                });
            }
        } else if tree.size > report.tree.map_or(0, |tree| tree.size) {
            let published = report.tree.map_or(0, |tree| tree.size);
            report.findings.push(Finding::Pending {
                published,
                size: tree.size,
            });
        }
        size = tree.size.max(size);
        claims.push(tree::Claim { tree, kept: false });
    }
    if claims.is_empty() {
        let what = "there is no checkpoint".to_owned();
        report.findings.push(Finding::Checkpoint { what });
    }
    claims.extend(kept(wish, size, report));
    tree::check(folder, size, &claims, &mut report.findings);
    Ok(size)
}

/// The key to check with.
fn key(folder: &Folder, wish: &Wish, findings: &mut Vec<Finding>) -> Option<VerifierKey> {
    if let Some(key) = &wish.key {
        return Some(key.clone());
    }
    let beside = folder.file(VKEY).ok();
    let beside = beside.and_then(|bytes| String::from_utf8(bytes).ok());
    let key: Option<VerifierKey> = beside.and_then(|text| text.parse().ok());
    findings.push(match &key {
        Some(key) => Finding::KeyUnpinned {
            key: key.to_string(),
        },
        None => Finding::Checkpoint {
            what: "no key was given, and none lies beside the log".to_owned(),
        },
    });
    key
}

/// What kept checkpoints claim, where they are this log's.
fn kept(wish: &Wish, size: u64, report: &mut Report) -> Vec<tree::Claim> {
    let mut claims = Vec::new();
    for note in &wish.kept {
        let checkpoint = match &report.key {
            Some(key) => Checkpoint::verified(note, key),
            None => Checkpoint::parse(note.text()),
        };
        match checkpoint {
            Ok(checkpoint) if checkpoint.head.size > size => {
                let kept = checkpoint.head.size;
                report.findings.push(Finding::RolledBack { size, kept });
            }
            Ok(checkpoint) => claims.push(tree::Claim {
                tree: checkpoint.head,
                kept: true,
            }),
            Err(error) => report.findings.push(Finding::Kept {
                what: error.to_string(),
            }),
        }
    }
    claims
}

/// Reads the journal once: its own chains and every seal at the same time.
fn check_journal(
    dir: &Path,
    folder: &Folder,
    size: u64,
    wish: &Wish,
    report: &mut Report,
) -> Result<(), Error> {
    let start = seals::start(folder, size, wish.since);
    let files = journal::segments(dir).map_err(unreadable)?;
    let mut verifier = match wish.session {
        Some(_) => Verifier::one_session(),
        None => Verifier::default(),
    };
    let mut files = files.as_slice();
    let mut skip_header = None;
    if let Some(start) = &start {
        files = behind(files, start.head);
        if let Some(first) = files.first() {
            skip_header = Some(first.number);
            let wanted = |id: &[u8; 16]| wish.session.is_none_or(|only| only == *id);
            let chains = start.chains.iter().filter(|((id, _), _)| wanted(id));
            let chains = chains.map(|(key, chain)| (*key, *chain));
            verifier = verifier.behind(start.head, first.number, chains);
        }
    }
    let behind = start.as_ref().map_or(0, |start| start.head.sequence);
    let mut comparison = Comparison::new(folder, size, start, wish.session);
    for file in files {
        let bytes = journal::read_segment(file).map_err(unreadable)?;
        if skip_header != Some(file.number) && wish.session.is_none() {
            verifier.begin_segment(file.number, &bytes);
        }
        for item in items(&bytes) {
            match item {
                Item::Record { record, .. } if record.header.sequence <= behind => {}
                Item::Record { record, .. } => {
                    match wish.session {
                        Some(only) if only != record.header.session => {
                            verifier.erasures(&record, &only);
                        }
                        Some(_) | None => verifier.record(file.number, &record),
                    }
                    verifier.sealed(&record, comparison.record(&record));
                }
                Item::Damage { offset, bytes } => verifier.note(verify::Finding::Damaged {
                    segment: file.number,
                    offset,
                    bytes,
                }),
                Item::Torn { offset, bytes } => verifier.note(verify::Finding::Torn {
                    segment: file.number,
                    offset,
                    bytes,
                }),
            }
        }
    }
    comparison.finish(&verifier, report);
    // What older segments say of erasures was not read.
    if behind == 0 {
        verifier.keys(dir).map_err(unreadable)?;
    }
    report.journal = verifier.finish(None);
    Ok(())
}

/// The segments from the one that holds the record behind a place.
fn behind(files: &[SegmentFile], head: Head) -> &[SegmentFile] {
    let begins_before = |file: &SegmentFile| {
        let first = first_sequence(file);
        first.is_some_and(|first| first <= head.sequence.saturating_add(1))
    };
    let held = files.iter().rposition(begins_before).unwrap_or(0);
    files.get(held..).unwrap_or_default()
}

fn first_sequence(file: &SegmentFile) -> Option<u64> {
    use std::io::Read as _;
    let mut head = Vec::new();
    let length = crate::segment::SEGMENT_HEADER_BYTES as u64;
    std::fs::File::open(&file.path)
        .ok()?
        .take(length)
        .read_to_end(&mut head)
        .ok()?;
    SegmentHeader::parse(&head).map(|header| header.first_sequence)
}

fn unreadable(ReadError::Io { path, source }: ReadError) -> Error {
    let path = path.display().to_string();
    Error::Io { path, source }
}

/// Whether two checkpoints of one log are of one history, by a proof between them out of the log's files.
///
/// # Errors
/// [`Error`] when a file of the log is missing or damaged.
pub fn is_consistent(folder: &Folder, old: &Tree, new: &Tree) -> Result<bool, Error> {
    let proof = merkle::consistency(&mut folder.nodes(new.size), old.size, new.size)?;
    Ok(merkle::verify_consistency(old, new, &proof))
}

/// Where a journal stood, by its last sealed record.
pub(crate) fn head_of(sequence: u64, hash: [u8; 32]) -> Head {
    Head { sequence, hash }
}
