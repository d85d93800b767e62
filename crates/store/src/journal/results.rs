//! What a session's actions came to, collected until it is worth compressing.
//!
//! Must never grow without telling its session to wait.

use std::sync::{Mutex, MutexGuard, PoisonError};

use gate::ports::PortError;
use ledger::record::{Chain, Content, GENESIS, Payload, Place, Stream};
use ledger::{Event, codec};

use super::log::failed;
use super::rows::Framing;
use crate::vault::session::Sealing;

/// A chunk is handed on for writing once it is this long.
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;

/// A session waits while more than this is not yet written.
pub(crate) const PENDING_BYTES_MAX: usize = 1024 * 1024;

/// How a session's recording is to be ended.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    /// The encoded closing event; `None` when the session's task died without one.
    pub(crate) event: Option<Vec<u8>>,
    /// Where the chain of intents stands.
    pub(crate) intents: Chain,
    /// The closing event is written, encrypted; only the end of the results is not.
    pub(crate) is_said: bool,
}

/// Events that are written as one record.
#[derive(Default)]
pub(crate) struct Chunk {
    /// The events, encoded.
    pub(crate) bytes: Vec<u8>,
    /// Nothing but rows of the response that the chunk before ended with, so far.
    is_rows: bool,
    /// It ends between messages.
    is_whole: bool,
}

impl Chunk {
    /// Whether the record may say that it is nothing but rows.
    pub(crate) fn is_rows(&self) -> bool {
        self.is_rows && self.is_whole
    }
}

#[derive(Default)]
struct Inner {
    /// All but the last are full.
    chunks: Vec<Chunk>,
    /// What the last response consists of; nothing is known of it unless its protocol is.
    framing: Option<Framing>,
    pending: usize,
    closing: Option<Closing>,
    /// It stands in the keeper's list.
    queued: bool,
}

/// One session's results; shared between its task and the keeper.
pub(crate) struct Results {
    pub(crate) session: [u8; 16],
    /// Encrypts the session's records; `None` where they are not.
    pub(crate) sealing: Option<Sealing>,
    inner: Mutex<Inner>,
    /// Only the keeper moves it on.
    pub(crate) chain: Mutex<Chain>,
}

/// What the keeper must know after something was added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Added {
    /// It knows already.
    Known,
    /// It must put the session on its list and may take its time.
    List,
    /// A chunk is full: it should begin.
    Full { listed: bool },
}

impl Results {
    pub(crate) fn new(session: [u8; 16], sealing: Option<Sealing>) -> Self {
        Self {
            session,
            sealing,
            inner: Mutex::default(),
            chain: Mutex::new(Chain {
                records: 0,
                hash: GENESIS,
            }),
        }
    }

    /// The payload that stores some content as a chain's next record, encrypted into `out` where it must be.
    pub(crate) fn payload<'a>(
        &self,
        content: Content<'a>,
        stream: Stream,
        chain: &Chain,
        out: &'a mut Vec<u8>,
    ) -> Result<Payload<'a>, PortError> {
        let Some(sealing) = &self.sealing else {
            let too_long = |error| failed(Some(std::io::Error::other(error)));
            return content.unsealed().map_err(too_long);
        };
        let place = Place {
            session: self.session,
            stream,
            number: chain.records + 1,
        };
        sealing.payload(content, &place, out)
    }

    /// From here on responses are messages of PostgreSQL's protocol.
    pub(crate) fn follow_framing(&self) {
        self.lock().framing = Some(Framing::default());
    }

    /// Adds one event; events longer than a chunk make a longer chunk.
    pub(crate) fn push(&self, event: &Event<'_>) -> Added {
        let mut inner = self.lock();
        let was_full = inner.chunks.len() > 1;
        let is_full = |last: &Chunk| last.bytes.len() >= CHUNK_BYTES;
        if inner.chunks.last().is_none_or(is_full) {
            let goes_on = inner.framing.as_ref().is_some_and(Framing::is_between);
            inner.chunks.push(Chunk {
                is_rows: goes_on,
                ..Chunk::default()
            });
        }
        let are_rows = inner.framing.as_mut().is_some_and(|f| f.pass(event));
        let is_whole = inner.framing.as_ref().is_some_and(Framing::is_between);
        let grown = inner.chunks.last_mut().map_or(0, |chunk| {
            let before = chunk.bytes.len();
            codec::encode(event, &mut chunk.bytes);
            chunk.is_rows &= are_rows;
            chunk.is_whole = is_whole;
            chunk.bytes.len() - before
        });
        inner.pending += grown;
        let listed = std::mem::replace(&mut inner.queued, true);
        let is_full = inner.chunks.last().is_some_and(is_full);
        match (is_full && !was_full, listed) {
            (true, listed) => Added::Full { listed },
            (false, true) => Added::Known,
            (false, false) => Added::List,
        }
    }

    /// Bytes not yet written.
    pub(crate) fn pending(&self) -> usize {
        self.lock().pending
    }

    /// Asks for the end of the recording; `true` when the session must be put on the keeper's list.
    pub(crate) fn close(&self, closing: Closing) -> bool {
        let mut inner = self.lock();
        inner.closing = Some(closing);
        !std::mem::replace(&mut inner.queued, true)
    }

    /// Takes the oldest chunk to write it; what could not be written comes back through [`Results::put_back`].
    pub(crate) fn take_chunk(&self) -> Option<Chunk> {
        let mut inner = self.lock();
        (!inner.chunks.is_empty()).then(|| inner.chunks.remove(0))
    }

    pub(crate) fn put_back(&self, chunk: Chunk) {
        self.lock().chunks.insert(0, chunk);
    }

    /// Counts a chunk as written.
    pub(crate) fn written(&self, bytes: usize) {
        let mut inner = self.lock();
        inner.pending = inner.pending.saturating_sub(bytes);
    }

    /// Takes the session off the list once everything is written; says how to end it, if asked.
    pub(crate) fn done(&self) -> Option<Option<Closing>> {
        let mut inner = self.lock();
        if !inner.chunks.is_empty() {
            return None;
        }
        inner.queued = false;
        Some(inner.closing.take())
    }

    /// Puts a closing back that could not be written; the session stays on the list.
    pub(crate) fn close_later(&self, closing: Closing) {
        let mut inner = self.lock();
        inner.closing = Some(closing);
        inner.queued = true;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
