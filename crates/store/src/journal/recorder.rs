//! One session's recorder: decisions go straight to the log, results are collected.
//!
//! Must never wait for the disk on the session's thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use gate::ports::{BoxFuture, PortError, Recorder};
use ledger::event::ActionRecorded;
use ledger::keys::slot::Tags;
use ledger::record::{Chain, Content, Stream};
use ledger::{Event, codec};
use sha2::{Digest, Sha256};

use super::keeper::{Keeper, Wish};
use super::log::{Need, failed};
use super::results::{Added, CHUNK_BYTES, Closing, PENDING_BYTES_MAX, Results};
use crate::vault::session::Sealing;

/// The event of a login that did not become a session, by the gate.
const SESSION_REFUSED: &str = "session.refused";
/// Responses under way at once whose lengths are kept: more than a session has portals.
const RESPONSES_MAX: usize = 4096;

/// One action's response so far.
#[derive(Default)]
struct Response {
    /// Bytes that were kept.
    kept: u64,
    rest: Option<Rest>,
}

/// The part of one response that goes beyond what is kept.
struct Rest {
    bytes: u64,
    hash: Sha256,
}

/// Writes one session's recording.
pub(crate) struct SessionRecorder {
    keeper: Arc<Keeper>,
    epoch: u64,
    intents: Chain,
    results: Arc<Results>,
    last: u64,
    /// The events of the next record of intents.
    staged: codec::EventList,
    /// The same, encrypted: kept between records to spare the memory's allocation.
    sealed: Vec<u8>,
    /// Responses that have not ended, by the action's number: portals are read in turn.
    responses: BTreeMap<u64, Response>,
    closed: bool,
}

impl SessionRecorder {
    /// Begins a session's recording, with a key of its own where recordings are encrypted.
    ///
    /// # Errors
    /// [`PortError`]: there is no key to be had.
    pub(crate) fn new(keeper: Arc<Keeper>, session: [u8; 16]) -> Result<Self, PortError> {
        let epoch = keeper.log.epoch();
        let vault = keeper.log.vault();
        let sealing = vault.map(|vault| Sealing::begin(vault, session));
        let sealing = sealing.transpose()?.flatten();
        Ok(Self {
            epoch,
            results: Arc::new(Results::new(session, sealing)),
            sealed: Vec::new(),
            keeper,
            intents: Chain::default(),
            last: 0,
            staged: codec::EventList::default(),
            responses: BTreeMap::new(),
            closed: false,
        })
    }

    fn usable(&self) -> Result<(), PortError> {
        if self.closed {
            return Err(failed(Some(std::io::Error::other(
                "the recording is closed",
            ))));
        }
        if self.epoch != self.keeper.log.epoch() {
            return Err(failed(None));
        }
        Ok(())
    }

    fn write_now(&mut self, event: &Event<'_>) -> Result<(), PortError> {
        // In a record of its own: what may use the reserve must not take others along.
        self.commit()?;
        self.stage(event)?;
        self.write_staged(need(event))
    }

    fn write_staged(&mut self, need: Need) -> Result<(), PortError> {
        let written = self.usable().and_then(|()| {
            let (chain, session) = (&mut self.intents, self.results.session);
            let (content, stream) = (Content::plain(self.staged.bytes()), Stream::Intents);
            let results = &self.results;
            let keeper = &self.keeper;
            let payload = keeper.payload(results, content, stream, chain, &mut self.sealed)?;
            keeper
                .log
                .append_in(self.epoch, chain, (stream, session), &payload, need)
        });
        self.staged.clear(CHUNK_BYTES);
        self.sealed.clear();
        self.sealed.shrink_to(CHUNK_BYTES);
        self.last = written?;
        Ok(())
    }

    fn collect(&mut self, event: &Event<'_>) -> Result<(), PortError> {
        self.usable()?;
        match self.results.push(event) {
            Added::Known => {}
            Added::List => self.keeper.list(&self.results),
            Added::Full { listed } => {
                if !listed {
                    self.keeper.list(&self.results);
                }
                self.keeper.wake();
            }
        }
        Ok(())
    }

    /// Says what was left out of a response that ends.
    fn end_response(&mut self, sequence: u64) -> Result<(), PortError> {
        let ended = self.responses.remove(&sequence);
        let Some(rest) = ended.and_then(|response| response.rest) else {
            return Ok(());
        };
        let event = Event::ResponseRest {
            sequence,
            bytes: rest.bytes,
            hash: rest.hash.finalize().into(),
        };
        self.collect(&event)
    }

    fn close(&mut self, event: Option<&Event<'_>>) {
        if self.closed {
            return;
        }
        // Where it cannot be written, it was not forwarded either.
        self.commit().ok();
        self.closed = true;
        let encoded = event.map(|event| {
            let mut bytes = Vec::new();
            codec::encode(event, &mut bytes);
            bytes
        });
        let closing = Closing {
            event: encoded,
            intents: self.intents,
            is_said: false,
        };
        // Nobody waits for it: the interval's turn writes the ends of all sessions at once.
        if self.results.close(closing) {
            self.keeper.list(&self.results);
        }
    }
}

/// What finds a session again, of the event that begins its recording: it opened, or was turned away.
fn tags(event: &Event<'_>) -> Option<Tags> {
    if let Event::SessionOpened(opened) = event {
        let acts_for = opened.acts_for.first().map_or("", |key| key);
        return Some(Tags::new(&opened.principal, acts_for, &opened.resource));
    }
    if let Event::Control {
        actor,
        name,
        fields,
        ..
    } = event
        && name == SESSION_REFUSED
    {
        let resource = fields.iter().find(|(name, _)| name == "resource");
        let resource = resource.map_or("", |(_, resource)| resource);
        return Some(Tags::turned_away(actor, resource));
    }
    None
}

/// A refusal, a request's fate and an end may use the reserve; what lets something happen may not.
fn need(event: &Event<'_>) -> Need {
    match event {
        Event::Action(ActionRecorded { outcome, .. }) if outcome == "deny" => Need::LastWords,
        Event::Control { .. } | Event::SessionClosed { .. } => Need::LastWords,
        Event::SessionOpened(_)
        | Event::Action(_)
        | Event::Response { .. }
        | Event::ResponseRest { .. }
        | Event::Completed(_)
        | Event::Approval(_)
        | Event::StreamEnd(_)
        | Event::Unknown(_) => Need::Usual,
    }
}

impl Recorder for SessionRecorder {
    fn append(&mut self, event: &Event<'_>) -> Result<(), PortError> {
        match event {
            Event::Completed(completed) => {
                self.end_response(completed.sequence)?;
                self.collect(event)
            }
            Event::SessionClosed { .. } => {
                while let Some((&sequence, _)) = self.responses.first_key_value() {
                    // Without the rest's hash the end still counts.
                    self.end_response(sequence).ok();
                }
                self.close(Some(event));
                Ok(())
            }
            Event::SessionOpened(_)
            | Event::Action(_)
            | Event::Response { .. }
            | Event::ResponseRest { .. }
            | Event::Approval(_)
            | Event::Control { .. }
            | Event::StreamEnd(_)
            | Event::Unknown(_) => self.write_now(event),
        }
    }

    fn stage(&mut self, event: &Event<'_>) -> Result<usize, PortError> {
        self.usable()?;
        if let (Some(tags), Some(sealing)) = (tags(event), &self.results.sealing) {
            sealing.tag(tags);
        }
        if let Event::SessionOpened(opened) = event
            && opened.protocol == "postgres"
        {
            self.results.follow_framing();
        }
        self.staged.push(event);
        Ok(self.staged.bytes().len())
    }

    fn commit(&mut self) -> Result<(), PortError> {
        match self.staged.bytes().is_empty() {
            true => Ok(()),
            false => self.write_staged(Need::Usual),
        }
    }

    fn response(&mut self, sequence: u64, bytes: &[u8]) -> Result<(), PortError> {
        self.keeper.log.takes_results()?;
        if sequence != 0 {
            // What belongs to no action has no end of its own.
            self.end_response(0)?;
        }
        let known = self.responses.contains_key(&sequence);
        if !known
            && self.responses.len() >= RESPONSES_MAX
            && let Some((&oldest, _)) = self.responses.first_key_value()
        {
            self.end_response(oldest)?;
        }
        let kept = self.responses.entry(sequence).or_default().kept;
        let room = self.keeper.response_bytes_max.saturating_sub(kept);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let (keep, leave) = bytes.split_at(bytes.len().min(room));
        for part in keep.chunks(CHUNK_BYTES) {
            self.collect(&Event::Response {
                sequence,
                bytes: part.into(),
            })?;
        }
        let response = self.responses.entry(sequence).or_default();
        response.kept = response.kept.saturating_add(keep.len() as u64);
        if !leave.is_empty() {
            let rest = response.rest.get_or_insert_with(|| Rest {
                bytes: 0,
                hash: Sha256::new(),
            });
            rest.bytes = rest.bytes.saturating_add(leave.len() as u64);
            rest.hash.update(leave);
        }
        Ok(())
    }

    fn durable(&mut self) -> BoxFuture<'static, Result<(), PortError>> {
        if let Err(error) = self.usable() {
            return Box::pin(std::future::ready(Err(error)));
        }
        self.keeper.await_wish(Wish::Synced(self.last))
    }

    fn is_strict(&self) -> bool {
        self.keeper.is_strict
    }

    fn pressure(&mut self) -> Option<BoxFuture<'static, Result<(), PortError>>> {
        if self.results.pending() < PENDING_BYTES_MAX {
            return None;
        }
        let results = Arc::clone(&self.results);
        Some(self.keeper.await_wish(Wish::Drained(results)))
    }
}

impl Drop for SessionRecorder {
    fn drop(&mut self) {
        self.close(None);
    }
}
