//! From records to entries: what the sealer writes and what a verifier computes anew, by the same rules.
//!
//! Must never depend on anything but the records and the time of sealing, or nobody else could compute it.

use std::collections::HashMap;

use super::entry::{Entry, Span, control_name};
use crate::codec;
use crate::event::Event;
use crate::record::{KIND_EVENTS, Record, Stream};
use crate::verify::Head;

/// A batch is closed when so many records are in it, whatever the time.
pub const RECORDS_MAX: u32 = 65_536;

/// Gathers the records of one batch.
#[derive(Clone, Debug)]
pub struct Batch {
    before: Head,
    last: Head,
    entries: Vec<Entry<'static>>,
    /// Where the entry stands that a session's next record may go into.
    open: HashMap<([u8; 16], Stream), usize>,
}

impl Batch {
    /// A batch that begins behind a place of the journal.
    pub fn after(head: Head) -> Self {
        Self {
            before: head,
            last: head,
            entries: Vec::new(),
            open: HashMap::new(),
        }
    }

    /// The last place in it.
    pub fn last(&self) -> Head {
        self.last
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.last.sequence == self.before.sequence
    }

    /// Whether it must be closed.
    pub fn is_full(&self) -> bool {
        self.last.sequence - self.before.sequence >= u64::from(RECORDS_MAX)
    }

    /// Takes the next record. Places that were skipped become a gap; a record from behind is passed over.
    pub fn take(&mut self, record: &Record<'_>) {
        let header = &record.header;
        if header.sequence <= self.last.sequence {
            return;
        }
        self.gap_to(header.sequence - 1);
        self.last = Head {
            sequence: header.sequence,
            hash: record.hash,
        };
        let key = (header.session, header.stream);
        if let Some((time, name)) = control(record) {
            self.open.remove(&key);
            self.entries.push(Entry::Control {
                session: header.session,
                number: header.number,
                sequence: header.sequence,
                hash: record.hash,
                time,
                name: name.into(),
            });
            return;
        }
        let open = self.open.get(&key).and_then(|at| self.entries.get_mut(*at));
        if let Some(Entry::Chain {
            numbers,
            sequences,
            hash,
            ..
        }) = open
            && numbers.to.checked_add(1) == Some(header.number)
        {
            numbers.to = header.number;
            sequences.to = header.sequence;
            *hash = record.hash;
            return;
        }
        self.open.insert(key, self.entries.len());
        self.entries.push(Entry::Chain {
            session: header.session,
            stream: header.stream,
            numbers: Span::one(header.number),
            sequences: Span::one(header.sequence),
            hash: record.hash,
        });
    }

    /// Says that no whole record stands up to a place.
    pub fn gap_to(&mut self, sequence: u64) {
        if sequence > self.last.sequence {
            let from = self.last.sequence + 1;
            self.entries.push(Entry::Gap {
                sequences: Span { from, to: sequence },
            });
            self.last.sequence = sequence;
        }
    }

    /// The entries, and the seal that closes them.
    pub fn close(self, time: u64) -> Vec<Entry<'static>> {
        let mut entries = self.entries;
        entries.push(Entry::Seal {
            sequences: Span {
                from: self.before.sequence + 1,
                to: self.last.sequence,
            },
            hash: self.last.hash,
            time,
        });
        entries
    }
}

/// When and what, where a record is of the control plane: its first event says so.
pub fn control(record: &Record<'_>) -> Option<(u64, String)> {
    if record.header.kind != KIND_EVENTS || record.header.stream != Stream::Intents {
        return None;
    }
    let payload = record.payload().ok()?;
    match codec::events(&payload).next()?.ok()? {
        Event::Control { time, name, .. } => Some((time, control_name(&name))),
        Event::SessionOpened(_)
        | Event::Action(_)
        | Event::Response { .. }
        | Event::Completed(_)
        | Event::Approval(_)
        | Event::SessionClosed { .. }
        | Event::ResponseRest { .. }
        | Event::StreamEnd(_)
        | Event::Unknown(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::record::{Chain, GENESIS, Payload, write};
    use crate::segment::{Item, items_of};

    #[test]
    fn records_become_entries() {
        let control = Event::Control {
            time: 9,
            actor: "p".into(),
            name: "gateway.started".into(),
            fields: Vec::new(),
        };
        let mut started = Vec::new();
        codec::encode(&control, &mut started);
        let mut chains: HashMap<([u8; 16], Stream), Chain> = HashMap::new();
        let mut file = Vec::new();
        // Session, stream, sequence, payload; sequences 6 and 7 are missing.
        let (run, a, b) = ([0; 16], [1; 16], [2; 16]);
        let wanted: [([u8; 16], Stream, u64, &[u8]); 9] = [
            (run, Stream::Intents, 1, &started),
            (a, Stream::Intents, 2, b"not events"),
            (b, Stream::Intents, 3, b""),
            (a, Stream::Intents, 4, b""),
            (a, Stream::Results, 5, &started),
            (b, Stream::Intents, 8, b""),
            (run, Stream::Intents, 9, &started),
            (a, Stream::Intents, 10, b""),
            (run, Stream::Intents, 11, b""),
        ];
        for (session, stream, sequence, payload) in wanted {
            let chain = chains.entry((session, stream)).or_default();
            write(
                &mut file,
                chain,
                stream,
                session,
                sequence,
                &Payload::plain(payload).unwrap(),
            );
        }
        let mut batch = Batch::after(Head {
            sequence: 0,
            hash: GENESIS,
        });
        for item in items_of(&file) {
            let Item::Record { record, .. } = item else {
                panic!("{item:?}")
            };
            batch.take(&record);
        }
        let shown: Vec<_> = batch
            .close(70)
            .iter()
            .map(|entry| {
                let text = entry.to_string();
                text.split(' ')
                    .filter(|word| word.len() < 32)
                    .skip(1)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        let expect = [
            "control 1 1 9 gateway.started",
            "chain intents 1-3 2-10",
            "chain intents 1-2 3-8",
            "chain results 1-1 5-5",
            "gap 6-7",
            "control 2 9 9 gateway.started",
            "chain intents 3-3 11-11",
            "seal 1-11 70",
        ];
        assert_eq!(shown, expect);
    }
}
