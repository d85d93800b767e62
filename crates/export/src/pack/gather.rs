//! What goes into a pack, out of a journal: one session's records, and the control-plane records that belong to it.
//!
//! Must never change a record: each is the bytes that stand in the journal.

use std::collections::{BTreeMap, BTreeSet};

use ledger::codec;
use ledger::journal::Folder;
use ledger::keys::Access;
use ledger::record::{GENESIS, Record, Stream};
use ledger::{Event, Hex};

use crate::error::Error;
use crate::reader::{Reader, Step};

/// A record of the control plane, with what its hash stands on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Control {
    /// The hash of the record before it in its chain.
    pub before: [u8; 32],
    /// The record as it stands in the journal.
    pub bytes: Vec<u8>,
}

/// What is particular to one session.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Material {
    /// Its records, one behind the other, as they stand in the journal.
    pub records: Vec<u8>,
    /// Its key, where it is encrypted and the key is to be had.
    pub key: Option<[u8; 32]>,
    /// The control-plane records that belong to it, by their place in the journal.
    pub control: BTreeMap<u64, Control>,
}

/// What to look for among the control-plane records.
#[derive(Default)]
struct Wanted {
    /// Policy sets that decided, as `policy.loaded` names them.
    policies: BTreeSet<String>,
    /// Requests for approval.
    approvals: BTreeSet<String>,
    /// The session's last record: what came later was not in force.
    last: u64,
}

/// Gathers one session; `None` when the journal has nothing of it.
///
/// # Errors
/// [`Error::Read`].
pub(crate) fn gather(folder: &Folder, session: [u8; 16]) -> Result<Option<Material>, Error> {
    let (mut material, mut wanted) = (Material::default(), Wanted::default());
    let mut opener = folder.opener();
    each(folder, |record, bytes| {
        if record.header.session != session {
            return;
        }
        material.records.extend_from_slice(bytes);
        wanted.last = record.header.sequence;
        if let Ok(payload) = opener.payload(record) {
            let events = codec::events(&payload).map_while(Result::ok);
            events.for_each(|event| wanted.note(&event));
        }
    })?;
    if material.records.is_empty() {
        return Ok(None);
    }
    if let Access::Key(key) = folder.access(&session) {
        material.key = Some(*key.expose());
    }
    material.control = control(folder, &wanted)?;
    Ok(Some(material))
}

impl Wanted {
    fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Action(action) => {
                self.policies.insert(Hex(&action.policy).to_string());
                let ids = action.approval.iter().map(ledger::find::id_text);
                self.approvals.extend(ids);
            }
            Event::Approval(approval) => {
                self.approvals
                    .insert(ledger::find::id_text(&approval.approval));
            }
            Event::SessionOpened(_)
            | Event::Response { .. }
            | Event::Completed(_)
            | Event::SessionClosed { .. }
            | Event::Control { .. }
            | Event::ResponseRest { .. }
            | Event::StreamEnd(_)
            | Event::Unknown(_) => {}
        }
    }

    /// The policy set that an event loads, if it is a wanted one.
    fn policy<'a>(&self, event: &'a Event<'_>) -> Option<&'a str> {
        let hash = field(event, "policy.loaded", "policy")?;
        self.policies.contains(hash).then_some(hash)
    }

    fn is_answer(&self, event: &Event<'_>) -> bool {
        let names = ["approval.answered", "approval.answer_refused"];
        let mut ids = names
            .iter()
            .filter_map(|name| field(event, name, "approval"));
        ids.any(|id| self.approvals.contains(id))
    }
}

/// A field of a control event of a name.
pub(crate) fn field<'a>(event: &'a Event<'_>, name: &str, field: &str) -> Option<&'a str> {
    match event {
        Event::Control {
            name: known,
            fields,
            ..
        } if known == name => {
            let mut found = fields.iter().filter(|(known, _)| known == field);
            found.next().map(|(_, value)| &**value)
        }
        _ => None,
    }
}

/// The last loading of each policy set before the session's end, and all answers to its requests.
fn control(folder: &Folder, wanted: &Wanted) -> Result<BTreeMap<u64, Control>, Error> {
    let mut run: Option<([u8; 16], [u8; 32])> = None;
    let mut policies: BTreeMap<String, (u64, Control)> = BTreeMap::new();
    let mut found = BTreeMap::new();
    each(folder, |record, bytes| {
        let header = &record.header;
        let is_of_run = run.is_some_and(|(session, _)| session == header.session);
        if record.is_encrypted()
            || header.stream != Stream::Intents
            || (header.number != 1 && !is_of_run)
        {
            return;
        }
        let Ok(payload) = record.payload() else {
            return;
        };
        let Some(Ok(event)) = codec::events(&payload).next() else {
            return;
        };
        let starts = matches!(&event, Event::Control { name, .. } if name == "gateway.started");
        if !starts && !is_of_run {
            return;
        }
        let before = run.filter(|_| !starts).map_or(GENESIS, |(_, hash)| hash);
        run = Some((header.session, record.hash));
        let made = || Control {
            before,
            bytes: bytes.to_vec(),
        };
        if let Some(hash) = wanted
            .policy(&event)
            .filter(|_| header.sequence < wanted.last)
        {
            policies.insert(hash.to_owned(), (header.sequence, made()));
        } else if wanted.is_answer(&event) {
            found.insert(header.sequence, made());
        }
    })?;
    found.extend(policies.into_values());
    Ok(found)
}

/// Calls `visit` with every record and its bytes as they stand in the journal.
fn each(folder: &Folder, mut visit: impl FnMut(&Record<'_>, &[u8])) -> Result<(), Error> {
    let mut reader = Reader::new(folder.path(), 0);
    let step = |reader: &mut Reader, visit: &mut dyn FnMut(&Record<'_>, &[u8])| {
        reader.step_raw(u64::MAX, |record, bytes| {
            visit(record, bytes);
            true
        })
    };
    while step(&mut reader, &mut visit)? == Step::More {}
    Ok(())
}
