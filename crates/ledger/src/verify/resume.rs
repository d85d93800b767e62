//! What the check against the ledger asks of the verifier: to begin in the middle, and to tell what it met.
//!
//! Must never weaken what the verifier checks of the records that it is given.

use super::{Finding, Head, Verifier};
use crate::record::{Chain, Stream};

impl Verifier {
    /// Goes on behind a place that is known to be good: the journal's head in a segment, and each chain's.
    pub(crate) fn behind(
        self,
        head: Head,
        segment: u64,
        chains: impl Iterator<Item = (([u8; 16], Stream), Chain)>,
    ) -> Self {
        let mut verifier = Self {
            head: Some(head),
            last_segment: Some(segment),
            ..self
        };
        for ((id, stream), chain) in chains {
            let session = verifier.sessions.entry(id).or_default();
            match stream {
                Stream::Intents => session.intents = chain,
                Stream::Results => session.results = chain,
            }
        }
        verifier
    }

    /// The journal's id, as the first segment has it.
    pub(crate) fn journal(&self) -> Option<[u8; 16]> {
        self.journal
    }

    /// Whether a record of a session was met.
    pub(crate) fn has(&self, session: &[u8; 16]) -> bool {
        self.sessions
            .get(session)
            .is_some_and(|session| session.met)
    }

    /// Checks what a segment's header says.
    pub(crate) fn begin_segment(&mut self, number: u64, file: &[u8]) {
        self.report.segments += 1;
        self.segment_header(number, file);
        self.last_segment = Some(number);
    }

    /// Notes what was found elsewhere in a segment.
    pub(crate) fn note(&mut self, finding: Finding) {
        self.find(finding);
    }
}
