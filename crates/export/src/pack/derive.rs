//! What a pack says for people and tools, computed from its records alone.
//!
//! Must never take anything from elsewhere: whoever checks a pack computes the same bytes again.

use std::collections::BTreeMap;

use ledger::journal::{self, Recording};
use ledger::keys::SessionKey;
use ledger::record::Record;
use ledger::segment::{Item, items_of};
use ledger::{Event, codec};

use super::Error;
use super::gather::{self, Material};
use super::report::{self, Particulars};
use crate::event::{AuditEvent, Kind};
use crate::fold::Fold;
use crate::format::Format;

/// Bytes of a session's records before compression, and of what its actions say: all of it is held in memory.
const RAW_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// The derived files by name.
pub(super) fn derive(
    journal: [u8; 16],
    session: [u8; 16],
    material: &Material,
) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let raw = records(&material.records).map(|record| u64::from(record.header.raw_bytes));
    if raw.sum::<u64>() > RAW_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    if says_more_than(RAW_BYTES_MAX, session, material) {
        return Err(Error::TooLarge);
    }
    let recording = recording(session, material).ok_or(Error::NoSession)?;
    let events = events(journal, session, material);
    let mut lines = Vec::new();
    let mut encoder = Format::Jsonl.encoder();
    for event in &events {
        encoder.event(event, &mut lines).map_err(Error::Write)?;
    }
    let policies = policies(material);
    let particulars = Particulars {
        session,
        recording: &recording,
        events: &events,
        policies: &policies.names,
    };
    let mut files = vec![
        (
            "report.html".to_owned(),
            report::report(&particulars).into_bytes(),
        ),
        ("events.jsonl".to_owned(), lines),
    ];
    files.extend(policies.files);
    Ok(files)
}

/// The session's recording, decrypted where its key is there.
pub(super) fn recording(session: [u8; 16], material: &Material) -> Option<Recording> {
    let key = material
        .key
        .and_then(|key| SessionKey::new(key.into()).ok());
    let mut bytes = key
        .map(|key| journal::key_preamble(&key))
        .unwrap_or_default();
    bytes.extend_from_slice(&material.records);
    journal::recording_from(&bytes, session)
}

/// The records of some bytes, which hold nothing else.
pub(super) fn records(bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    items_of(bytes).filter_map(|item| match item {
        Item::Record { record, .. } => Some(record),
        Item::Damage { .. } | Item::Torn { .. } => None,
    })
}

/// Whether the actions of a session say more than so many bytes. An action of a few bytes may say again all that the one
/// before it in its payload said.
fn says_more_than(bytes_max: u64, session: [u8; 16], material: &Material) -> bool {
    let keys = keys(session, material);
    let mut opener = ledger::keys::Opener::new(&*keys);
    let control = material.control.values();
    let control = control.flat_map(|control| records(&control.bytes));
    let mut said = 0_u64;
    for record in records(&material.records).chain(control) {
        let payload = opener.payload(&record).unwrap_or_default();
        for event in codec::events(&payload).map_while(Result::ok) {
            said = said.saturating_add(said_again(&event));
            if said > bytes_max {
                return true;
            }
        }
    }
    false
}

/// Bytes of what an action may have from the one before it.
fn said_again(event: &Event<'_>) -> u64 {
    let Event::Action(action) = event else {
        return 0;
    };
    let listed = |bytes: usize| size_of::<String>() + bytes;
    let texts = action.effects.iter().chain(&action.masked);
    let texts: usize = texts.map(|text| listed(text.len())).sum();
    let reasons = action.reasons.iter();
    let reasons: usize = reasons
        .map(|(a, b)| listed(a.len()) + listed(b.len()))
        .sum();
    (action.text.len() + texts + reasons) as u64
}

fn keys(session: [u8; 16], material: &Material) -> Box<dyn ledger::keys::Keys> {
    let key = material
        .key
        .and_then(|key| SessionKey::new(key.into()).ok());
    match key {
        Some(key) => Box::new(ledger::keys::OneKey::new(session, key)),
        None => Box::new(ledger::keys::NoKeys),
    }
}

/// The audit events of a pack's records, in the journal's order.
fn events(journal: [u8; 16], session: [u8; 16], material: &Material) -> Vec<AuditEvent> {
    let control = material
        .control
        .values()
        .flat_map(|control| records(&control.bytes));
    let mut all: Vec<_> = records(&material.records).chain(control).collect();
    all.sort_by_key(|record| record.header.sequence);
    let keys = keys(session, material);
    let mut opener = ledger::keys::Opener::new(&*keys);
    let mut fold = Fold::of_a_part(journal);
    let mut events = Vec::new();
    for record in all {
        let payload = opener.payload(&record);
        events.extend(fold.take(&record, payload.as_deref().map_err(|error| *error)));
    }
    events.retain(|event| event.kind() != Kind::StatementDecided);
    // What has not ended has no other event.
    events.extend(fold.pending());
    events
}

/// Policy sets: the files, and how each set is called.
pub(super) struct Policies {
    files: Vec<(String, Vec<u8>)>,
    pub(super) names: BTreeMap<String, Vec<String>>,
}

pub(super) fn policies(material: &Material) -> Policies {
    let mut found = Policies {
        files: Vec::new(),
        names: BTreeMap::new(),
    };
    for control in material.control.values() {
        for record in records(&control.bytes) {
            let payload = record.payload().unwrap_or_default();
            if let Some(Ok(event)) = codec::events(&payload).next() {
                found.add(&event);
            }
        }
    }
    found
}

impl Policies {
    fn add(&mut self, event: &Event<'_>) {
        let Some(hash) = gather::field(event, "policy.loaded", "policy") else {
            return;
        };
        let Event::Control { fields, .. } = event else {
            return;
        };
        let hash = plain(hash);
        let texts = fields.iter().filter(|(name, _)| name.contains('.'));
        let files: Vec<_> = texts
            .enumerate()
            .map(|(at, (name, text))| {
                (
                    format!("policy/{hash}/{at:02}-{}", plain(name)),
                    text.as_bytes().to_vec(),
                )
            })
            .collect();
        self.names
            .insert(hash, files.iter().map(|(name, _)| name.clone()).collect());
        self.files.extend(files);
    }
}

/// A name with nothing in it but plain characters.
fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .take(80)
        .collect()
}
