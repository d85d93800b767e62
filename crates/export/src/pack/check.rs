//! Checking a pack: that it is what its maker wrote, that the ledger proves every record in it, and that what people
//! read in it is what the records say.
//!
//! Must never take anything in the pack for true, its key least of all, and never panic on any bytes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use ledger::Hex;
use ledger::record::{Chain, Record, Stream};
use ledger::segment::{Item, items_of};
use ledger::tlog::entry::{Entry, stream_name};
use ledger::tlog::merkle::Head;
use ledger::tlog::note::{Note, VerifierKey, WitnessPolicy};
use ledger::tlog::prove::SessionProof;

use super::gather::{Control, Material};
use super::{
    BEFORE, CHECKPOINT, Error, KEY, MANIFEST, PROOF, README, RECORDING, VKEY, archive,
    control_name, derive,
};

/// What to check against.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The ledger's public key, from elsewhere. Without it the pack's own is taken, which proves nothing about who made it.
    pub key: Option<VerifierKey>,
    /// Who must have cosigned the checkpoint.
    pub witnesses: WitnessPolicy,
}

/// What a check came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// The session that the pack says it holds.
    pub session: [u8; 16],
    /// Its records.
    pub records: u64,
    /// The control-plane records beside them.
    pub control: u64,
    /// The log's name and tree, where the checkpoint is good.
    pub checkpoint: Option<(String, Head)>,
    /// When the last of it was sealed, in microseconds since 1970 UTC.
    pub sealed: Option<u64>,
    /// How many of the witnesses cosigned.
    pub cosigned: usize,
    /// What was found: whether it speaks against the pack, and in words.
    pub findings: Vec<(bool, String)>,
}

impl Verdict {
    /// Whether nothing speaks against it.
    pub fn is_sound(&self) -> bool {
        !self.findings.iter().any(|(is_alarm, _)| *is_alarm)
    }

    fn alarm(&mut self, what: impl Into<String>) {
        self.findings.push((true, what.into()));
    }

    fn remark(&mut self, what: impl Into<String>) {
        self.findings.push((false, what.into()));
    }
}

type Files<'a> = BTreeMap<String, Cow<'a, [u8]>>;

/// Checks a pack.
///
/// # Errors
/// [`Error::Pack`] when the bytes are no pack at all.
pub fn check(bytes: &[u8], wish: &Wish) -> Result<Verdict, Error> {
    let listed = archive::read(bytes)?;
    let files: Files<'_> = listed
        .iter()
        .map(|f| (f.name.clone(), f.bytes.clone()))
        .collect();
    let mut verdict = Verdict::default();
    let proof: SessionProof =
        serde_json::from_slice(file(&files, PROOF)?).map_err(|_| Error::Pack {
            what: "its proof cannot be read",
        })?;
    verdict.session = session_of(&proof)?;
    manifest(&listed, &mut verdict);
    let listing = verdict.findings.len();
    let entries = proved(&files, &proof, wish, &mut verdict);
    let material = material(&files, &mut verdict)?;
    control(&material, &entries, &mut verdict);
    chains(&material.records, &entries, &mut verdict);
    let journal = super::journal_of(&proof);
    if journal.is_none() {
        verdict.alarm("the proof does not say which journal it is about");
    }
    // Records that nobody vouches for are not even decompressed, whatever else is wrong with the pack.
    let of_records = verdict.findings.iter().skip(listing);
    match !of_records.clone().any(|(is_alarm, _)| *is_alarm) {
        true => same(&files, journal.unwrap_or_default(), &material, &mut verdict)?,
        false => verdict.remark("report, events and policies were not compared with the records"),
    }
    Ok(verdict)
}

fn file<'a>(files: &'a Files<'_>, name: &'static str) -> Result<&'a [u8], Error> {
    let found = files.get(name).map(|bytes| &**bytes);
    found.ok_or(Error::Pack {
        what: "a part of it is missing",
    })
}

fn session_of(proof: &SessionProof) -> Result<[u8; 16], Error> {
    let refused = || Error::Pack {
        what: "its session's id is none",
    };
    hex(&proof.session).ok_or_else(refused)
}

/// Bytes out of exactly as many hexadecimal digits.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

/// The manifest and the words to strangers are those that belong to the other files.
fn manifest(listed: &[archive::File<'_>], verdict: &mut Verdict) {
    let [readme, manifest, rest @ ..] = listed else {
        return verdict.alarm("README.txt and manifest.json are not in their places");
    };
    let has_key = rest.iter().any(|file| file.name == KEY);
    let expect = super::readme(verdict.session, has_key);
    if readme.name != README || *readme.bytes != *expect.as_bytes() {
        verdict.alarm("README.txt is not the one that this version writes: do not follow it");
    }
    let expect = super::manifest(verdict.session, rest);
    if manifest.name != MANIFEST || *manifest.bytes != *expect.as_bytes() {
        verdict
            .alarm("manifest.json is not that of these files, or of another version of Portcullis");
    }
}

/// The proof's entries, if the checkpoint is signed and they stand in its tree.
fn proved(
    files: &Files<'_>,
    proof: &SessionProof,
    wish: &Wish,
    verdict: &mut Verdict,
) -> Vec<Entry<'static>> {
    if files
        .get(CHECKPOINT)
        .is_none_or(|kept| **kept != *proof.checkpoint.as_bytes())
    {
        verdict.alarm("the proof is under another checkpoint than the one in the pack");
    }
    let own = || {
        let text = files
            .get(VKEY)
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.and_then(|text| text.parse::<VerifierKey>().ok())
    };
    let key = match &wish.key {
        Some(key) => {
            if own().as_ref() != Some(key) {
                verdict.alarm("the public key in the pack is not the given one");
            }
            key.clone()
        }
        None => match own() {
            Some(key) => {
                verdict.remark("no key was given: the pack's own proves nothing about who made it");
                key
            }
            None => {
                verdict.alarm("there is no public key to check with");
                return Vec::new();
            }
        },
    };
    if let Ok(note) = Note::parse(proof.checkpoint.as_bytes()) {
        verdict.cosigned = wish.witnesses.count(&note);
        if let Err(error) = wish.witnesses.check(&note) {
            verdict.alarm(error.to_string());
        }
    }
    match proof.check(&key) {
        Ok((checkpoint, entries)) => {
            verdict.checkpoint = Some((checkpoint.origin, checkpoint.head));
            verdict.sealed = entries.iter().rev().find_map(|entry| match entry {
                Entry::Seal { time, .. } => Some(*time),
                _ => None,
            });
            entries
        }
        Err(error) => {
            verdict.alarm(error.to_string());
            Vec::new()
        }
    }
}

/// The pack's own parts, out of its files.
fn material(files: &Files<'_>, verdict: &mut Verdict) -> Result<Material, Error> {
    let key = match files.get(KEY) {
        None => None,
        Some(bytes) => {
            let text = std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| text.strip_suffix('\n'));
            let key = text.and_then(hex);
            if key.is_none() {
                verdict.alarm("session.key is no key");
            }
            key
        }
    };
    let mut control = BTreeMap::new();
    let lines = files
        .get(BEFORE)
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .unwrap_or_default();
    for line in lines.lines() {
        let parsed = line
            .split_once(' ')
            .and_then(|(sequence, before)| Some((sequence.parse::<u64>().ok()?, hex(before)?)));
        let found = parsed.and_then(|(sequence, before)| {
            let bytes = files.get(&control_name(sequence))?.to_vec();
            Some((sequence, Control { before, bytes }))
        });
        match found {
            Some((sequence, record)) => {
                control.insert(sequence, record);
            }
            None => verdict.alarm("a control-plane record is missing from the pack"),
        }
    }
    verdict.control = control.len() as u64;
    Ok(Material {
        records: file(files, RECORDING)?.to_vec(),
        key,
        control,
    })
}

/// Each control-plane record is one record, and the ledger has it.
fn control(material: &Material, entries: &[Entry<'_>], verdict: &mut Verdict) {
    for (at, control) in &material.control {
        let mut found = items_of(&control.bytes);
        let record = match (found.next(), found.next()) {
            (Some(Item::Record { record, .. }), None) => Some(record),
            _ => None,
        };
        let is_proved = record.is_some_and(|record| {
            record.header.sequence == *at
                && record.expected_hash(&control.before) == record.hash
                && entries.iter().any(|entry| is_of(entry, &record))
        });
        if !is_proved {
            verdict.alarm(format!(
                "the ledger does not prove record {at} of the control plane"
            ));
        }
    }
}

/// Whether an entry is about one control-plane record.
fn is_of(entry: &Entry<'_>, record: &Record<'_>) -> bool {
    let header = &record.header;
    match entry {
        Entry::Control {
            session,
            number,
            sequence,
            hash,
            ..
        } => {
            (*session, *number, *sequence, *hash)
                == (header.session, header.number, header.sequence, record.hash)
                && header.stream == Stream::Intents
        }
        Entry::Log { .. }
        | Entry::Chain { .. }
        | Entry::Gap { .. }
        | Entry::Seal { .. }
        | Entry::Unknown(_) => false,
    }
}

/// One of a session's two streams as the pack has it: each record's place and hash.
#[derive(Default)]
struct Kept {
    records: Vec<(u64, [u8; 32])>,
    chain: Chain,
    /// How many of them the ledger proves.
    proved: u64,
}

/// The session's records are whole, in order, unaltered, and all of them are in the ledger.
fn chains(records: &[u8], entries: &[Entry<'_>], verdict: &mut Verdict) {
    let (mut intents, mut results) = (Kept::default(), Kept::default());
    for item in items_of(records) {
        let Item::Record { record, .. } = item else {
            return verdict.alarm("recording.pcj holds bytes that are no record");
        };
        let header = &record.header;
        let kept = match header.stream {
            Stream::Intents => &mut intents,
            Stream::Results => &mut results,
        };
        let follows = header.number == kept.chain.records + 1
            && record.expected_hash(&kept.chain.hash) == record.hash;
        if header.session != verdict.session || !follows {
            let sequence = header.sequence;
            verdict.alarm(format!(
                "record {sequence} does not follow from the one before it: edited, added or removed"
            ));
            return;
        }
        kept.chain = Chain {
            records: header.number,
            hash: record.hash,
        };
        kept.records.push((header.sequence, record.hash));
    }
    verdict.records = (intents.records.len() + results.records.len()) as u64;
    for entry in entries {
        let Some((stream, span)) = of_session(entry, verdict.session) else {
            continue;
        };
        let kept = match stream {
            Stream::Intents => &mut intents,
            Stream::Results => &mut results,
        };
        if let Err(what) = kept.prove(span) {
            verdict.alarm(format!(
                "{} {} to {} {what}",
                stream_name(stream),
                span.from,
                span.to
            ));
        }
    }
    for (stream, kept) in [(Stream::Intents, &intents), (Stream::Results, &results)] {
        let there = kept.records.len() as u64;
        if kept.proved < there {
            let (name, from) = (stream_name(stream), kept.proved + 1);
            verdict.alarm(format!("{name} {from} to {there} are not in the ledger"));
        }
    }
}

/// What an entry proves of a stream.
#[derive(Clone, Copy)]
struct Proved {
    from: u64,
    to: u64,
    first: u64,
    last: u64,
    hash: [u8; 32],
}

fn of_session(entry: &Entry<'_>, id: [u8; 16]) -> Option<(Stream, Proved)> {
    match entry {
        Entry::Chain {
            session,
            stream,
            numbers,
            sequences,
            hash,
        } if *session == id => {
            let proved = Proved {
                from: numbers.from,
                to: numbers.to,
                first: sequences.from,
                last: sequences.to,
                hash: *hash,
            };
            Some((*stream, proved))
        }
        Entry::Control {
            session,
            number,
            sequence,
            hash,
            ..
        } if *session == id => {
            let proved = Proved {
                from: *number,
                to: *number,
                first: *sequence,
                last: *sequence,
                hash: *hash,
            };
            Some((Stream::Intents, proved))
        }
        _ => None,
    }
}

impl Kept {
    /// Takes what the ledger says of the next records of this stream.
    fn prove(&mut self, said: Proved) -> Result<(), &'static str> {
        let at = |number: u64| {
            let index = usize::try_from(number.checked_sub(1)?).ok()?;
            self.records.get(index).copied()
        };
        if said.from != self.proved + 1 || said.to < said.from {
            return Err("do not follow in the proof: a part of it is missing");
        }
        match (at(said.from), at(said.to)) {
            (Some((first, _)), Some((last, hash)))
                if first == said.first && last == said.last && hash == said.hash =>
            {
                self.proved = said.to;
                Ok(())
            }
            (Some(_), Some(_)) => Err("are not those that were sealed: edited"),
            _ => Err("were sealed and are missing: the recording was cut"),
        }
    }
}

/// What people and tools read is what the records say, and nothing else is in the pack.
fn same(
    files: &Files<'_>,
    journal: [u8; 16],
    material: &Material,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let derived = match derive::derive(journal, verdict.session, material) {
        Ok(derived) => derived,
        Err(Error::NoSession) => {
            verdict.alarm("there is no recording in the pack");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let mut known: BTreeSet<&str> = [
        README, MANIFEST, RECORDING, KEY, BEFORE, CHECKPOINT, VKEY, PROOF,
    ]
    .into();
    let control: Vec<String> = material
        .control
        .keys()
        .map(|at| control_name(*at))
        .collect();
    known.extend(control.iter().map(String::as_str));
    known.extend(derived.iter().map(|(name, _)| name.as_str()));
    for name in files.keys().filter(|name| !known.contains(name.as_str())) {
        verdict.alarm(format!("{name} does not belong into the pack"));
    }
    for (name, bytes) in &derived {
        if files.get(name).is_none_or(|kept| **kept != **bytes) {
            verdict.alarm(format!(
                "{name} is not what the records say, or was made by another version of Portcullis"
            ));
        }
    }
    recording(material, verdict);
    Ok(())
}

/// What the session's own records say of themselves.
fn recording(material: &Material, verdict: &mut Verdict) {
    let Some(recording) = derive::recording(verdict.session, material) else {
        return;
    };
    for finding in &recording.findings {
        verdict
            .findings
            .push((finding.is_alarm(), finding.to_string()));
    }
    if recording.locked > 0 {
        verdict.remark(format!(
            "{} records are encrypted, and the pack has no key to them",
            recording.locked
        ));
    }
    let have: BTreeSet<String> = derive::policies(material).names.into_keys().collect();
    let used = recording.events.iter().filter_map(|event| match event {
        ledger::Event::Action(action) => Some(Hex(&action.policy).to_string()),
        _ => None,
    });
    let missing: BTreeSet<String> = used.filter(|hash| !have.contains(hash)).collect();
    for hash in missing {
        verdict.remark(format!("policy set {hash} is not in the pack"));
    }
}

/// Only what the ledger has: a pack of a session that goes on leaves out what is not sealed yet.
pub(super) fn sealed_part(records: &[u8], session: [u8; 16], proof: &SessionProof) -> Vec<u8> {
    let (mut intents, mut results) = (0, 0);
    for entry in &proof.entries {
        match of_session(&Entry::parse(entry.entry.as_bytes()), session) {
            Some((Stream::Intents, proved)) => intents = proved.to.max(intents),
            Some((Stream::Results, proved)) => results = proved.to.max(results),
            None => {}
        }
    }
    let mut out = Vec::with_capacity(records.len());
    let mut items = items_of(records).peekable();
    while let Some(item) = items.next() {
        let Item::Record { offset, record } = item else {
            continue;
        };
        let sealed = match record.header.stream {
            Stream::Intents => intents,
            Stream::Results => results,
        };
        let end = match items.peek() {
            Some(
                Item::Record { offset, .. }
                | Item::Damage { offset, .. }
                | Item::Torn { offset, .. },
            ) => *offset,
            None => records.len(),
        };
        if record.header.number <= sealed {
            out.extend_from_slice(records.get(offset..end).unwrap_or_default());
        }
    }
    out
}
